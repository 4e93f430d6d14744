/// What `x-amz-content-sha256` says of the body.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
public enum PayloadHash: Sendable, Equatable {
    /// Lower-case hex SHA-256 of the body.
    case sha256(String)
    case unsigned
    /// `aws-chunked`, each chunk signed.
    case streamingSigned
    /// The same, followed by signed trailers.
    case streamingSignedTrailer
    /// `aws-chunked` without chunk signatures, followed by trailers.
    case streamingUnsignedTrailer

    /// Of an empty body.
    public static let empty = PayloadHash.sha256(emptySHA256)
    static let emptySHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    public static func of(_ body: UnsafeRawBufferPointer) -> PayloadHash {
        body.isEmpty ? .empty : .sha256(SHA256Digest(of: body).hex)
    }

    public static func of(_ body: [UInt8]) -> PayloadHash { body.withUnsafeBytes { of($0) } }

    /// nil for what is neither one of S3's words nor 64 lower-case hex digits.
    public init?(headerValue: some StringProtocol) {
        // The common one first, and by its bytes: a server reads it with each request.
        var text = String(headerValue)
        let isDigest =
            text.utf8.count == 64
            && text.withUTF8 { bytes in
                for byte in bytes where byte &- 0x30 >= 10 && byte &- 0x61 >= 6 { return false }
                return true
            }
        if isDigest {
            self = .sha256(text)
            return
        }
        switch text {
        case "UNSIGNED-PAYLOAD": self = .unsigned
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD": self = .streamingSigned
        case "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER": self = .streamingSignedTrailer
        case "STREAMING-UNSIGNED-PAYLOAD-TRAILER": self = .streamingUnsignedTrailer
        default: return nil
        }
    }

    public var headerValue: String {
        switch self {
        case .sha256(let digest): digest
        case .unsigned: "UNSIGNED-PAYLOAD"
        case .streamingSigned: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        case .streamingSignedTrailer: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
        case .streamingUnsignedTrailer: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        }
    }

    /// Whether the body is `aws-chunked`.
    public var isStreaming: Bool {
        switch self {
        case .sha256, .unsigned: false
        case .streamingSigned, .streamingSignedTrailer, .streamingUnsignedTrailer: true
        }
    }
}
