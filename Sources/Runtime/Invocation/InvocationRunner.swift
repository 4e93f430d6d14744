import Lambda
import Transport

/// One attempt at running a function.
struct InvocationAttempt: Sendable {
    var resolved: ResolvedFunction
    var requestID: String
    var payload: [UInt8]
    /// "Root=…;Parent=…;Sampled=…[;Lineage=…]", with this pass counted.
    var traceHeader: String
    var clientContext: [UInt8]?
    var parent: String?
    /// 1 for the first.
    var number = 1
    var stream: (@Sendable ([UInt8]) async -> Void)?
}

/// What an attempt came to: the answer, and its line for the ledger.
struct InvocationResult: Sendable {
    var answer: InvocationAnswer
    var entry: LedgerEntry
}

/// Runs attempts: takes an environment, initialises a new one, hands over the event, writes START, END and REPORT.
final class InvocationRunner: Sendable {
    let pool: EnvironmentPool
    let tails: LogTails
    private let card: RateCard
    private let budget: RuntimeBudget?

    init(
        pool: EnvironmentPool, tails: LogTails, card: RateCard, budget: RuntimeBudget? = nil
    ) {
        self.budget = budget
        self.pool = pool
        self.tails = tails
        self.card = card
    }

    /// - Throws: ``LambdaServiceError`` when nothing ran: throttled, over the budget, or shutting down.
    func run(_ attempt: InvocationAttempt) async throws(LambdaServiceError) -> InvocationResult {
        let version = attempt.resolved.version
        let reservation = try budget?.begin(
            memoryMB: version.memoryMB, timeoutSeconds: version.timeoutSeconds)
        let lease: EnvironmentPool.Lease
        do {
            lease = try pool.acquire(attempt.resolved)
        } catch {
            if let reservation { budget?.giveBack(reservation) }
            throw error
        }
        let environment = lease.environment
        var initialised = InitOutcome(duration: .zero, succeeded: true)
        if lease.isCold { initialised = await environment.initialize() }
        // An init that failed runs again inside the invocation and counts there.
        let initDuration = lease.isCold && initialised.succeeded ? initialised.duration : .zero
        let wallStart = UnixTime.microseconds()
        let timeout = Int64(version.timeoutSeconds)
        write(InvocationLines.start(attempt, wallStart), attempt, environment)
        let answer = await environment.invoke(
            InvocationEvent(
                requestID: attempt.requestID, payload: attempt.payload,
                traceHeader: attempt.traceHeader,
                invokedFunctionARN: attempt.resolved.invokedARN,
                deadline: .now + .seconds(timeout),
                deadlineUnixMilliseconds: wallStart / 1000 + timeout * 1000,
                clientContext: attempt.clientContext, stream: attempt.stream))
        let entry = LedgerEntry(
            requestID: attempt.requestID,
            run: TraceID.root(of: attempt.traceHeader).map(String.init) ?? attempt.requestID,
            parent: attempt.parent, functionName: version.functionName, version: version.version,
            alias: attempt.resolved.alias, startMicroseconds: wallStart,
            durationNanoseconds: answer.duration.nanoseconds,
            initNanoseconds: initDuration.nanoseconds, isColdStart: lease.isCold,
            memoryMB: version.memoryMB, maxMemoryUsedMB: answer.maxMemoryUsedMB,
            status: answer.status, errorType: answer.errorType, attempt: attempt.number,
            usage: answer.usage)
        write(
            InvocationLines.end(
                entry, version, card, attempt.traceHeader,
                producedBytes: answer.payload.count), attempt, environment)
        if let reservation { budget?.end(reservation, entry) }
        await pool.release(lease)
        return InvocationResult(answer: answer, entry: entry)
    }

    private func write(
        _ lines: [String], _ attempt: InvocationAttempt, _ environment: any ExecutionEnvironment
    ) {
        for line in lines {
            tails.append(
                line, function: environment.version, stream: environment.logStream,
                requestID: attempt.requestID)
        }
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
