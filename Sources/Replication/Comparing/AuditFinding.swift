import S3

/// How an audit proves that two objects are the same.
public enum AuditMode: String, Sendable, CaseIterable, Codable {
    /// By the ETags of the listings; by HEAD (recorded origin, stored checksums) where those cannot be
    /// compared.
    case etag
    /// By checksums that both stores hold; by reading where there are none in common.
    case checksum
    /// By reading both sides, byte for byte.
    case bytes
}

/// One key on which the two sides are not proven equal.
public struct AuditFinding: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable {
        case missing, extra, sizeDiffers, contentDiffers, metadataDiffers, unreadable
        /// Not shown to differ, but this mode cannot compare the two.
        case undecided
    }

    /// Relative to both prefixes.
    public var key: ObjectKey
    public var kind: Kind
    /// What was found, for people.
    public var detail: String

    public init(key: ObjectKey, kind: Kind, detail: String) {
        self.key = key
        self.kind = kind
        self.detail = detail
    }
}
