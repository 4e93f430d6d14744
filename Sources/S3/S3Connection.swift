import Signing

/// One S3-compatible endpoint and how to talk to it.
public struct S3Connection: Sendable {
    public enum Style: String, Sendable, Codable { case path, virtual }
    /// As the user named it; "aws" for the default chain. Usage and messages go by it.
    public var name: String
    /// "http" or "https".
    public var scheme: String
    /// host or host:port; IPv6 in brackets. Port omitted when it is the scheme's own.
    public var authority: String
    public var region: String
    public var style: Style
    public var credentials: any CredentialsProvider
    public var dialect: Dialect
    /// Where the connection came from, for messages: "brigade.yaml line 4", "BRIGADE_CONNECTION_MINIO".
    public var origin: String
    public init(name: String, scheme: String, authority: String, region: String = "us-east-1", style: Style = .path,
        credentials: any CredentialsProvider, dialect: Dialect = .init(), origin: String) {
        self.name = name; self.scheme = scheme; self.authority = authority; self.region = region; self.style = style
        self.credentials = credentials; self.dialect = dialect; self.origin = origin
    }
    // + static func parse(url: "http(s)://ACCESS:SECRET@host:port?region=us-east-1&style=path", name:, origin:) throws -> S3Connection
    // + static func fromEnvironment(name:, environment:) throws -> S3Connection?   (BRIGADE_CONNECTION_NAME)
    // + static func awsDefault(environment:, profile:) throws -> S3Connection       (the AWS chain)
}

/// What a store supports, as data: configured, probed, or learnt while running. Never guessed from a host name.
public struct Dialect: Sendable, Equatable, Codable {
    public enum Support: String, Sendable, Codable { case unknown, yes, no }
    public enum MultipartETag: String, Sendable, Codable { case unknown, standard, wholeMD5, opaque }
    public var listVersion = 2
    public var encodingType: Support = .unknown
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
    public var maxDeletesPerRequest = 1000
    public init() {}
}
