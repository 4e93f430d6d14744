import GRDB
import Lambda
import Logging
import Transport

/// Runs the changes of one subscription: never two of one key at a time, the live ones first, no more at once than it may.
///
/// While every attempt fails, one at a time is tried, at growing intervals: a store that is away costs a handful of invocations
/// a minute and not one for each key that waits. Memory: the changes that run now.
final class ChangeLane: Sendable {
    struct Running {
        var keys: Set<[UInt8]> = []
        /// Attempts in a row that failed in passing.
        var failuresInARow = 0
        /// Nothing begins before it, Unix milliseconds.
        var heldUntil: Int64 = 0
        var lastFailure: String?
        /// Why the last one was not begun: throttled, over a budget; nil: it was.
        var refusal: String?
    }

    /// How soon a change is seen that another process has written.
    static let pollInterval = Duration.seconds(2)
    /// So many failures in a row: what fails is not the key.
    static let failuresUntilHeld = 8
    static let heldMaximum: Int64 = 15_000
    /// A change that fails in passing is tried again after 1 s, 2 s, 4 s, … up to this.
    static let retryMaximum: Int64 = 300_000
    /// And given up when it is older than a day: the next reconciliation finds it again.
    static let ageMaximum: Int64 = 86_400_000

    let id: Int64
    let subscription: Subscription
    let lag = LagWindow()
    let allowance: DeleteAllowance
    private let database: StateDatabase
    private let directory: any FunctionDirectory
    private let runner: InvocationRunner
    private let logger: Logger
    private let clock: @Sendable () -> Int64
    private let identifiers = Locked(IdentifierSource())
    private let wake = Signal()
    private let state = Locked(Running())
    private let isStopping = Locked(false)
    private let isCutOff: @Sendable () -> Bool
    private let isBurst: @Sendable () -> Bool

    init(
        id: Int64, _ subscription: Subscription, database: StateDatabase,
        directory: any FunctionDirectory, runner: InvocationRunner, allowance: DeleteAllowance,
        logger: Logger, clock: @escaping @Sendable () -> Int64,
        isCutOff: @escaping @Sendable () -> Bool,
        isBurst: @escaping @Sendable () -> Bool = { false }
    ) {
        self.id = id
        self.subscription = subscription
        self.database = database
        self.directory = directory
        self.runner = runner
        self.allowance = allowance
        self.logger = logger
        self.clock = clock
        self.isCutOff = isCutOff
        self.isBurst = isBurst
    }

    /// There is something new.
    func raise() { wake.raise() }

    func stop() {
        isStopping.withLock { $0 = true }
        wake.raise()
    }

    /// Invocations that run now, and why the last one failed while none succeeds.
    var condition: (running: Int, trouble: String?) {
        state.withLock {
            (
                $0.keys.count,
                $0.refusal ?? ($0.failuresInARow >= Self.failuresUntilHeld ? $0.lastFailure : nil)
            )
        }
    }

    /// Nothing begins just now, whatever waits.
    var isHeld: Bool { clock() < state.withLock { $0.heldUntil } }

