import Glibc
import Lambda
import Logging
import Transport

/// Runs a compiled-in handler in this process. A timeout cancels its task and is answered at once, even when the handler
/// does not heed the cancellation; the environment is used up then.
public final class EmbeddedEnvironment: ExecutionEnvironment {
    public let version: FunctionVersion
    public let logStream: String
    private let handler: any RawLambdaHandler
    private let invoker: any LambdaInvoker
    private let logger: Logger

    private enum Phase {
        case idle
        case running(Task<Void, Never>?)
        /// A handler that ignored its cancellation may still run.
        case usedUp
    }

    private let phase = Locked(Phase.idle)

    public init(
        _ version: FunctionVersion, handler: any RawLambdaHandler, invoker: any LambdaInvoker,
        logger: Logger
    ) {
        self.version = version
        logStream = LogStreamName.make(version: version.version, unixSeconds: time(nil))
        self.handler = handler
        self.invoker = invoker
        self.logger = logger
    }

    /// There is nothing to start.
    public func initialize() async -> InitOutcome { InitOutcome(duration: .zero, succeeded: true) }

    /// True after a timeout: the pool takes another.
    public var isUsedUp: Bool {
        phase.withLock { if case .usedUp = $0 { true } else { false } }
    }

    public func invoke(_ event: InvocationEvent) async -> InvocationAnswer {
        let began = ContinuousClock.now
        event.begun?()
        let isFree = phase.withLock { phase in
            guard case .idle = phase else { return false }
            phase = .running(nil)
            return true
        }
        guard isFree else {
            return answer(
                EnvironmentFailure.notStarted(
                    event.requestID, "the environment is used up or busy"),
                since: began, [])
        }
        let usage = InvocationUsage()
        let result = await race(event, context(event, usage))
        let answer = answer(result, since: began, usage.lines)
        guard let stream = event.stream, answer.status == .success else { return answer }
        await stream(answer.payload)
        var streamed = answer
        streamed.payload = []
        return streamed
    }

    public func stop() async {
        let task: Task<Void, Never>? = phase.withLock { phase in
            defer { phase = .usedUp }
            if case .running(let task) = phase { return task }
            return nil
        }
        task?.cancel()
    }

    /// The handler's end or the deadline, whichever comes first.
    private func race(_ event: InvocationEvent, _ context: LambdaContext) async -> RuntimeResult {
        let (handler, deadline, timeoutSeconds) = (handler, event.deadline, version.timeoutSeconds)
        return await withCheckedContinuation { continuation in
            let waiting = Locked<CheckedContinuation<RuntimeResult, Never>?>(continuation)
            let finish: @Sendable (RuntimeResult, Bool) -> Void = { [phase] result, isLast in
                let first = waiting.withLock { waiting in
                    defer { waiting = nil }
                    return waiting
                }
                guard let first else { return }
                phase.withLock { phase in
                    if case .running = phase { phase = isLast ? .usedUp : .idle }
                }
                first.resume(returning: result)
            }
            // A task of its own, because the answer does not wait for a handler that ignores its cancellation: it outlives
            // the call then, and this environment takes no other event.
            let ticket = Locked<Int?>(nil)
            let body: @Sendable () async -> Void = {
                let result = await Self.run(handler, event.payload, context)
                finish(result, false)
                if let ticket = ticket.withLock({ $0 }) { _ = Self.deadlines.forget(ticket) }
            }
            // On the caller's thread up to where it first waits, so that one function invokes another without waking a
            // thread; but not on a loop that serves others meanwhile.
            let isOnLoop = withUnsafeCurrentTask { $0?.unownedTaskExecutor != nil }
            let work =
                isOnLoop
                ? Task { @concurrent in await body() }
                : Task.immediate { await body() }
            phase.withLock { phase in
                if case .running = phase { phase = .running(work) }
            }
            let watched = Self.deadlines.watch(until: deadline) {
                finish(
                    EnvironmentFailure.timedOut(event.requestID, timeoutSeconds: timeoutSeconds),
                    true)
                work.cancel()
            }
            ticket.withLock { $0 = watched }
            // It may have ended before there was a ticket.
            if waiting.withLock({ $0 == nil }) { _ = Self.deadlines.forget(watched) }
        }
    }

    /// Of all environments: a timer for each invocation would cost more than a small one takes.
    private static let deadlines = DeadlineSweeper()

    private static func run(
        _ handler: any RawLambdaHandler, _ payload: [UInt8], _ context: LambdaContext
    ) async -> RuntimeResult {
        do {
            let bytes = try await handler.handle(payload, context: context)
            return bytes.count > RuntimeSession.responseBytesMaximum ? .tooLarge : .success(bytes)
        } catch {
            let type = (error as? FunctionError)?.errorType ?? "\(Swift.type(of: error))"
            let message = (error as? FunctionError)?.message ?? "\(error)"
            let document =
                "{\"errorMessage\":\(JSONText.string(message))"
                + ",\"errorType\":\(JSONText.string(type)),\"stackTrace\":[]}"
            return RuntimeResult(status: .error, payload: Array(document.utf8), errorType: type)
        }
    }

    private func context(_ event: InvocationEvent, _ usage: InvocationUsage) -> LambdaContext {
        var logger = logger
        logger[metadataKey: "request.id"] = .string(event.requestID)
        return LambdaContext(
            requestID: event.requestID, traceID: event.traceHeader,
            invokedFunctionARN: event.invokedFunctionARN, functionName: version.functionName,
            functionVersion: version.version, memoryLimitMB: version.memoryMB,
            deadline: event.deadline, clientContext: event.clientContext, logger: logger,
            invoker: invoker, usage: usage)
    }

    private func answer(
        _ result: RuntimeResult, since began: ContinuousClock.Instant,
        _ usage: [InvocationUsage.Line]
    ) -> InvocationAnswer {
        InvocationAnswer(
            status: result.status, payload: result.payload, errorType: result.errorType,
            duration: ContinuousClock.now - began, usage: usage)
    }
}
