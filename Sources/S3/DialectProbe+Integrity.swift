import Signing

extension DialectProbe {
    /// Whether the store checks what it is told of the bytes, and which forms of payload it takes.
    func askIntegrity(_ found: inout DialectFindings) async throws(S3Error) {
        let body = Array("probe".utf8)
        var other = body
        other[0] ^= 1
        var supports: [Dialect.Support] = []
        for algorithm in ChecksumAlgorithm.allCases where algorithm != .md5 {
            let name = "checksum " + algorithm.rawValue + " verified"
            let support = try await finding(name, &found) { () throws(S3Error) in
                var options = WriteOptions()
                options.checksum = (
                    algorithm: algorithm.rawValue,
                    base64: Base64.encode(Checksum.of(other, algorithm))
                )
                guard try await isRefused("checksum", body, options) else {
                    return (.no, "a wrong value was accepted")
                }
                options.checksum?.base64 = Base64.encode(Checksum.of(body, algorithm))
                _ = try await put("checksum", body, options)
                return (.yes, "")
            }
            supports.append(support)
        }
        found.dialect.verifiesChecksums =
            supports.allSatisfy { $0 == .yes } ? .yes : supports.contains(.no) ? .no : .unknown
        found.dialect.verifiesContentMD5 = try await finding("Content-MD5 verified", &found) {
            () throws(S3Error) in
            var options = WriteOptions()
            options.contentMD5 = Checksum.of(other, .md5)
            guard try await isRefused("md5", body, options) else {
                return (.no, "a wrong value was accepted")
            }
            options.contentMD5 = Checksum.of(body, .md5)
            _ = try await put("md5", body, options)
            return (.yes, "")
        }
        found.dialect.unsignedPayload = try await finding("unsigned payload", &found) {
            () throws(S3Error) in
            let object = address("unsigned")
            _ = written.withLock { $0.keys.insert(object.key) }
            var request = S3Request(
                "PutObject", .put, .put, bucket: object.bucket, key: object.key)
            request.body = body
            request.form = .unsigned
            _ = try await client.perform(request)
            let read = try await client.getObject(object, limitBytes: 1 << 16)
            return read.body == body ? (.yes, "") : (.no, "other bytes were stored")
        }
    }

    private func isRefused(
        _ name: ObjectKey, _ body: [UInt8], _ options: WriteOptions
    ) async throws(S3Error) -> Bool {
        do throws(S3Error) {
            _ = try await put(name, body, options)
            return false
        } catch {
            guard error.kind == .integrity || error.kind == .invalidRequest else { throw error }
            return true
        }
    }
}
