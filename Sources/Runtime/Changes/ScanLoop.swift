import Lambda
import Logging
import Transport

/// What looks through both sides of a subscription on its schedule, and at its beginning.
public struct SubscriptionScan: Sendable {
    /// How one invocation ended.
    public enum Ending: Sendable {
        /// It has seen everything; the report is shown as it is.
        case ended(report: String)
        /// There is more: the next invocation goes on from here.
        case goesOn(checkpoint: [UInt8])
        case failed(message: String)
    }

    public var subscription: String
    public var rule: String
    public var functionName: String
    /// When the next one is due, Unix milliseconds, from when the last one ended (nil: none has) and when the subscription was
    /// made; nil: never.
    public var next: @Sendable (_ endedAt: Int64?, _ createdAt: Int64) -> Int64?
    public var payload: @Sendable (_ checkpoint: [UInt8]?) -> [UInt8]
    public var ending: @Sendable (InvocationAnswer) -> Ending

    public init(
        subscription: String, rule: String, functionName: String,
        next: @escaping @Sendable (_ endedAt: Int64?, _ createdAt: Int64) -> Int64?,
        payload: @escaping @Sendable (_ checkpoint: [UInt8]?) -> [UInt8],
        ending: @escaping @Sendable (InvocationAnswer) -> Ending
    ) {
        self.subscription = subscription
        self.rule = rule
        self.functionName = functionName
        self.next = next
        self.payload = payload
        self.ending = ending
    }
}

/// Runs one subscription's scans: one at a time, a missed one once, and one that was cut off from where it was.
final class ScanLoop: Sendable {
    /// After a scan that failed, doubled with each more.
    static let retryFirst: Int64 = 5_000
    static let retryMaximum: Int64 = 900_000

    private let scan: SubscriptionScan
    private let id: Int64
    private let database: StateDatabase
    private let directory: any FunctionDirectory
    private let runner: InvocationRunner
    private let logger: Logger
    private let clock: @Sendable () -> Int64
    private let changed = Signal()
    private let isStopping = Locked(false)
    private let isWanted = Locked(false)
    private let identifiers = Locked(IdentifierSource())
    /// Why the last one failed; nil: it did not.
    let failure = Locked<String?>(nil)

    init(
        _ scan: SubscriptionScan, id: Int64, database: StateDatabase,
        directory: any FunctionDirectory, runner: InvocationRunner, logger: Logger,
        clock: @escaping @Sendable () -> Int64 = UnixTime.milliseconds
    ) {
        self.scan = scan
        self.id = id
        self.database = database
        self.directory = directory
        self.runner = runner
        self.logger = logger
        self.clock = clock
    }

    /// One is wanted now, whatever the schedule says.
    func ask() {
        isWanted.withLock { $0 = true }
        changed.raise()
    }

    /// Looks at its clock again.
    func wake() { changed.raise() }

    func stop() {
        isStopping.withLock { $0 = true }
        changed.raise()
    }

    func run() async {
        var failures: Int64 = 0
        while !Task.isCancelled, !isStopping.withLock({ $0 }) {
            do {
                let id = id
                let state = try await database.read { try ScanState.read(id, $0) }
                guard let due = due(state) else {
                    await changed.wait(atMost: nil)
                    continue
                }
                let left = due - clock()
                guard left <= 0 else {
                    // A clock that is set is seen within the minute.
                    await changed.wait(atMost: .milliseconds(min(left, 60_000)))
                    continue
                }
                try await once(state.checkpoint, isNew: state.begunAt == nil)
                failure.withLock { $0 = nil }
                failures = 0
            } catch {
                if Task.isCancelled || isStopping.withLock({ $0 }) { return }
                let message = (error as? ScanFailure)?.message ?? "\(error)"
                failure.withLock { $0 = message }
                logger.warning(
                    "a reconciliation did not come to its end, and is tried again",
                    metadata: ["rule": "\(scan.rule)", "error": "\(message)"])
                let pause = min(Self.retryMaximum, Self.retryFirst << min(10, failures))
                failures += 1
                await changed.wait(atMost: .milliseconds(pause))
            }
        }
    }

    private func due(_ state: ScanState) -> Int64? {
        // One that was cut off goes on at once.
        if state.begunAt != nil || isWanted.withLock({ $0 }) { return clock() }
        return scan.next(state.endedAt, state.createdAt)
    }

    private struct ScanFailure: Error { var message: String }

    /// One invocation: a whole scan, or what it managed of one.
    private func once(_ checkpoint: [UInt8]?, isNew: Bool) async throws {
        let (id, begun) = (id, clock())
        try await database.write { try ScanState.begin(id, at: begun, $0) }
        // One that goes on has not seen what changed behind it: whoever asked since it began gets another.
        if isNew { isWanted.withLock { $0 = false } }
        let numbers = identifiers.withLock { source in
            (source.next(), source.next(), (source.next(), source.next()))
        }
        let resolved = try await directory.resolve(scan.functionName, qualifier: nil, choice: 0)
        let result = try await runner.run(
            InvocationAttempt(
                resolved: resolved, requestID: RequestID.make(numbers.0, numbers.1),
                payload: scan.payload(checkpoint),
                traceHeader: TraceHeader.make(
                    from: nil, segment: numbers.0 ^ numbers.1, bits: numbers.2),
                rule: scan.rule))
        let ending =
            result.answer.status == .success
            ? scan.ending(result.answer)
            : .failed(
                message: ErrorBody.message(in: result.answer.payload)
                    ?? result.answer.errorType ?? "the function failed")
        let now = clock()
        try await database.write { database in
            try Ledger.append([result.entry], in: database)
            switch ending {
            case .ended(let report): try ScanState.end(id, at: now, report: report, database)
            case .goesOn(let checkpoint): try ScanState.keep(checkpoint, id, database)
            case .failed: break
            }
        }
        if case .failed(let message) = ending { throw ScanFailure(message: message) }
    }
}
