/// Writes a body as `aws-chunked` with a signature on each chunk, and on the trailers where there are any.
/// One owner at a time.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
public struct ChunkSigner: Sendable {
    /// S3's least for all chunks but the last.
    public static let chunkBytesMinimum = 8 << 10

    private var signatures: ChunkSignatures

    init(_ signatures: ChunkSignatures) { self.signatures = signatures }

    /// Appends one chunk. All but the last must be of one size, at least 8 KiB; none may be empty.
    public mutating func append(_ chunk: UnsafeRawBufferPointer, to body: inout [UInt8]) {
        precondition(!chunk.isEmpty, "an empty chunk ends the body")
        appendHead(chunk, to: &body)
        body.append(contentsOf: chunk)
        body.append(contentsOf: AWSChunked.lineEnd)
    }

    /// Appends the empty chunk, the trailers, and their signature: after this nothing may follow.
    ///
    /// - Parameter trailers: lower-case names, as announced in `x-amz-trailer`. nil for a payload without.
    public mutating func finish(
        trailers: [(name: String, value: String)]? = nil, to body: inout [UInt8]
    ) {
        appendHead(UnsafeRawBufferPointer(start: nil, count: 0), to: &body)
        if let trailers {
            var canonical: [UInt8] = []
            for trailer in trailers {
                canonical.append(contentsOf: "\(trailer.name):\(trailer.value)\n".utf8)
                body.append(contentsOf: "\(trailer.name):\(trailer.value)\r\n".utf8)
            }
            let signature = signatures.nextTrailer(canonical)
            body.append(contentsOf: "\(AWSChunked.trailerSignature):\(signature)\r\n".utf8)
        }
        body.append(contentsOf: AWSChunked.lineEnd)
    }

    private mutating func appendHead(_ chunk: UnsafeRawBufferPointer, to body: inout [UInt8]) {
        let signature = signatures.next(SHA256Digest(of: chunk))
        body.append(contentsOf: String(chunk.count, radix: 16).utf8)
        body.append(contentsOf: ";chunk-signature=".utf8)
        body.append(contentsOf: signature.utf8)
        body.append(contentsOf: AWSChunked.lineEnd)
    }
}
