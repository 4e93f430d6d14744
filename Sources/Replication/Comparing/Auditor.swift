import S3

/// An audit of one pair: what `verify` does to each key.
public enum AuditMode: String, Sendable, CaseIterable, Codable { case etag, checksum, bytes }
public struct AuditFinding: Sendable, Codable {
    public enum Kind: String, Sendable, Codable {
        case missing, extra, sizeDiffers, contentDiffers, metadataDiffers, unreadable
    }
    public var key: ObjectKey
    public var kind: Kind
    public var detail: String
}
public struct Auditor: Sendable {
    public init(rule: ReplicationRule, mode: AuditMode) { fatalError("skeleton") }
    /// nil: equal. `.etag` costs no request where listings decide; `.checksum` asks for stored checksums and reads where there are none in common; `.bytes` reads both sides.
    public func audit(_ key: ObjectKey, evidence: Evidence, meter: UsageMeter?) async throws
        -> AuditFinding?
    { fatalError("skeleton") }
}
