import Signing

extension DialectProbe {
    /// The least a part may have that is not the last.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
    private static let partBytesMinimum = 5 << 20

    /// An upload of two parts: its ETag, and what can be asked of its parts.
    func askMultipart(_ found: inout DialectFindings) async throws(S3Error) {
        let first = [UInt8](repeating: 0x61, count: Self.partBytesMinimum)
        let second = Array("b".utf8)
        var form = Dialect.MultipartETag.unknown
        found.dialect.multipart = try await finding("multipart upload", &found) {
            () throws(S3Error) in
            let id = try await beginUpload("parts")
            let parts = [
                try await client.uploadPart(
                    address("parts"), uploadID: id, number: 1, body: first),
                try await client.uploadPart(
                    address("parts"), uploadID: id, number: 2, body: second),
            ]
            let result = try await client.completeUpload(
                address("parts"), uploadID: id, parts: parts, condition: .none)
            let head = try await client.headObject(address("parts"))
            guard head.size == Int64(first.count + second.count) else {
                return (.no, "the object has \(head.size) bytes")
            }
            let eTag = head.eTag
            let whole = Hex.encode(Checksum.of(first + second, .md5))
            if eTag == CompletionDocument.standardETag(parts) {
                form = .standard
            } else {
                form = eTag.value == whole ? .wholeMD5 : .opaque
            }
            let isOther = result.eTag != nil && result.eTag != eTag
            return (.yes, isOther ? "the upload's answer tells another ETag than HEAD" : "")
        }
        found.dialect.multipartETag = form
        guard found.dialect.multipart == .yes else { return }
        let words =
            switch form {
            case .standard: "MD5 of the parts' MD5s"
            case .wholeMD5: "MD5 of the whole"
            case .opaque, .unknown: "of another kind"
            }
        found.findings.append(
            .init(
                name: "multipart ETag", support: form == .standard ? .yes : .no, answer: words))
        try await askParts(&found, first: first, second: second)
    }

    private func askParts(
        _ found: inout DialectFindings, first: [UInt8], second: [UInt8]
    ) async throws(S3Error) {
        found.dialect.partNumberReads = try await finding("read by part number", &found) {
            () throws(S3Error) in
            var options = ReadOptions()
            options.partNumber = 2
            let head = try await client.headObject(address("parts"), options)
            guard head.partsCount == 2, head.contentLength == Int64(second.count) else {
                return (.no, "\(head.contentLength) bytes, parts \(head.partsCount ?? 0)")
            }
            let body = try await client.getObject(address("parts"), options, limitBytes: 1 << 20)
            return body.body == second ? (.yes, "") : (.no, "other bytes came")
        }
        found.dialect.objectAttributes = try await finding("GetObjectAttributes", &found) {
            () throws(S3Error) in
            let sizes = try await client.partSizes(address("parts"))
            guard let sizes else { return (.no, "part sizes are not told") }
            let isRight = sizes == [Int64(first.count), Int64(second.count)]
            return isRight ? (.yes, "") : (.no, "other part sizes came")
        }
        found.dialect.partCopy = try await finding("part copy", &found) { () throws(S3Error) in
            let id = try await beginUpload("part-copy")
            let part = try await client.copyPart(
                from: address("parts"), range: 0...99, ifMatch: nil, to: address("part-copy"),
                uploadID: id, number: 1)
            _ = try await client.completeUpload(
                address("part-copy"), uploadID: id, parts: [part], condition: .none)
            let copy = try await client.getObject(address("part-copy"), limitBytes: 1 << 16)
            return copy.body == Array(first[..<100]) ? (.yes, "") : (.no, "other bytes came")
        }
        let conditional = try await finding("conditional Complete", &found) {
            () throws(S3Error) in
            let id = try await beginUpload("parts")
            let part = try await client.uploadPart(
                address("parts"), uploadID: id, number: 1, body: second)
            do throws(S3Error) {
                _ = try await client.completeUpload(
                    address("parts"), uploadID: id, parts: [part], condition: .ifAbsent)
                return (.no, "If-None-Match: * is ignored")
            } catch {
                guard error.kind == .preconditionFailed || error.kind == .conflict else {
                    throw error
                }
                return (.yes, "")
            }
        }
        if conditional == .no { found.dialect.conditionalWrites = .no }
    }
}
