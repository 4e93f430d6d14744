import S3

/// One key on which the two sides differ, or that must be looked at.
public struct Difference: Sendable {
    public enum Verdict: Sendable, Equatable {
        /// Content must be copied: absent there, or another size or comparable ETag.
        case copy(reason: String)
        /// Listings cannot tell (ETags not comparable, or the source is newer with equal content): converge looks with HEAD.
        case look(reason: String)
        /// Only at the destination.
        case extra
    }
    public var key: ObjectKey   // relative
    public var evidence: Evidence
    public var verdict: Verdict
}

/// A streaming merge-join of two sorted listings in constant memory; the two sides, and key ranges where that helps, are listed in parallel.
/// An unsorted listing is detected and the comparison starts again over an external sort (differences may then come twice; extras only once, after both listings are complete).
public struct Comparison: Sendable {
    public struct Tally: Sendable, Codable { public var sourceObjects = 0, destinationObjects = 0, unchanged = 0, filtered = 0; public var sourceBytes: Int64 = 0; public init() {} }
    public init(rule: ReplicationRule, meter: UsageMeter? = nil) { fatalError("skeleton") }
    /// Calls `each` for every difference, possibly from several tasks at once (that is the back-pressure: listing waits while it runs),
    /// and `progress` about once a page. Extras are reported when and only when both listings ended well.
    /// - Throws: S3Error when either listing fails: nothing may then be deleted.
    public func run(extraLimit: Int, progress: @Sendable (Tally) -> Void, each: @Sendable (Difference) async throws -> Void) async throws -> ComparisonResult { fatalError("skeleton") }
}
public struct ComparisonResult: Sendable {
    public var tally: Comparison.Tally
    /// At most `extraLimit` keys; `extraCount` counts all.
    public var extras: [ObjectKey]
    public var extraCount: Int
    public var notes: [String]
}

/// An audit of one pair: what `verify` does to each key.
public enum AuditMode: String, Sendable, CaseIterable, Codable { case etag, checksum, bytes }
public struct AuditFinding: Sendable, Codable {
    public enum Kind: String, Sendable, Codable { case missing, extra, sizeDiffers, contentDiffers, metadataDiffers, unreadable }
    public var key: ObjectKey
    public var kind: Kind
    public var detail: String
}
public struct Auditor: Sendable {
    public init(rule: ReplicationRule, mode: AuditMode) { fatalError("skeleton") }
    /// nil: equal. `.etag` costs no request where listings decide; `.checksum` asks for stored checksums and reads where there are none in common; `.bytes` reads both sides.
    public func audit(_ key: ObjectKey, evidence: Evidence, meter: UsageMeter?) async throws -> AuditFinding? { fatalError("skeleton") }
}
