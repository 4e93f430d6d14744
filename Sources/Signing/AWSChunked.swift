/// The `aws-chunked` framing without signatures, and the sizes of both forms.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
public enum AWSChunked {
    static let lineEnd: [UInt8] = [0x0D, 0x0A]
    static let trailerSignature = "x-amz-trailer-signature"
    /// ";chunk-signature=" and 64 digits.
    private static let extensionBytes: Int64 = 17 + 64

    /// Appends one chunk of `STREAMING-UNSIGNED-PAYLOAD-TRAILER`. It may not be empty.
    public static func append(_ chunk: UnsafeRawBufferPointer, to body: inout [UInt8]) {
        precondition(!chunk.isEmpty, "an empty chunk ends the body")
        body.append(contentsOf: String(chunk.count, radix: 16).utf8)
        body.append(contentsOf: lineEnd)
        body.append(contentsOf: chunk)
        body.append(contentsOf: lineEnd)
    }

    /// Appends the empty chunk and the trailers: after this nothing may follow.
    public static func finish(
        trailers: [(name: String, value: String)], to body: inout [UInt8]
    ) {
        body.append(contentsOf: "0\r\n".utf8)
        for trailer in trailers {
            body.append(contentsOf: "\(trailer.name):\(trailer.value)\r\n".utf8)
        }
        body.append(contentsOf: lineEnd)
    }

    /// `Content-Length` of the whole encoded body.
    ///
    /// - Parameters:
    ///   - payloadBytes: `x-amz-decoded-content-length`.
    ///   - chunkBytes: of every chunk but the last.
    ///   - trailers: name and the length of its value.
    public static func encodedLength(
        payloadBytes: Int64, chunkBytes: Int, payload: PayloadHash,
        trailers: [(name: String, valueBytes: Int)] = []
    ) -> Int64 {
        precondition(payload.isStreaming && chunkBytes > 0 && payloadBytes >= 0)
        let perChunk = payload == .streamingUnsignedTrailer ? 0 : extensionBytes
        func chunk(_ bytes: Int64) -> Int64 {
            Int64(String(bytes, radix: 16).utf8.count) + perChunk + 2 + bytes + 2
        }
        let (full, rest) = payloadBytes.quotientAndRemainder(dividingBy: Int64(chunkBytes))
        var length = full * chunk(Int64(chunkBytes)) + (rest > 0 ? chunk(rest) : 0)
        // The empty chunk has no payload and so no second line end; the last line end closes the body.
        length += chunk(0) - 2
        if payload != .streamingSigned {
            for trailer in trailers {
                length += Int64(trailer.name.utf8.count + 1 + trailer.valueBytes + 2)
            }
        }
        if payload == .streamingSignedTrailer {
            length += Int64(trailerSignature.utf8.count + 1 + 64 + 2)
        }
        return length + 2
    }
}
