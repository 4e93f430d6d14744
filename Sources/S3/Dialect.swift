/// What a store supports, as data: configured, probed, or learnt while running. Never guessed from a host name.
///
/// Decoding takes any subset of the fields: what is left out stays as in `Dialect()`.
public struct Dialect: Sendable, Equatable, Codable {
    public enum Support: String, Sendable, Codable { case unknown, yes, no }
    public enum MultipartETag: String, Sendable, Codable {
        case unknown
        /// MD5 of the parts' MD5s, a dash, and their number.
        case standard
        /// MD5 of the whole object.
        case wholeMD5
        case opaque
    }

    /// 1 or 2.
    public var listVersion = 2
    /// Listings take `encoding-type=url`: without it keys with control characters cannot be listed.
    public var encodingType: Support = .unknown
    /// Listings come in byte order.
    public var sortedListing: Support = .unknown
    /// `If-None-Match: *` and `If-Match` on PUT and Complete are honoured (not merely accepted).
    public var conditionalWrites: Support = .unknown
    public var multipart: Support = .unknown
    /// ETag of a single PUT is its MD5.
    public var singleETagIsMD5: Support = .unknown
    public var multipartETag: MultipartETag = .unknown
    public var partNumberReads: Support = .unknown
    public var objectAttributes: Support = .unknown
    public var tagging: Support = .unknown
    public var versioning: Support = .unknown
    public var objectLock: Support = .unknown
    public var acl: Support = .unknown
    public var serverSideCopy: Support = .unknown
    public var partCopy: Support = .unknown
    public var batchDelete: Support = .unknown
    /// x-amz-checksum-* on PUT is verified by the store.
    public var verifiesChecksums: Support = .unknown
    public var verifiesContentMD5: Support = .unknown
    /// UNSIGNED-PAYLOAD is accepted.
    public var unsignedPayload: Support = .unknown
    /// Keys in one batch delete; 1...1000.
    public var maxDeletesPerRequest = 1000

    public init() {}

    public init(from decoder: any Decoder) throws {
        self.init()
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func read<Value: Decodable>(
            _ field: WritableKeyPath<Dialect, Value>, _ key: CodingKeys
        ) throws {
            if let value = try fields.decodeIfPresent(Value.self, forKey: key) {
                self[keyPath: field] = value
            }
        }
        try read(\.listVersion, .listVersion)
        try read(\.encodingType, .encodingType)
        try read(\.sortedListing, .sortedListing)
        try read(\.conditionalWrites, .conditionalWrites)
        try read(\.multipart, .multipart)
        try read(\.singleETagIsMD5, .singleETagIsMD5)
        try read(\.multipartETag, .multipartETag)
        try read(\.partNumberReads, .partNumberReads)
        try read(\.objectAttributes, .objectAttributes)
        try read(\.tagging, .tagging)
        try read(\.versioning, .versioning)
        try read(\.objectLock, .objectLock)
        try read(\.acl, .acl)
        try read(\.serverSideCopy, .serverSideCopy)
        try read(\.partCopy, .partCopy)
        try read(\.batchDelete, .batchDelete)
        try read(\.verifiesChecksums, .verifiesChecksums)
        try read(\.verifiesContentMD5, .verifiesContentMD5)
        try read(\.unsignedPayload, .unsignedPayload)
        try read(\.maxDeletesPerRequest, .maxDeletesPerRequest)
    }
}
