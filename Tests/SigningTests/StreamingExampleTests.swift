import Testing

@testable import Signing

/// The documented uploads in chunks: 65 KiB of the letter a in chunks of 64 KiB, without trailers and with one.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html>
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html>
@Suite struct StreamingExampleTests {
    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let payload: PayloadHash
        let headers: [(name: String, value: String)]
        let canonicalRequest: String
        let digest: String
        let seed: String
        /// Of the 65,536 bytes, the 1,024 and the empty one.
        let chunks: [String]
        var trailer: (name: String, value: String, signature: String)?
        let encodedBytes: Int
    }

    static let examples = [
        Example(
            testDescription: "chunked upload", payload: .streamingSigned,
            headers: [
                ("Content-Encoding", "aws-chunked"), ("Content-Length", "66824"),
                ("x-amz-decoded-content-length", "66560"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            canonicalRequest: """
                PUT
                /examplebucket/chunkObject.txt

                content-encoding:aws-chunked
                content-length:66824
                host:s3.amazonaws.com
                x-amz-content-sha256:STREAMING-AWS4-HMAC-SHA256-PAYLOAD
                x-amz-date:20130524T000000Z
                x-amz-decoded-content-length:66560
                x-amz-storage-class:REDUCED_REDUNDANCY

                content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class
                STREAMING-AWS4-HMAC-SHA256-PAYLOAD
                """,
            digest: "cee3fed04b70f867d036f722359b0b1f2f0e5dc0efadbc082b76c4c60e316455",
            seed: "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
            chunks: [
                "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
            ], encodedBytes: 66_824),
        // The document prints the first example's Content-Length here too, but neither signs it nor means it.
        Example(
            testDescription: "chunked upload with a trailer", payload: .streamingSignedTrailer,
            headers: [
                ("Content-Encoding", "aws-chunked"), ("x-amz-decoded-content-length", "66560"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
                ("x-amz-trailer", "x-amz-checksum-crc32c"),
            ],
            canonicalRequest: """
                PUT
                /examplebucket/chunkObject.txt

                content-encoding:aws-chunked
                host:s3.amazonaws.com
                x-amz-content-sha256:STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
                x-amz-date:20130524T000000Z
                x-amz-decoded-content-length:66560
                x-amz-storage-class:REDUCED_REDUNDANCY
                x-amz-trailer:x-amz-checksum-crc32c

                content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer
                STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER
                """,
            digest: "44d48b8c2f70eae815a0198cc73d7a546a73a93359c070abbaa5e6c7de112559",
            seed: "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
            chunks: [
                "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
            ],
            trailer: (
                "x-amz-checksum-crc32c", "sOO8/Q==",
                "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435"
            ),
            // 66,824 without the trailer's two lines: 32 and 24 + 64 bytes, each with a line end.
            encodedBytes: 66_946),
    ]

    static let letters = [UInt8](repeating: UInt8(ascii: "a"), count: 66_560)

    @Test(arguments: examples)
    func everyByteIsAsDocumented(example: Example) {
        var (fields, chunks) = RequestSigner().signStreaming(
            method: "PUT", host: "s3.amazonaws.com", path: "/examplebucket/chunkObject.txt",
            query: [], headers: example.headers, payload: example.payload,
            credentials: S3ExampleTests.credentials, region: "us-east-1",
            time: S3ExampleTests.time)
        #expect(fields.last!.value.hasSuffix("Signature=" + example.seed))
        var body: [UInt8] = []
        var expected: [UInt8] = []
        let parts = [Self.letters[..<65_536], Self.letters[65_536...]]
        for (part, signature) in zip(parts, example.chunks) {
            part.withUnsafeBytes { chunks.append($0, to: &body) }
            let size = String(part.count, radix: 16)
            expected += Array("\(size);chunk-signature=\(signature)\r\n".utf8)
            expected += part + Array("\r\n".utf8)
        }
        chunks.finish(trailers: example.trailer.map { [($0.name, $0.value)] }, to: &body)
        expected += Array("0;chunk-signature=\(example.chunks[2])\r\n".utf8)
        if let trailer = example.trailer {
            expected += Array("\(trailer.name):\(trailer.value)\r\n".utf8)
            expected += Array("x-amz-trailer-signature:\(trailer.signature)\r\n".utf8)
        }
        expected += Array("\r\n".utf8)
        #expect(body == expected)
        #expect(body.count == example.encodedBytes)
        #expect(
            AWSChunked.encodedLength(
                payloadBytes: 66_560, chunkBytes: 65_536, payload: example.payload,
                trailers: example.trailer.map { [($0.name, $0.value.utf8.count)] } ?? [])
                == Int64(example.encodedBytes))
    }

    @Test(arguments: examples)
    func stringsInBetween(example: Example) {
        let request = CanonicalRequest(
            method: "PUT", path: "/examplebucket/chunkObject.txt", query: [],
            headers: example.headers + [
                ("Host", "s3.amazonaws.com"), ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", example.payload.headerValue),
            ], payload: example.payload.headerValue)
        #expect(request.text == example.canonicalRequest)
        #expect(request.digest.hex == example.digest)
        let parts = StringToSign(time: S3ExampleTests.time, region: "us-east-1", service: "s3")
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let scope = "20130524T000000Z\n20130524/us-east-1/s3/aws4_request\n"
        let digests = [
            "bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a",
            "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a",
            PayloadHash.emptySHA256,
        ]
        let previous = [example.seed] + example.chunks
        let payloads = [Self.letters[..<65_536], Self.letters[65_536...], []]
        for index in 0..<3 {
            let bytes = payloads[index].withUnsafeBytes {
                parts.chunk(previous: previous[index], payload: $0)
            }
            #expect(
                text(bytes) == "AWS4-HMAC-SHA256-PAYLOAD\n\(scope)\(previous[index])\n"
                    + "\(PayloadHash.emptySHA256)\n\(digests[index])")
        }
        if let trailer = example.trailer {
            let bytes = parts.trailer(
                previous: example.chunks[2],
                canonicalTrailers: Array("\(trailer.name):\(trailer.value)\n".utf8))
            #expect(
                text(bytes) == "AWS4-HMAC-SHA256-TRAILER\n\(scope)\(example.chunks[2])\n"
                    + "1e376db7e1a34a8ef1c4bcee131a2d60a1cb62503747488624e10995f448d774")
        }
    }

    /// The document's checksum is the one of what is sent.
    @Test func theTrailerIsTheChecksum() {
        #expect(Base64.encode(Checksum.of(Self.letters, .crc32c)) == "sOO8/Q==")
    }
}
