import TestSupport
import Testing

@testable import Signing

@Suite struct AWSChunkedTests {
    static let forms: [PayloadHash] = [
        .streamingSigned, .streamingSignedTrailer, .streamingUnsignedTrailer,
    ]

    /// Whatever is sent in whatever chunks, the length told beforehand is the length of the body.
    @Test(arguments: 0..<12 as Range<UInt64>)
    func theLengthIsKnownBefore(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<20 {
            let form = Self.forms[Int.random(in: 0..<3, using: &random)]
            let chunkBytes = Int.random(in: 1...300, using: &random)
            let payload = random.bytes(count: Int.random(in: 0...2000, using: &random))
            let trailers: [(name: String, value: String)] =
                form == .streamingSigned
                ? [] : [("x-amz-checksum-crc32c", "sOO8/Q=="), ("x-amz-meta-a", "b")]
            let body = Self.body(payload, chunkBytes, form, trailers)
            let told = AWSChunked.encodedLength(
                payloadBytes: Int64(payload.count), chunkBytes: chunkBytes, payload: form,
                trailers: trailers.map { ($0.name, $0.value.utf8.count) })
            #expect(told == Int64(body.count), "\(form), \(payload.count) by \(chunkBytes)")
        }
    }

    @Test func unsignedFraming() {
        let body = Self.body(
            Array("hello world".utf8), 8, .streamingUnsignedTrailer,
            [("x-amz-checksum-crc32", "DUoRhQ==")])
        #expect(
            String(decoding: body, as: UTF8.self)
                == "8\r\nhello wo\r\n3\r\nrld\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n")
        #expect(Base64.encode(Checksum.of(Array("hello world".utf8), .crc32)) == "DUoRhQ==")
    }

    @Test func theLargestObjectHasALength() {
        let length = AWSChunked.encodedLength(
            payloadBytes: 5 << 40, chunkBytes: 64 << 10, payload: .streamingSigned)
        let chunks: Int64 = (5 << 40) / (64 << 10)
        #expect(length == 5 << 40 + chunks * (5 + 81 + 4) + 86)
    }

    private static func body(
        _ payload: [UInt8], _ chunkBytes: Int, _ form: PayloadHash,
        _ trailers: [(name: String, value: String)]
    ) -> [UInt8] {
        var body: [UInt8] = []
        let cuts = stride(from: 0, to: payload.count, by: chunkBytes).map {
            payload[$0..<min($0 + chunkBytes, payload.count)]
        }
        guard form != .streamingUnsignedTrailer else {
            for cut in cuts { cut.withUnsafeBytes { AWSChunked.append($0, to: &body) } }
            AWSChunked.finish(trailers: trailers, to: &body)
            return body
        }
        var (_, chunks) = RequestSigner().signStreaming(
            method: "PUT", host: "h", path: "/b/k", query: [], headers: [], payload: form,
            credentials: S3ExampleTests.credentials, region: "us-east-1", time: 0)
        for cut in cuts { cut.withUnsafeBytes { chunks.append($0, to: &body) } }
        chunks.finish(trailers: form == .streamingSigned ? nil : trailers, to: &body)
        return body
    }
}
