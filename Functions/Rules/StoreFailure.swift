import S3

/// An `S3Error` as an answer can carry it.
public struct StoreFailure: Codable, Sendable, Equatable {
    public var kind: S3Error.Kind
    public var operation: String
    public var connection: String
    public var bucket: String?
    public var status: Int?
    public var code: String?
    public var message: String
    public var requestID: String?
    public var attempts: Int
    public var elapsedMilliseconds: Int64

    public init(_ error: S3Error) {
        kind = error.kind
        operation = error.operation
        connection = error.connection
        bucket = error.bucket
        status = error.status
        code = error.code
        message = error.message
        requestID = error.requestID
        attempts = error.attempts
        let (seconds, attoseconds) = error.elapsed.components
        elapsedMilliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
