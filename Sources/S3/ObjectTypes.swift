/// An object, or one version of it.
public struct ObjectAddress: Sendable, Hashable {
    public var bucket: String
    public var key: ObjectKey
    public var versionID: String?

    public init(bucket: String, key: ObjectKey, versionID: String? = nil) {
        self.bucket = bucket
        self.key = key
        self.versionID = versionID
    }
}

/// What HEAD and GET say of an object.
public struct ObjectHead: Sendable {
    public var eTag: ETag
    /// Of the whole object, also when a range was asked for.
    public var size: Int64
    /// Of this body.
    public var contentLength: Int64
    /// Unix milliseconds, in whole seconds: HTTP dates carry no more. 0 when the store sent none.
    public var lastModified: Int64
    public var versionID: String?
    public var metadata: ObjectMetadata
    public var tagCount: Int
    /// Only with `partNumber`.
    public var partsCount: Int?
    /// Base64 values by algorithm ("crc32", "sha256"), when asked for with `checksumMode`. A composite one ends in
    /// `-N`, as it came.
    public var checksums: [String: String]
    public var checksumIsComposite: Bool
    /// `x-amz-server-side-encryption` as it came ("AES256", "aws:kms"); "SSE-C" for a customer's key.
    public var encryption: String?
    /// In an archive and not restored: GET would answer InvalidObjectState.
    public var isArchived: Bool
    public var replicationStatus: String?

    public init(
        eTag: ETag, size: Int64, contentLength: Int64? = nil, lastModified: Int64,
        versionID: String? = nil, metadata: ObjectMetadata = .init(), tagCount: Int = 0,
        partsCount: Int? = nil, checksums: [String: String] = [:],
        checksumIsComposite: Bool = false, encryption: String? = nil, isArchived: Bool = false,
        replicationStatus: String? = nil
    ) {
        self.eTag = eTag
        self.size = size
        self.contentLength = contentLength ?? size
        self.lastModified = lastModified
        self.versionID = versionID
        self.metadata = metadata
        self.tagCount = tagCount
        self.partsCount = partsCount
        self.checksums = checksums
        self.checksumIsComposite = checksumIsComposite
        self.encryption = encryption
        self.isArchived = isArchived
        self.replicationStatus = replicationStatus
    }
}

public struct ReadOptions: Sendable {
    /// First and last byte.
    public var range: ClosedRange<Int64>?
    /// 1...10,000. Not together with `range`.
    public var partNumber: Int?
    public var ifMatch: ETag?
    /// Asks for the stored checksums.
    public var checksumMode = false
    /// How many bytes come, where the store does not tell and no range does; any other number fails.
    public var expectedBytes: Int64?

    public init() {}
}

public enum WriteCondition: Sendable, Equatable {
    case none, ifAbsent
    case ifMatch(ETag)
}

public struct WriteOptions: Sendable {
    public var metadata = ObjectMetadata()
    public var condition = WriteCondition.none
    /// Raw 16 bytes, sent as Content-MD5.
    public var contentMD5: [UInt8]?
    /// Sent as x-amz-checksum-<algorithm>: base64.
    public var checksum: (algorithm: String, base64: String)?
    /// The body was read under the same bandwidth limit, and does not count against it again.
    public var isBodyPaid = false
    /// A canned ACL ("private", "public-read"); nil: the store's default.
    public var cannedACL: String?

    public init() {}
}

public struct WriteResult: Sendable {
    /// nil when the store sent none.
    public var eTag: ETag?
    public var versionID: String?
    /// Base64 values by algorithm, as the store told them.
    public var checksums: [String: String]
    /// As in ``ObjectHead``; nil when the store told of none.
    public var encryption: String?

    public init(eTag: ETag? = nil, versionID: String? = nil, checksums: [String: String] = [:]) {
        self.eTag = eTag
        self.versionID = versionID
        self.checksums = checksums
    }
}

public struct UploadPart: Sendable {
    /// 1...10,000.
    public var number: Int
    public var eTag: ETag
    public var size: Int64?
    public var checksums: [String: String]
    /// As in ``WriteResult``.
    public var encryption: String?

    public init(number: Int, eTag: ETag, size: Int64? = nil, checksums: [String: String] = [:]) {
        self.number = number
        self.eTag = eTag
        self.size = size
        self.checksums = checksums
    }
}

/// A multipart upload that was neither completed nor aborted.
public struct PendingUpload: Sendable {
    public var key: ObjectKey
    public var uploadID: String
    /// Unix milliseconds.
    public var initiated: Int64

    public init(key: ObjectKey, uploadID: String, initiated: Int64) {
        self.key = key
        self.uploadID = uploadID
        self.initiated = initiated
    }
}

/// What a relay's observer is told, in order, on the engine's thread. The bytes of a block live only as long as the call.
public enum RelayEvent {
    /// A new attempt begins: what was digested so far is void.
    case restart
    case block(UnsafeRawBufferPointer)
}
