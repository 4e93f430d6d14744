/// What `x-amz-content-sha256` says of the body.
public enum PayloadHash: Sendable, Equatable {
    /// Lower-case hex SHA-256 of the body.
    case sha256(String)
    case unsigned
    case streamingSigned, streamingSignedTrailer, streamingUnsignedTrailer
    public static let empty = PayloadHash.sha256("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
}

/// AWS Signature V4 for one service, region and scope. Holds a small cache of derived signing keys. Thread-safe.
public final class RequestSigner: Sendable {
    public let service: String
    public init(service: String = "s3") { fatalError("skeleton") }

    /// Signs: returns the header fields to add (`x-amz-date`, `x-amz-content-sha256`, `x-amz-security-token` when there is one, `Authorization`).
    /// - Parameters:
    ///   - path: percent-encoded, as it will be sent (S3: encoded once).
    ///   - query: percent-encoded name and value pairs in any order, as they will be sent ("" for no value).
    ///   - headers: every header to be signed besides `host` and the ones added here. All are signed.
    ///   - time: Unix seconds (the caller applies the learnt clock offset).
    public func sign(method: String, host: String, path: String, query: [(name: String, value: String)], headers: [(name: String, value: String)],
        payload: PayloadHash, credentials: Credentials, region: String, time: Int64) -> [(name: String, value: String)] { fatalError("skeleton") }

    /// The query string of a presigned URL, `X-Amz-Signature` included. `expires` 1...604,800 seconds.
    public func presign(method: String, host: String, path: String, query: [(name: String, value: String)], headers: [(name: String, value: String)] = [],
        credentials: Credentials, region: String, time: Int64, expires: Int) -> String { fatalError("skeleton") }
}

/// Percent-encoding as Signature V4 has it: unreserved bytes `A-Z a-z 0-9 - . _ ~` stay, all others become `%XX` in upper case.
public enum URIEncoding {
    public static func encode(_ bytes: some Sequence<UInt8>, keepSlash: Bool) -> String { fatalError("skeleton") }
    /// nil when a `%` is not followed by two hex digits.
    public static func decode(_ string: some StringProtocol, plusIsSpace: Bool = false) -> [UInt8]? { fatalError("skeleton") }
}
