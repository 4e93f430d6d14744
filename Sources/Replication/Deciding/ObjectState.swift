import S3

/// One side of one key, as it was seen.
public enum SideState: Sendable, Equatable {
    case absent
    case present(ObjectState)

    /// What a listing said.
    public init(_ listed: ListedObject?) {
        self = listed.map { .present(ObjectState($0)) } ?? .absent
    }

    public var object: ObjectState? {
        if case .present(let object) = self { object } else { nil }
    }
}

/// An object as a listing or a HEAD showed it.
public struct ObjectState: Sendable, Equatable {
    public var size: Int64
    public var eTag: ETag
    /// Unix milliseconds. Listings may have milliseconds where HEAD has only seconds.
    public var lastModified: Int64
    public var storageClass: String?
    /// What only HEAD and GET tell; nil when the object was seen in a listing.
    public var detail: Detail?

    public struct Detail: Sendable, Equatable {
        public var versionID: String?
        public var metadata: ObjectMetadata
        public var tagCount: Int
        /// nil: not asked for.
        public var tags: [Tag]?
        /// The server-side encryption header's value: "AES256", "aws:kms", …
        public var encryption: String?
        /// Base64 by algorithm, of the whole object; empty when not asked for or composite.
        public var checksums: [String: String]
        public var isArchived: Bool

        public init(
            metadata: ObjectMetadata = ObjectMetadata(), tagCount: Int = 0, tags: [Tag]? = nil,
            encryption: String? = nil, checksums: [String: String] = [:],
            isArchived: Bool = false, versionID: String? = nil
        ) {
            self.metadata = metadata
            self.tagCount = tagCount
            self.tags = tags
            self.encryption = encryption
            self.checksums = checksums
            self.isArchived = isArchived
            self.versionID = versionID
        }
    }

    public init(
        size: Int64, eTag: ETag, lastModified: Int64, storageClass: String? = nil,
        detail: Detail? = nil
    ) {
        self.size = size
        self.eTag = eTag
        self.lastModified = lastModified
        self.storageClass = storageClass
        self.detail = detail
    }

    public init(_ listed: ListedObject) {
        self.init(
            size: listed.size, eTag: listed.eTag, lastModified: listed.lastModified,
            storageClass: listed.storageClass)
    }

    public init(_ head: ObjectHead) {
        self.init(
            size: head.size, eTag: head.eTag, lastModified: head.lastModified,
            storageClass: head.metadata.storageClass,
            detail: Detail(
                metadata: head.metadata, tagCount: head.tagCount, tags: head.metadata.tags,
                encryption: head.encryption,
                checksums: head.checksumIsComposite ? [:] : head.checksums,
                isArchived: head.isArchived, versionID: head.versionID))
    }

    /// Which source object this one was copied from, when the copy says so.
    public var origin: Origin? {
        detail?.metadata.user.first { $0.name == Origin.metadataName }
            .flatMap { Origin(parsing: $0.value) }
    }

    /// By Last-Modified: see `Int64.mayFollow(_:)`.
    func mayHaveChanged(since copy: ObjectState) -> Bool {
        lastModified.mayFollow(copy.lastModified)
    }

    /// SSE-KMS and SSE-C give ETags that are no MD5 of the content.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>
    var hasOpaqueEncryption: Bool {
        guard let encryption = detail?.encryption else { return false }
        return encryption != "AES256"
    }
}
