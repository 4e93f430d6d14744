import S3

/// One key on which the two sides differ, or that must be looked at.
public struct Difference: Sendable {
    public enum Verdict: Sendable, Equatable {
        /// Content must be copied: absent there, or another size or comparable ETag.
        case copy(reason: String)
        /// Listings cannot tell (ETags not comparable, or the source is newer with equal content):
        /// converge looks with HEAD.
        case look(reason: String)
        /// Only at the destination. A comparison reports these as `ComparisonResult.extras`, never
        /// through `each`.
        case extra
        /// Nothing to do. Delivered only by a comparison with `everyPair`.
        case same
    }

    /// Relative to both prefixes.
    public var key: ObjectKey
    /// What the listings said; the keys in it are whole ones, each with its own side's prefix.
    public var evidence: Evidence
    public var verdict: Verdict

    public init(key: ObjectKey, evidence: Evidence, verdict: Verdict) {
        self.key = key
        self.evidence = evidence
        self.verdict = verdict
    }
}
