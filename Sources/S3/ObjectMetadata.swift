/// Everything about an object that is written with it: content headers, user metadata, tags, lock.
public struct ObjectMetadata: Sendable, Equatable {
    public var contentType, contentEncoding, contentLanguage, contentDisposition: String?
    public var cacheControl, expires, websiteRedirect: String?
    /// Names without `x-amz-meta-`, lower case, in the order received; values as on the wire.
    public var user: [UserMetadata] = []
    public var storageClass: String?
    /// nil: not known (a HEAD gives only their number). Set: written with the object.
    public var tags: [Tag]?
    public var lock: ObjectLock?

    public init() {}

    public struct UserMetadata: Sendable, Equatable {
        public var name, value: String
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }
}

public struct Tag: Sendable, Hashable, Codable {
    public var key, value: String
    public init(_ key: String, _ value: String) {
        self.key = key
        self.value = value
    }
}

/// How long an object version may not be deleted.
public struct ObjectLock: Sendable, Equatable {
    public enum Mode: String, Sendable {
        case governance = "GOVERNANCE"
        case compliance = "COMPLIANCE"
    }

    public var mode: Mode?
    /// ISO 8601 as the store gave it.
    public var retainUntil: String?
    public var legalHold: Bool?

    public init() {}
}
