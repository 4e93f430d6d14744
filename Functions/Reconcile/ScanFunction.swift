import Lambda
import Replication
import S3
import Transport

/// Compares both sides of a rule and hands what differs to a ``DifferenceSink``: the reconciliation of a runtime that has a
/// queue, where live changes go first and one key is never at work twice.
public struct ScanFunction: LambdaHandler {
    /// Keys that are handed over together.
    static let batch = 256
    /// So long before its deadline it ends, to be called again for the rest.
    static let reserve = Duration.seconds(30)

    private let rules: RuleBook
    private let sink: any DifferenceSink

    public init(_ rules: RuleBook, sink: any DifferenceSink) {
        self.rules = rules
        self.sink = sink
    }

    private struct OutOfTime: Error {}

    /// In all its time it came to no key of the source.
    struct NoProgress: Error, CustomStringConvertible {
        let description =
            "the time was over before a key of the source was seen: the function needs a longer timeout"
    }

    private struct Progress {
        var batch: [ObjectKey] = []
        var reached: ObjectKey?
        var found = 0
        var tally = Comparison.Tally()
    }

    /// - Throws: ``RuleBook/UnknownRule``, or why a listing failed: nothing is deleted then.
    public func handle(_ event: ScanEvent, context: LambdaContext) async throws -> ScanResult {
        let rule = try rules.rule(named: event.rule)
        let meter = UsageMeter(parent: rules.liveMeter)
        defer { context.report(meter) }
        var comparison = Comparison(rule: rule, meter: meter)
        comparison.everyPair = true
        // One after another, so that one key says how far it has come.
        comparison.listingRanges = 1
        comparison.startAfter = event.after
        let last = context.deadline - Self.reserve
        let progress = Locked(Progress(reached: event.after))
        let sink = sink
        let flush: @Sendable (Bool) async throws -> Void = { isForced in
            let (keys, reached) = progress.withLock { progress in
                guard isForced || progress.batch.count >= Self.batch else {
                    return ([ObjectKey](), ObjectKey?.none)
                }
                defer { progress.batch = [] }
                return (progress.batch, progress.reached)
            }
            guard !keys.isEmpty else { return }
            try await sink.add(
                keys, rule: event.rule, isDeleteAllowed: false, reached: reached)
        }
        do {
            let result = try await comparison.run(
                extraLimit: event.maxDelete + 1,
                progress: { tally in
                    progress.withLock { $0.tally = tally }
                    if ContinuousClock.now > last { throw OutOfTime() }
                },
                each: { difference in
                    progress.withLock { progress in
                        progress.reached = difference.key
                        guard difference.verdict != .same else { return }
                        progress.found += 1
                        progress.batch.append(difference.key)
                    }
                    try await flush(false)
                })
            try await flush(true)
            if let days = event.quarantineDays {
                try await Quarantine.purge(rule, days: days, meter: meter)
            }
            return try await end(rule, event, result, progress.withLock { $0 })
        } catch is OutOfTime {
            try await flush(true)
            let now = progress.withLock { $0 }
            // Called again it would come as far and no further.
            guard let reached = now.reached, reached != event.after else { throw NoProgress() }
            var answer = ScanResult(now.found, now.tally)
            answer.goesOnAfter = reached
            return answer
        }
    }

    private func end(
        _ rule: ReplicationRule, _ event: ScanEvent, _ comparison: ComparisonResult,
        _ progress: Progress
    ) async throws -> ScanResult {
        var answer = ScanResult(progress.found, comparison.tally)
        answer.extras = comparison.extraCount
        answer.notes = comparison.notes
        // One that went on from an earlier one has not seen everything.
        answer.deletes =
            event.after != nil
            ? .notCompared
            : DeleteGuard.verdict(
                propagates: rule.deletes != .keep, sourceObjects: comparison.tally.sourceObjects,
                extras: comparison.extraCount, maxDelete: event.maxDelete, failed: 0)
        guard answer.deletes == .allowed else { return answer }
        for start in stride(from: 0, to: comparison.extras.count, by: Self.batch) {
            let keys = comparison.extras[start...].prefix(Self.batch)
            try await sink.add(
                Array(keys), rule: event.rule, isDeleteAllowed: true, reached: nil)
        }
        answer.found += comparison.extraCount
        return answer
    }
}

/// Asks ``ScanFunction`` to look through one rule.
public struct ScanEvent: Codable, Sendable {
    public var rule: String
    /// More objects than this are not deleted but asked about.
    public var maxDelete: Int
    /// Goes on behind this key.
    public var after: ObjectKey?
    /// What was set aside longer ago is deleted at the end; nil: nothing is.
    public var quarantineDays: Int?

    public init(
        rule: String, maxDelete: Int = ReconcileEvent.defaultMaxDelete, after: ObjectKey? = nil,
        quarantineDays: Int? = nil
    ) {
        self.rule = rule
        self.maxDelete = maxDelete
        self.after = after
        self.quarantineDays = quarantineDays
    }
}

/// What a scan has found; what becomes of it is the queue's.
public struct ScanResult: Codable, Sendable {
    /// Keys handed over.
    public var found: Int
    public var sourceObjects: Int
    public var destinationObjects: Int
    public var sourceBytes: Int64
    public var unchanged: Int
    /// Only at the destination.
    public var extras = 0
    public var deletes = DeleteGuard.Verdict.notCompared
    public var notes: [String] = []
    /// There is more: call again with it. nil: it came to the end.
    public var goesOnAfter: ObjectKey?

    init(_ found: Int, _ tally: Comparison.Tally) {
        self.found = found
        sourceObjects = tally.sourceObjects
        destinationObjects = tally.destinationObjects
        sourceBytes = tally.sourceBytes
        unchanged = tally.unchanged
    }
}
