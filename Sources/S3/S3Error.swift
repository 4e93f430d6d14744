/// Why an S3 operation failed after its retries. `kind` is the only thing code branches on.
public struct S3Error: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, Codable {
        case noSuchBucket, noSuchKey, noSuchUpload, preconditionFailed, conflict, notModified
        case accessDenied, badCredentials, expiredCredentials, clockSkew
        case throttled, unavailable, unreachable, untrusted, timedOut, interrupted
        case archived, noSpace, tooLarge, notSupported, invalidRequest, malformedAnswer
        /// Bytes or a checksum did not match.
        case integrity
        case cancelled
    }
    public var kind: Kind
    public var operation: String        // "GetObject"
    public var connection: String       // its name
    public var bucket: String?
    public var key: ObjectKey?
    public var status: Int?
    public var code: String?            // S3's own: "SignatureDoesNotMatch"
    public var message: String
    public var requestID: String?
    public var attempts: Int
    public var elapsed: Duration
    public init(kind: Kind, operation: String, connection: String, bucket: String? = nil, key: ObjectKey? = nil, status: Int? = nil,
        code: String? = nil, message: String, requestID: String? = nil, attempts: Int = 1, elapsed: Duration = .zero) {
        self.kind = kind; self.operation = operation; self.connection = connection; self.bucket = bucket; self.key = key
        self.status = status; self.code = code; self.message = message; self.requestID = requestID; self.attempts = attempts; self.elapsed = elapsed
    }
    public var description: String { fatalError("skeleton") }
}
