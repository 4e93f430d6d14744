import Lambda
import Logging
import Transport

/// Runs functions in this process, on the caller's behalf: the invoker of a one-shot run.
///
/// An invocation whose types match the handler's is a direct call without JSON; every one is metered.
/// Safe from any task. Overhead of a warm call: a few microseconds.
public final class InProcessInvoker: LambdaInvoker {
    /// The run's id and the root of its trace: "1-8hex-24hex".
    public let run: String
    public let meter: RunMeter
    private let ledger: LedgerWriter?
    private let budget: BudgetMeter?
    /// The rule that all its invocations are for; nil: none.
    private let rule: String?
    private let logger: Logger
    private let region: String
    private let account: String
    private let sweeper = DeadlineSweeper()
    private let functions = Locked<[String: any RegisteredFunction]>([:])
    private let identifiers = Locked(IdentifierSource())
    /// Metadata that nobody will read costs an allocation for each invocation.
    private let isLogging: Bool

    /// The deadline of a function without a timeout, told to it in its context.
    static let noTimeout = Duration.seconds(7 * 86400)

    /// - Parameters:
    ///   - ledger: gets a line for each invocation; nil: they are summed up by the meter alone.
    ///   - budget: is asked before each invocation; nil: none is refused.
    ///   - rule: the rule that all its invocations are for, as the ledger shall name it.
    public init(
        run: String = TraceID.makeRoot(), meter: RunMeter, ledger: LedgerWriter? = nil,
        budget: BudgetMeter? = nil, rule: String? = nil, logger: Logger,
        region: String = "us-east-1",
        account: String = "000000000000"
    ) {
        self.run = run
        self.meter = meter
        self.ledger = ledger
        self.budget = budget
        self.rule = rule
        self.logger = logger
        isLogging = !(logger.handler is SwiftLogNoOpLogHandler)
        self.region = region
        self.account = account
    }

    /// Makes a handler known by a name; a second one of the same name replaces the first.
    ///
    /// - Parameters:
    ///   - timeout: cancels an invocation that runs longer, within 100 ms; nil: none.
    ///   - concurrency: invocations at once; more wait their turn, first come first served; nil: no bound
    ///     but the callers' own.
    ///   - estimate: what the invocation for an event will ask of stores that charge, at most; nil: nothing.
    public func register<Handler: LambdaHandler>(
        _ name: String, memoryMB: Int, timeout: Duration? = nil, concurrency: Int? = nil,
        estimate: (@Sendable (Handler.Event) -> BudgetMeter.Estimate)? = nil, _ handler: Handler
    ) {
        let function = TypedFunction<Handler.Event, Handler.Output>(
            name: name, arn: "arn:aws:lambda:\(region):\(account):function:\(name)",
            memoryMB: memoryMB, timeout: timeout,
            gate: concurrency.map { ConcurrencyGate(limit: $0) }, estimate: estimate,
            call: { try await handler.handle($0, context: $1) })
        functions.withLock { $0[name] = function }
    }

    public func invoke<Event: Codable & Sendable, Output: Codable & Sendable>(
        _ functionName: String, _ event: Event, returning: Output.Type, parent: LambdaContext?
    ) async throws -> Output {
        guard let function = functions.withLock({ $0[functionName] }) else {
            throw FunctionError(
                kind: .noSuchFunction, function: functionName,
                errorType: "ResourceNotFoundException", message: "no function has this name")
        }
        if let direct = function as? TypedFunction<Event, Output> {
            return try await run(direct, event, parent: parent)
        }
        let answer = try await function.invokeJSON(LambdaJSON.encode(event), on: self, parent)
        return try LambdaJSON.decode(returning, from: answer, function: functionName)
    }

