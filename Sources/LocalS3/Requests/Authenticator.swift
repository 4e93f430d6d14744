import Signing

typealias BodyPayload = PayloadHash
struct Identity {
    let isReadOnly: Bool
    let payload: PayloadHash
    let chunks: ChunkedPayload?
}
struct ChunkedPayload {
    mutating func decode(_ b: UnsafeRawBufferPointer, _ f: (UnsafeRawBufferPointer) throws -> Void)
        throws
    {}
    mutating func finish() throws -> [NamedValue] { [] }
}
struct Authenticator: Sendable {
    init(keys: [LocalS3AccessKey], region: String) {}
    func authenticate(_ r: S3Request, now: Int64) throws(S3Failure) -> Identity {
        throw S3Failure(.accessDenied)
    }
}
