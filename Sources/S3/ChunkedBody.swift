import Signing

/// A buffered body in `aws-chunked` frames.
enum ChunkedBody {
    /// 64 KiB, as most clients send. Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
    static let chunkBytes = 64 << 10

    static func encode(
        _ body: [UInt8], _ kind: PayloadHash, _ signer: ChunkSigner,
        trailer: (name: String, value: String)?
    ) -> [UInt8] {
        var signer = signer
        var encoded: [UInt8] = []
        encoded.reserveCapacity(body.count + 512)
        body.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let end = min(bytes.count, start + chunkBytes)
                let chunk = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                if kind == .streamingUnsignedTrailer {
                    AWSChunked.append(chunk, to: &encoded)
                } else {
                    signer.append(chunk, to: &encoded)
                }
                start = end
            }
        }
        switch kind {
        case .streamingUnsignedTrailer:
            AWSChunked.finish(trailers: trailer.map { [$0] } ?? [], to: &encoded)
        case .streamingSignedTrailer:
            signer.finish(trailers: trailer.map { [$0] } ?? [], to: &encoded)
        default: signer.finish(to: &encoded)
        }
        return encoded
    }

    /// What goes with such a body: its real length, the framing, the trailer's name.
    static func announce(
        in request: inout S3Request, _ kind: PayloadHash,
        trailer: (name: String, value: String)?
    ) {
        request.form = .chunked(kind, trailer: trailer)
        request.add("Content-Encoding", "aws-chunked")
        request.add("x-amz-decoded-content-length", String(request.body.count))
        if let trailer { request.add("x-amz-trailer", trailer.name) }
    }
}
