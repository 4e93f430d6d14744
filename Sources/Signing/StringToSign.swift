/// The bytes that a signature is made of, and the parts they are made of.
struct StringToSign {
    static let algorithm = "AWS4-HMAC-SHA256"

    /// "20130524T000000Z"
    let amzDate: String
    /// "20130524/us-east-1/s3/aws4_request"
    let scope: String

    init(amzDate: String, scope: String) {
        self.amzDate = amzDate
        self.scope = scope
    }

    init(time: Int64, region: String, service: String) {
        amzDate = Timestamps.amzDate(time)
        scope = "\(amzDate.prefix(8))/\(region)/\(service)/aws4_request"
    }

    /// Of a request.
    func bytes(_ digest: SHA256Digest) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(192)
        begin(Self.algorithm, &bytes)
        digest.appendHex(to: &bytes)
        return bytes
    }

    /// Of one chunk of a streamed body.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
    func chunk(previous: String, payload: UnsafeRawBufferPointer) -> [UInt8] {
        chunk(previous: previous, digest: SHA256Digest(of: payload))
    }

    func chunk(previous: String, digest: SHA256Digest) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(320)
        begin("AWS4-HMAC-SHA256-PAYLOAD", &bytes)
        bytes.append(contentsOf: previous.utf8)
        bytes.append(0x0A)
        bytes.append(contentsOf: PayloadHash.emptySHA256.utf8)
        bytes.append(0x0A)
        digest.appendHex(to: &bytes)
        return bytes
    }

    /// Of the trailers, each as "name:value\n".
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
    func trailer(previous: String, canonicalTrailers: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        begin("AWS4-HMAC-SHA256-TRAILER", &bytes)
        bytes.append(contentsOf: previous.utf8)
        bytes.append(0x0A)
        SHA256Digest(of: canonicalTrailers).appendHex(to: &bytes)
        return bytes
    }

    private func begin(_ kind: String, _ bytes: inout [UInt8]) {
        bytes.append(contentsOf: kind.utf8)
        bytes.append(0x0A)
        bytes.append(contentsOf: amzDate.utf8)
        bytes.append(0x0A)
        bytes.append(contentsOf: scope.utf8)
        bytes.append(0x0A)
    }
}