    /// Until ``stop()``; returns when what runs then has ended.
    func drain() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled, !isStopping.withLock({ $0 }) {
                let pause = await claim { row in
                    group.addTask {
                        await self.process(row)
                        self.state.withLock { _ = $0.keys.remove(row.key) }
                        self.wake.raise()
                    }
                }
                await wake.wait(atMost: pause)
            }
        }
    }

    /// Begins what is due and has room; returns how long nothing more will be.
    private func claim(_ begin: (ChangeRow) -> Void) async -> Duration {
        let now = clock()
        let (running, room, held) = state.withLock { state in
            let isInTrouble = state.failuresInARow >= Self.failuresUntilHeld
            // What is told is taken before what was told is done: its sender waits, and may give up.
            let most = isBurst() ? max(1, subscription.concurrency / 8) : subscription.concurrency
            let limit = isInTrouble ? 1 : most
            return (state.keys, limit - state.keys.count, state.heldUntil - now)
        }
        if held > 0 { return .milliseconds(held) }
        guard room > 0 else { return Self.pollInterval }
        let id = id
        do {
            let (rows, next) = try await database.read { database in
                let rows = try ChangeRow.due(
                    id, at: now, limit: room, running: running, database)
                // What fills the room ends with a signal.
                let next =
                    rows.count < room ? try ChangeRow.nextDue(id, after: now, database) : nil
                return (rows, next)
            }
            for row in rows {
                state.withLock { _ = $0.keys.insert(row.key) }
                begin(row)
            }
            guard let next else { return Self.pollInterval }
            return min(Self.pollInterval, .milliseconds(max(1, next - now)))
        } catch {
            logger.error(
                "the changes cannot be read",
                metadata: ["rule": "\(subscription.rule)", "error": "\(error)"])
            return .seconds(1)
        }
    }

    /// One attempt, and what follows from it, in one transaction with its line in the ledger.
    private func process(_ row: ChangeRow) async {
        let claimedAt = clock()
        let numbers = identifiers.withLock { source in
            (source.next(), source.next(), (source.next(), source.next()), source.next())
        }
        let requestID = RequestID.make(numbers.0, numbers.1)
        let result: InvocationResult
        do {
            let resolved = try await directory.resolve(
                subscription.functionName, qualifier: subscription.qualifier,
                choice: Double(numbers.3 >> 11) / Double(1 << 53))
            let trace = TraceHeader.make(
                from: nil, segment: numbers.0 ^ numbers.1, bits: numbers.2)
            result = try await runner.run(
                InvocationAttempt(
                    resolved: resolved, requestID: requestID,
                    payload: subscription.payload(row.key, row.isDeleteAllowed),
                    traceHeader: trace, rule: subscription.rule, number: row.attempts + 1))
        } catch {
            // It did not run: throttled, over a budget, or the function is not there.
            state.withLock { state in
                state.heldUntil = max(state.heldUntil, clock() + 1000)
                state.refusal = error.message
            }
            return
        }
        state.withLock { $0.refusal = nil }
        // Cut off by the runtime's end: not the change's fault, and it stays as it is.
        if result.answer.status != .success, isCutOff() {
            // It has run, and is on the bill.
            return await write { try Ledger.append([result.entry], in: $0) }
        }
        let verdict =
            result.answer.status == .success || result.answer.status == .error
            ? subscription.verdict(result.answer)
            : .again(
                kind: result.answer.errorType ?? "Unhandled",
                message: ErrorBody.message(in: result.answer.payload) ?? "the function failed")
        await settle(row, verdict, result.entry, claimedAt: claimedAt)
    }

    private func settle(
        _ row: ChangeRow, _ verdict: ChangeVerdict, _ entry: LedgerEntry, claimedAt: Int64
    ) async {
        let now = clock()
        let verdict = note(verdict, row, now: now)
        let id = id
        let retry = now + min(Self.retryMaximum, 1000 << Int64(min(20, row.attempts)))
        await write { database in
            try Ledger.append([entry], in: database)
            switch verdict {
            case .done(let isDeleted):
                _ = try row.complete(id, claimedAt: claimedAt, now: now, database)
                try ChangeFailure.forget(row.key, id, database)
                if isDeleted, !row.isDeleteAllowed {
                    try DeleteAllowance.count(id, now: now, database)
                }
            case .again:
                try row.postpone(id, to: retry, attempts: row.attempts + 1, database)
            case .failed(let kind, let message):
                // Told of again meanwhile: the new event may be what mends it.
                guard try row.complete(id, claimedAt: claimedAt, now: now, database) else { return }
                try ChangeFailure.keep(
                    row, id, kind: kind, message: message, requestID: entry.requestID, now: now,
                    database)
            }
        }
        if case .done = verdict, row.priority == Change.Priority.live.rawValue {
            lag.record(max(0, now - row.firstAt), at: now)
        }
    }

    /// Notes how it goes; what has failed in passing for too long has failed.
    private func note(_ verdict: ChangeVerdict, _ row: ChangeRow, now: Int64) -> ChangeVerdict {
        guard case .again(let kind, let message) = verdict else {
            state.withLock { state in
                // What held it is over.
                if state.failuresInARow >= Self.failuresUntilHeld { state.heldUntil = 0 }
                state.failuresInARow = 0
            }
            return verdict
        }
        state.withLock { state in
            state.lastFailure = message
            // Those that ran beside the one that held it are no further attempts.
            if state.failuresInARow >= Self.failuresUntilHeld, now < state.heldUntil { return }
            state.failuresInARow += 1
            let excess = state.failuresInARow - Self.failuresUntilHeld
            if excess >= 0 {
                state.heldUntil = now + min(Self.heldMaximum, 250 << Int64(min(10, excess)))
            }
        }
        return now - row.firstAt > Self.ageMaximum && row.attempts > 10
            ? .failed(kind: kind, message: message) : verdict
    }

    /// Writes what became of a change, until it is written: one whose end is not on disk runs again at the next start.
    private func write(_ body: @escaping @Sendable (Database) throws -> Void) async {
        while true {
            do {
                return try await database.write(body)
            } catch {
                logger.error(
                    "a change's end cannot be written",
                    metadata: ["rule": "\(subscription.rule)", "error": "\(error)"])
            }
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }
}
