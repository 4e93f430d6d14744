public struct ObjectAddress: Sendable, Hashable {
    public var bucket: String
    public var key: ObjectKey
    public var versionID: String?
    public init(bucket: String, key: ObjectKey, versionID: String? = nil) { self.bucket = bucket; self.key = key; self.versionID = versionID }
}

/// What a listing says of one object.
public struct ListedObject: Sendable, Equatable, Codable {
    public var key: ObjectKey
    public var size: Int64
    public var eTag: ETag
    /// Unix milliseconds.
    public var lastModified: Int64
    public var storageClass: String?
    public init(key: ObjectKey, size: Int64, eTag: ETag, lastModified: Int64, storageClass: String? = nil) {
        self.key = key; self.size = size; self.eTag = eTag; self.lastModified = lastModified; self.storageClass = storageClass
    }
}

public struct ObjectPage: Sendable {
    public var objects: [ListedObject]
    public var commonPrefixes: [ObjectKey]
    /// nil on the last page. For V1 dialects the client hides that it is a marker.
    public var nextToken: String?
}

/// Everything about an object that is written with it: content headers, user metadata, tags, lock.
public struct ObjectMetadata: Sendable, Equatable {
    public var contentType, contentEncoding, contentLanguage, contentDisposition, cacheControl, expires, websiteRedirect: String?
    /// Names without `x-amz-meta-`, lower case, in the order received; values as on the wire.
    public var user: [UserMetadata] = []
    public var storageClass: String?
    /// nil: not known (a HEAD gives only their number). Set: written with the object.
    public var tags: [Tag]?
    public var lock: ObjectLock?
    public init() {}
    public struct UserMetadata: Sendable, Equatable { public var name, value: String; public init(_ name: String, _ value: String) { self.name = name; self.value = value } }
}
public struct Tag: Sendable, Hashable { public var key, value: String; public init(_ key: String, _ value: String) { self.key = key; self.value = value } }
public struct ObjectLock: Sendable, Equatable {
    public enum Mode: String, Sendable { case governance = "GOVERNANCE", compliance = "COMPLIANCE" }
    public var mode: Mode?
    /// ISO 8601 as the store gave it.
    public var retainUntil: String?
    public var legalHold: Bool?
    public init() {}
}

/// What HEAD and GET say of an object.
public struct ObjectHead: Sendable {
    public var eTag: ETag
    /// Of the whole object, also when a range was asked for.
    public var size: Int64
    /// Of this body.
    public var contentLength: Int64
    public var lastModified: Int64
    public var versionID: String?
    public var metadata: ObjectMetadata
    public var tagCount: Int
    /// Only with `partNumber`.
    public var partsCount: Int?
    /// Base64 values, when asked for with `checksumMode`.
    public var checksums: [String: String]
    public var checksumIsComposite: Bool
    public var encryption: String?
    public var isArchived: Bool
    public var replicationStatus: String?
}

public struct ReadOptions: Sendable {
    public var range: ClosedRange<Int64>?
    public var partNumber: Int?
    public var ifMatch: ETag?
    public var checksumMode = false
    public init() {}
}
public enum WriteCondition: Sendable, Equatable { case none, ifAbsent, ifMatch(ETag) }
public struct WriteOptions: Sendable {
    public var metadata = ObjectMetadata()
    public var condition = WriteCondition.none
    /// Raw 16 bytes, sent as Content-MD5.
    public var contentMD5: [UInt8]?
    /// Sent as x-amz-checksum-<algorithm>: base64.
    public var checksum: (algorithm: String, base64: String)?
    /// A canned ACL ("private", "public-read"); nil: the store's default.
    public var cannedACL: String?
    public init() {}
}
public struct WriteResult: Sendable {
    /// nil when the store sent none.
    public var eTag: ETag?
    public var versionID: String?
    public var checksums: [String: String]
}
public struct UploadPart: Sendable { public var number: Int; public var eTag: ETag; public var size: Int64?; public var checksums: [String: String]
    public init(number: Int, eTag: ETag, size: Int64? = nil, checksums: [String: String] = [:]) { self.number = number; self.eTag = eTag; self.size = size; self.checksums = checksums } }
public struct PendingUpload: Sendable { public var key: ObjectKey; public var uploadID: String; public var initiated: Int64 }
