/// Why an S3 operation failed after its retries. `kind` is the only thing code branches on.
public struct S3Error: Error, Sendable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case noSuchBucket, noSuchKey, noSuchUpload, preconditionFailed, conflict, notModified
        case accessDenied, badCredentials, expiredCredentials, clockSkew
        /// There was no key pair to sign with: the store was not asked.
        case noCredentials
        case throttled, unavailable, unreachable, untrusted, timedOut, interrupted
        case archived, noSpace, tooLarge, notSupported, invalidRequest, malformedAnswer
        /// Bytes or a checksum did not match.
        case integrity
        case cancelled
    }

    public var kind: Kind
    /// S3's name of it: "GetObject".
    public var operation: String
    /// The connection's name. Of a relay: the side that failed.
    public var connection: String
    public var bucket: String?
    public var key: ObjectKey?
    /// The HTTP status, when there was an answer.
    public var status: Int?
    /// S3's own: "SignatureDoesNotMatch".
    public var code: String?
    /// The store's words, or ours when it sent none. Never a secret.
    public var message: String
    public var requestID: String?
    public var attempts: Int
    public var elapsed: Duration

    public init(
        kind: Kind, operation: String, connection: String, bucket: String? = nil,
        key: ObjectKey? = nil, status: Int? = nil, code: String? = nil, message: String,
        requestID: String? = nil, attempts: Int = 1, elapsed: Duration = .zero
    ) {
        self.kind = kind
        self.operation = operation
        self.connection = connection
        self.bucket = bucket
        self.key = key
        self.status = status
        self.code = code
        self.message = message
        self.requestID = requestID
        self.attempts = attempts
        self.elapsed = elapsed
    }
}

extension S3Error: CustomStringConvertible {
    /// One line: what failed, on what, why, and what support would ask for.
    public var description: String {
        var text = operation + " s3://" + connection + "@" + (bucket ?? "")
        if let key { text += "/" + key.description }
        text += ": " + kind.words
        var details: [String] = []
        if let status { details.append("HTTP \(status)") }
        if let code { details.append(code) }
        if !details.isEmpty { text += " (" + details.joined(separator: " ") + ")" }
        if !message.isEmpty { text += ": " + ObjectKey(message).description }
        if attempts > 1 { text += "; \(attempts) attempts" }
        if let requestID { text += "; request \(requestID)" }
        return text
    }

    /// What the operator can do about it, when there is something to say.
    public var hint: String? {
        switch kind {
        case .noSuchBucket: "create the bucket, or correct its name or the connection"
        case .accessDenied: "allow \(operation) for this access key on the bucket"
        case .badCredentials: "check the access key and the secret of connection \(connection)"
        case .expiredCredentials: "renew the credentials of connection \(connection)"
        case .noCredentials: "give connection \(connection) credentials that can be had"
        case .clockSkew: "set this machine's clock"
        case .unreachable: "check the endpoint of connection \(connection), and the network"
        case .untrusted: "trust the store's certificate: name its authority in AWS_CA_BUNDLE"
        case .archived: "restore the object from its archive first"
        case .noSpace: "free space at the store"
        default: nil
        }
    }
}

extension S3Error.Kind {
    /// For people.
    var words: String {
        switch self {
        case .noSuchBucket: "no such bucket"
        case .noSuchKey: "no such object"
        case .noSuchUpload: "no such multipart upload"
        case .preconditionFailed: "the object is not the one expected"
        case .conflict: "another writer is at work"
        case .notModified: "not modified"
        case .accessDenied: "access denied"
        case .badCredentials: "credentials refused"
        case .expiredCredentials: "credentials expired"
        case .noCredentials: "no credentials"
        case .clockSkew: "the clocks differ too much"
        case .throttled: "the store asks to slow down"
        case .unavailable: "the store failed"
        case .unreachable: "could not connect"
        case .untrusted: "the store's certificate is not trusted"
        case .timedOut: "timed out"
        case .interrupted: "the connection broke"
        case .archived: "the object is archived"
        case .noSpace: "no space at the store"
        case .tooLarge: "too large"
        case .notSupported: "not supported by the store"
        case .invalidRequest: "the request was refused"
        case .malformedAnswer: "the answer makes no sense"
        case .integrity: "the bytes do not match"
        case .cancelled: "cancelled"
        }
    }
}
