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
    /// The rule that it is for, as the ledger shall name it; nil: none.
    var rule: String?
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

    /// To the end of the invocation.
    ///
    /// - Throws: ``LambdaServiceError`` when nothing ran: throttled, over the budget, or shutting down.
    func run(_ attempt: InvocationAttempt) async throws(LambdaServiceError) -> InvocationResult {
        let (answer, started) = try await start(attempt, afterwards: nil)
        let entry = end(answer, started, attempt)
        await pool.release(started.lease)
        return InvocationResult(answer: answer, entry: entry)
    }

    /// To the function's response, which may come before the end of the invocation.
    ///
    /// - Parameter record: takes the invocation's line when it has ended.
    /// - Throws: ``LambdaServiceError`` when nothing ran: throttled, over the budget, or shutting down.
    func answer(
        _ attempt: InvocationAttempt, record: @escaping @Sendable (LedgerEntry) -> Void
    ) async throws(LambdaServiceError) -> InvocationAnswer {
        let (answer, started) = try await start(attempt) { answer, started in
            record(self.end(answer, started, attempt))
            self.pool.giveBack(started.lease)
        }
        if answer.isFinal {
            record(end(answer, started, attempt))
            await pool.release(started.lease)
        } else {
            pool.isSettling(started.lease)
        }
        return answer
    }

    /// An invocation under way.
    private struct Started {
        var lease: EnvironmentPool.Lease
        var reservation: RuntimeBudget.Reservation?
        var initDuration: Duration
        /// Unix time.
        var microseconds: Int64
    }

    private func start(
        _ attempt: InvocationAttempt,
        afterwards: (@Sendable (InvocationAnswer, Started) -> Void)?
    ) async throws(LambdaServiceError) -> (InvocationAnswer, Started) {
        let version = attempt.resolved.version
        let reservation = try await reserve(version)
        let lease: EnvironmentPool.Lease
        do {
            lease = try await pool.acquire(attempt.resolved)
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
        let started = Started(
            lease: lease, reservation: reservation, initDuration: initDuration,
            microseconds: wallStart)
        var event = InvocationEvent(
            requestID: attempt.requestID, payload: attempt.payload,
            traceHeader: attempt.traceHeader, invokedFunctionARN: attempt.resolved.invokedARN,
            deadline: .now + .seconds(timeout),
            deadlineUnixMilliseconds: wallStart / 1000 + timeout * 1000,
            clientContext: attempt.clientContext, stream: attempt.stream)
        event.begun = {
            self.tails.hold(
                InvocationLines.start(attempt, wallStart), function: version,
                stream: environment.logStream, requestID: attempt.requestID)
        }
        if let afterwards { event.afterwards = { afterwards($0, started) } }
        return (await environment.invoke(event), started)
    }

    /// Room in the budget. What has been answered and has not ended holds its whole timeout until then, so it is waited for
    /// as a throttled caller waits for its environment.
    private func reserve(
        _ version: FunctionVersion
    ) async throws(LambdaServiceError) -> RuntimeBudget.Reservation? {
        guard let budget else { return nil }
        do throws(LambdaServiceError) {
            return try budget.begin(
                memoryMB: version.memoryMB, timeoutSeconds: version.timeoutSeconds)
        } catch {
            let end = ContinuousClock.now + EnvironmentPool.throttlingPatience
            // Doubled each time: many may wait.
            var pause = EnvironmentPool.settlingPatience
            while pool.isAnySettling, .now < end, !Task.isCancelled {
                // Cancelled: asks at once.
                try? await Task.sleep(for: pause)
                pause *= 2
                // Refused again: there may be time yet.
                if let reservation = try? budget.begin(
                    memoryMB: version.memoryMB, timeoutSeconds: version.timeoutSeconds)
                {
                    return reservation
                }
            }
            // The last of them may have ended just now.
            return try budget.begin(
                memoryMB: version.memoryMB, timeoutSeconds: version.timeoutSeconds)
        }
    }

    /// Writes END and REPORT.
    private func end(
        _ answer: InvocationAnswer, _ started: Started, _ attempt: InvocationAttempt
    ) -> LedgerEntry {
        let version = attempt.resolved.version
        // Its timeout is what one is billed that had to be stopped; what the stopping takes is ours.
        let duration =
            answer.status == .timeout
            ? min(answer.duration, .seconds(version.timeoutSeconds)) : answer.duration
        let entry = LedgerEntry(
            requestID: attempt.requestID,
            run: TraceID.root(of: attempt.traceHeader).map(String.init) ?? attempt.requestID,
            parent: attempt.parent, functionName: version.functionName, version: version.version,
            alias: attempt.resolved.alias, rule: attempt.rule,
            startMicroseconds: started.microseconds,
            durationNanoseconds: duration.nanoseconds,
            initNanoseconds: started.initDuration.nanoseconds, isColdStart: started.lease.isCold,
            memoryMB: version.memoryMB, maxMemoryUsedMB: answer.maxMemoryUsedMB,
            status: answer.status, errorType: answer.errorType, attempt: attempt.number,
            usage: answer.usage)
        write(
            InvocationLines.end(
                entry, version, card, attempt.traceHeader,
                producedBytes: answer.payload.count), attempt, started.lease.environment)
        if let reservation = started.reservation { budget?.end(reservation, entry) }
        return entry
    }

    private func write(
        _ lines: [String], _ attempt: InvocationAttempt, _ environment: any ExecutionEnvironment
    ) {
        tails.append(
            lines, function: environment.version, stream: environment.logStream,
            requestID: attempt.requestID)
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
