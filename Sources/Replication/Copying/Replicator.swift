import S3

/// One converging engine for one rule: reads both sides of one key as they are and makes the
/// destination equal. A value: copies share what was learnt of the stores. Safe from any task.
public struct Replicator: Sendable {
    public let rule: ReplicationRule
    private let journal: UploadJournal?
    private let shared = SharedState()

    /// - Parameter journal: Where multipart uploads are noted, so that those of a killed process
    ///   can be aborted; nil notes none.
    public init(rule: ReplicationRule, journal: UploadJournal? = nil) {
        self.rule = rule
        self.journal = journal
    }

    /// Makes the destination's object equal to the source's, or finds that it is.
    ///
    /// Cost: with fresh evidence of an absent destination, one GET and one PUT up to 256 KiB.
    /// Without evidence, a HEAD of both sides first. Memory: at most 256 KiB of content a call, or
    /// the relay's ring for each part in flight.
    ///
    /// - Parameters:
    ///   - key: Relative to both prefixes.
    ///   - evidence: What a listing showed; nil: both sides are looked at.
    ///   - meter: Counts this key's requests.
    ///   - permit: Asked before a delete, when the source was seen not to have the key; false leaves it, with the reason
    ///     "delete held back".
    /// - Throws: ``ReplicationError``.
    public func converge(
        _ key: ObjectKey, evidence: Evidence? = nil, meter: UsageMeter? = nil,
        permit: (@Sendable () -> Bool)? = nil
    ) async throws -> Outcome {
        var convergence = convergence(key, meter)
        convergence.permit = permit
        return try await convergence.run(evidence)
    }

    /// What converge would do, without writing. `bytes` is what would be copied.
    ///
    /// - Throws: ``ReplicationError``.
    public func plan(
        _ key: ObjectKey, evidence: Evidence? = nil, meter: UsageMeter? = nil
    ) async throws -> (action: Action, reason: String, bytes: Int64) {
        try await convergence(key, meter).plan(evidence)
    }

    private func convergence(_ key: ObjectKey, _ meter: UsageMeter?) -> Convergence {
        Convergence(rule: rule, key: key, shared: shared, journal: journal, meter: meter)
    }
}
