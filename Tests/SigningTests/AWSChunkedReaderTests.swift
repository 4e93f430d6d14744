import Testing

@testable import Signing

struct AWSChunkedReaderTests {
    private static let time = S3ExampleTests.time
    private static let forms: [PayloadHash] = [
        .streamingSigned, .streamingSignedTrailer, .streamingUnsignedTrailer,
    ]

    private struct Sent {
        var body: [UInt8] = []
        var signatures: ChunkSignatures?
    }

    /// As a client sends it, and what its server knows.
    private static func sent(
        _ content: [UInt8], _ form: PayloadHash, chunkBytes: Int,
        trailers: [(name: String, value: String)] = [("x-amz-checksum-crc32c", "sOO8/Q==")]
    ) -> Sent {
        let signer = RequestSigner()
        let credentials = Credentials(accessKeyID: "AKID", secretAccessKey: "secret")
        var (_, chunks) = signer.signStreaming(
            method: "PUT", host: "h", path: "/b/k", query: [], headers: [], payload: form,
            credentials: credentials, region: "us-east-1", time: time)
        let known = signer.signaturesOfChunks(
            method: "PUT", host: "h", path: "/b/k", query: [], headers: [], payload: form,
            credentials: credentials, region: "us-east-1", time: time)
        var sent = Sent()
        content.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: chunkBytes) {
                let chunk = UnsafeRawBufferPointer(
                    rebasing: bytes[start..<min(bytes.count, start + chunkBytes)])
                if form == .streamingUnsignedTrailer {
                    AWSChunked.append(chunk, to: &sent.body)
                } else {
                    chunks.append(chunk, to: &sent.body)
                }
            }
        }
        if form == .streamingUnsignedTrailer {
            AWSChunked.finish(trailers: trailers, to: &sent.body)
        } else {
            chunks.finish(
                trailers: form == .streamingSignedTrailer ? trailers : nil, to: &sent.body)
            sent.signatures = known.chunks
        }
        return sent
    }

    /// Reads in pieces of at most so many bytes.
    private static func read(
        _ body: [UInt8], _ form: PayloadHash, _ signatures: ChunkSignatures?, pieceBytes: Int
    ) throws -> (content: [UInt8], trailers: [String: String]) {
        var reader = AWSChunkedReader(form, signatures)
        var content: [UInt8] = []
        try body.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: pieceBytes) {
                let piece = bytes[start..<min(bytes.count, start + pieceBytes)]
                try reader.receive(UnsafeRawBufferPointer(rebasing: piece)) {
                    content.append(contentsOf: $0)
                }
            }
        }
        let trailers = try reader.finish()
        return (content, Dictionary(trailers.map { ($0.name, $0.value) }) { $1 })
    }

    @Test(arguments: forms, [0, 1, 8192, 8193, 70_000])
    func whatWasWrappedComesOut(form: PayloadHash, bytes: Int) throws {
        let content = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ ($0 >> 8)) }
        let sent = Self.sent(content, form, chunkBytes: 8192)
        for pieceBytes in [1, 7, 4096, 1 << 20] {
            let read = try Self.read(
                sent.body, form, sent.signatures, pieceBytes: pieceBytes)
            #expect(read.content == content)
            #expect(
                read.trailers
                    == (form == .streamingSigned ? [:] : ["x-amz-checksum-crc32c": "sOO8/Q=="]))
        }
    }

    /// Whatever byte is changed or missing: it is never taken for what was sent.
    @Test(arguments: forms)
    func noDamageIsTaken(form: PayloadHash) {
        let content = Array("some bytes of an object".utf8)
        let sent = Self.sent(content, form, chunkBytes: 9)
        for index in sent.body.indices {
            var damaged = sent.body
            damaged[index] ^= 1
            let read = try? Self.read(damaged, form, sent.signatures, pieceBytes: 64)
            // Unsigned chunks are vouched for by the trailer's checksum: they only must not be lengthened unseen.
            if form == .streamingUnsignedTrailer {
                #expect((read?.content.count ?? 0) <= content.count)
            } else {
                // Hex digits of lengths may change their case.
                #expect(read == nil || read?.content == content, "byte \(index)")
            }
            let cut = try? Self.read(
                Array(sent.body[..<index]), form, sent.signatures, pieceBytes: 64)
            #expect(cut == nil, "cut at \(index)")
        }
    }

    @Test func theProblemIsNamed() {
        let sent = Self.sent(Array("abcdefgh".utf8), .streamingSignedTrailer, chunkBytes: 4)
        func problem(_ change: (inout [UInt8]) -> Void) -> AWSChunkedReader.Problem? {
            var body = sent.body
            change(&body)
            do {
                _ = try Self.read(body, .streamingSignedTrailer, sent.signatures, pieceBytes: 11)
                return nil
            } catch {
                return error as? AWSChunkedReader.Problem
            }
        }
        #expect(problem { _ in } == nil)
        #expect(problem { $0[0] = UInt8(ascii: "z") } == .malformed)
        #expect(problem { $0[85] ^= 1 } == .wrongSignature)
        #expect(problem { $0.removeLast() } == .incomplete)
        #expect(problem { $0 += [0x0A] } == .malformed)
        #expect(problem { $0 = Array(repeating: UInt8(ascii: "1"), count: 9000) } == .malformed)
        #expect(problem { $0 = Array("ffffffffffffffff;chunk-signature=\r\n".utf8) } == .malformed)
    }

    /// AWS's own example of a body with signed chunks and trailers.
    @Test func takesTheDocumentsExample() throws {
        let signer = RequestSigner()
        for example in StreamingExampleTests.examples {
            let known = signer.signaturesOfChunks(
                method: "PUT", host: "s3.amazonaws.com", path: "/examplebucket/chunkObject.txt",
                query: [], headers: example.headers, payload: example.payload,
                credentials: S3ExampleTests.credentials, region: "us-east-1",
                time: S3ExampleTests.time)
            #expect(known.head == example.seed)
        }
    }
}