    func run<Event, Output>(
        _ function: TypedFunction<Event, Output>, _ event: Event, parent: LambdaContext?
    ) async throws -> Output {
        try Task.checkCancellation()
        if let gate = function.gate { try await gate.enter() }
        defer { function.gate?.leave() }
        await ledger?.room()
        let ticket = try await budget?.begin(
            function.name, memoryMB: function.memoryMB,
            expected: function.estimate?(event) ?? BudgetMeter.Estimate(),
            isInner: parent != nil)
        let context = makeContext(function, parent: parent)
        let startMicroseconds = ledger == nil ? 0 : LedgerWriter.now()
        let start = ContinuousClock.now
        func record(_ error: (any Error)?) {
            let duration = ContinuousClock.now - start
            let usage = context.usage.lines
            meter.record(
                function: function.name, memoryMB: function.memoryMB, duration: duration,
                failed: error != nil, usage: usage)
            if let ticket { budget?.end(ticket, took: duration, usage: usage) }
            ledger?.record(
                entry(function, context, parent, startMicroseconds, duration, usage, error))
        }
        do {
            let output = try await withDeadline(function, start: start) {
                try await function.call(event, context)
            }
            record(nil)
            return output
        } catch {
            record(error)
            if Task.isCancelled, !(error is FunctionError) { throw CancellationError() }
            throw (error as? FunctionError) ?? FunctionError(function: function.name, cause: error)
        }
    }

    private func withDeadline<Event, Output: Sendable>(
        _ function: TypedFunction<Event, Output>, start: ContinuousClock.Instant,
        _ body: @escaping @Sendable () async throws -> Output
    ) async throws -> Output {
        guard let timeout = function.timeout else { return try await body() }
        // A task of its own, because a deadline cancels the invocation and not its caller. Its life is
        // this scope: it is awaited here, and cancelled with the caller.
        let task = Task { try await body() }
        let ticket = sweeper.watch(until: start + timeout) { task.cancel() }
        let result = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        if sweeper.forget(ticket) {
            throw FunctionError(
                kind: .timedOut, function: function.name, errorType: "Sandbox.Timedout",
                message: "Task timed out after \(Self.seconds(timeout)) seconds")
        }
        return try result.get()
    }

    private func makeContext<Event, Output>(
        _ function: TypedFunction<Event, Output>, parent: LambdaContext?
    ) -> LambdaContext {
        let (high, low) = identifiers.withLock { ($0.next(), $0.next()) }
        let requestID = RequestID.make(high, low)
        var logger = logger
        if isLogging { logger[metadataKey: "request.id"] = .string(requestID) }
        let root = parent.flatMap { TraceID.root(of: $0.traceID).map(String.init) } ?? run
        return LambdaContext(
            requestID: requestID,
            traceID: TraceID.header(root: root, parent: TraceID.makeSegment(high ^ low)),
            invokedFunctionARN: function.arn, functionName: function.name,
            memoryLimitMB: function.memoryMB,
            deadline: .now + (function.timeout ?? Self.noTimeout), logger: logger, invoker: self)
    }

    /// What the ledger keeps of one invocation.
    private func entry<Event, Output>(
        _ function: TypedFunction<Event, Output>, _ context: LambdaContext,
        _ parent: LambdaContext?, _ startMicroseconds: Int64, _ duration: Duration,
        _ usage: [InvocationUsage.Line], _ error: (any Error)?
    ) -> LedgerEntry {
        let (seconds, attoseconds) = duration.components
        let failure = error as? FunctionError
        let root = TraceID.root(of: context.traceID)
        return LedgerEntry(
            requestID: context.requestID,
            run: root.map { $0 == run ? run : String($0) } ?? run,
            parent: parent?.requestID, functionName: function.name, rule: rule,
            startMicroseconds: startMicroseconds,
            durationNanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000,
            memoryMB: function.memoryMB,
            status: error == nil ? .success : failure?.kind == .timedOut ? .timeout : .error,
            errorType: error.map { failure?.errorType ?? "\(type(of: $0))" }, usage: usage)
    }

    /// "1.00", as Lambda prints it.
    static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let hundredths = attoseconds / 10_000_000_000_000_000
        return "\(seconds).\(hundredths < 10 ? "0" : "")\(hundredths)"
    }
}
