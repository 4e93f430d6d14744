import Signing
import XML

extension S3Service {
    private struct NamedPart {
        var number = 0
        var etag = ""
        var checksum: String?
    }

    func completeMultipartUpload(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        let bucket = try bucket(request)
        let id = request.parameter("uploadId") ?? ""
        guard let upload = try bucket.upload(id, key: request.key) else { throw noSuchUpload(id) }
        let named = try parseParts(body.document)
        let record = try bucket.completing(id) {
            var record = upload
            try gather(named, of: id, in: bucket, into: &record)
            try checkClaims(request, record)
            record.modifiedMilliseconds = clock()
            ObjectLocking.applyDefault(
                bucket.settings, now: record.modifiedMilliseconds, to: &record)
            return try bucket.complete(
                upload: id, record,
                announce: notifier.announcing(.completeMultipartUpload, in: bucket, request)
            ) {
                try Conditions.checkWrite(request, $0)
            }
        }
        guard let record else { throw noSuchUpload(id) }
        var writer = XMLWriter()
        writer.declaration()
        writer.open("CompleteMultipartUploadResult", xmlns: XMLWriter.s3Namespace)
        writer.element("Location", "http://\(request.header("host") ?? "")\(request.rawPath)")
        writer.element("Bucket", bucket.name)
        writer.element("Key", request.key)
        writer.element("ETag", record.etag.quoted)
        if let checksum = record.checksum {
            Self.writeChecksum(
                checksum.text(parts: record.parts.count), checksum.algorithm, into: &writer)
            writer.element("ChecksumType", checksum.typeName)
        }
        writer.close("CompleteMultipartUploadResult")
        var response = S3Response(document: writer)
        response.headers += Self.versionHeaders(record.version?.text)
        return response
    }

    private func parseParts(_ document: [UInt8]) throws(S3Failure) -> [NamedPart] {
        var parts: [NamedPart] = []
        do throws(XMLError) {
            var scanner = XMLScanner(document)
            let root = try scanner.root("CompleteMultipartUpload")
            while let child = try scanner.nextChild(of: root) {
                guard scanner.name(of: child, is: "Part") else {
                    try scanner.skip(child)
                    continue
                }
                parts.append(try Self.parsePart(&scanner, child))
            }
            try scanner.finish()
        } catch {
            throw S3Failure(.malformedXML)
        }
        guard !parts.isEmpty else {
            throw S3Failure(.invalidRequest, "You must specify at least one part")
        }
        guard parts.count <= Self.partNumberMaximum,
            parts.allSatisfy({ (1...Self.partNumberMaximum).contains($0.number) })
        else { throw S3Failure(.malformedXML) }
        for (part, next) in zip(parts, parts.dropFirst()) where part.number >= next.number {
            throw S3Failure(.invalidPartOrder)
        }
        return parts
    }

    private static func parsePart(_ scanner: inout XMLScanner, _ element: XMLScanner.Element)
        throws(XMLError) -> NamedPart
    {
        var part = NamedPart()
        while let child = try scanner.nextChild(of: element) {
            if scanner.name(of: child, is: "PartNumber") {
                part.number = Int(try scanner.int64(of: child))
            } else if scanner.name(of: child, is: "ETag") {
                part.etag = try scanner.string(of: child)
            } else if scanner.name(of: child).hasPrefix("Checksum") {
                part.checksum = try scanner.string(of: child)
            } else {
                try scanner.skip(child)
            }
        }
        return part
    }

    /// Checks each part against what was uploaded and makes the object's size, ETag, checksum and segments of them.
    private func gather(
        _ named: [NamedPart], of id: String, in bucket: Bucket, into record: inout ObjectRecord
    ) throws {
        var md5 = Checksum(.md5)
        var segments: [SegmentList.Segment] = []
        let wanted = record.checksum
        for (index, name) in named.enumerated() {
            guard let part = try bucket.part(name.number, ofUpload: id),
                Conditions.matches(name.etag, part.etag),
                name.checksum == nil || name.checksum == part.checksum?.text(parts: 0)
            else {
                throw S3Failure(
                    .invalidPart,
                    details: [
                        .init(name: .uploadID, value: id),
                        .init(name: .partNumber, value: String(name.number)),
                        .init(name: .etag, value: name.etag),
                    ])
            }
            if let wanted, wanted.isComposite, name.checksum == nil {
                throw S3Failure(
                    .invalidRequest,
                    "The upload was created using a \(ChecksumRequest.name(of: wanted.algorithm).lowercased()) checksum. "
                        + "The complete request must include the checksum for each part. "
                        + "It was missing for part \(name.number) in the request.")
            }
            guard index == named.count - 1 || part.size >= configuration.partBytesMinimum else {
                throw S3Failure(.entityTooSmall)
            }
            part.etag.md5.withUnsafeBytes { md5.update($0) }
            record.size += part.size
            record.parts.append(
                PartRecord(
                    number: name.number, size: part.size,
                    checksum: wanted == nil ? [] : part.checksum?.value ?? []))
            segments.append(SegmentList.Segment(number: name.number, length: part.size))
        }
        record.etag = ETag(md5: md5.finalize(), parts: named.count)
        record.segments = SegmentList(set: id, segments: segments)
        if let wanted {
            let value =
                wanted.isComposite
                ? Checksum.of(Array(record.parts.map(\.checksum).joined()), wanted.algorithm)
                : Checksum.combineCRC(
                    parts: record.parts.map { ($0.checksum, $0.size) }, wanted.algorithm) ?? []
            record.checksum = StoredChecksum(
                algorithm: wanted.algorithm, value: value, isComposite: wanted.isComposite)
        }
    }

    /// What the client says of the whole object must be so.
    private func checkClaims(_ request: S3Request, _ record: ObjectRecord) throws(S3Failure) {
        if let text = request.header("x-amz-mp-object-size") {
            guard Int64(text) == record.size else {
                throw S3Failure(
                    .invalidRequest,
                    "The provided 'x-amz-mp-object-size' header value \(text) does not match what was computed: "
                        + "\(record.size)")
            }
        }
        guard let checksum = record.checksum else { return }
        if let type = request.header("x-amz-checksum-type"), type != checksum.typeName {
            throw S3Failure(
                .invalidRequest,
                "The upload was created using the \(checksum.typeName) checksum mode. "
                    + "The complete request must use the same checksum mode.")
        }
        for known in ChecksumRequest.names {
            guard let claimed = request.header(known.header) else { continue }
            guard known.algorithm == checksum.algorithm else {
                throw mismatch(checksum.algorithm, known.algorithm)
            }
            // A composite value may come with or without its "-N".
            let count = "-\(record.parts.count)"
            let isCounted = checksum.isComposite && claimed.hasSuffix(count)
            let text = isCounted ? String(claimed.dropLast(count.count)) : claimed
            guard let value = Base64.decode(text),
                value.count == ChecksumRequest.bytes(known.algorithm)
            else {
                throw S3Failure(.invalidRequest, "Value for \(known.header) header is invalid.")
            }
            guard value == checksum.value else {
                throw S3Failure(
                    .badDigest,
                    "The \(known.name) you specified did not match the calculated checksum.")
            }
        }
    }
}
