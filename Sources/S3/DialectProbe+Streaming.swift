import Signing

extension DialectProbe {
    /// The framed forms of a payload. A store that does not know one stores its frames as the object, and says nothing.
    func askStreaming(_ found: inout DialectFindings) async throws(S3Error) {
        let body = [UInt8](repeating: 0x62, count: 100_000)
        let trailer = (
            name: "x-amz-checksum-crc32", value: Base64.encode(Checksum.of(body, .crc32))
        )
        let forms: [(name: String, kind: PayloadHash, hasTrailer: Bool)] = [
            ("signed chunks", .streamingSigned, false),
            ("signed chunks and trailer", .streamingSignedTrailer, true),
            ("unsigned chunks and trailer", .streamingUnsignedTrailer, true),
        ]
        for form in forms {
            _ = try await finding(form.name, &found) { () throws(S3Error) in
                let object = address("chunks")
                _ = written.withLock { $0.keys.insert(object.key) }
                var request = S3Request(
                    "PutObject", .put, .put, bucket: object.bucket, key: object.key)
                request.body = body
                ChunkedBody.announce(
                    in: &request, form.kind, trailer: form.hasTrailer ? trailer : nil)
                _ = try await client.perform(request)
                let read = try await client.getObject(object, limitBytes: 1 << 20)
                guard read.body == body else { return (.no, "the frames were stored as bytes") }
                return (.yes, "")
            }
        }
    }
}
