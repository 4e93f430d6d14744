import Signing
import XML

extension S3Service {
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
    static let partNumberMaximum = 10_000

    func noSuchUpload(_ id: String) -> S3Failure {
        S3Failure(.noSuchUpload, details: [.init(name: .uploadID, value: id)])
    }

    /// The upload's record, or S3's answer that there is none.
    private func upload(of request: S3Request, in bucket: Bucket) throws -> (
        id: String, record: ObjectRecord
    ) {
        let id = request.parameter("uploadId") ?? ""
        guard let record = try bucket.upload(id, key: request.key) else { throw noSuchUpload(id) }
        return (id, record)
    }

    /// The upload and the number of the part that a request carries.
    func part(of request: S3Request, in bucket: Bucket) throws -> (
        id: String, number: Int, upload: ObjectRecord
    ) {
        let text = request.parameter("partNumber") ?? ""
        guard let number = Int(text), (1...Self.partNumberMaximum).contains(number) else {
            throw S3Failure.invalidArgument(
                "Part number must be an integer between 1 and 10000, inclusive",
                name: "partNumber", value: text)
        }
        let (id, record) = try upload(of: request, in: bucket)
        return (id, number, record)
    }

    func createMultipartUpload(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        var record = ObjectRecord(key: request.key)
        try ObjectHeaders.apply(request, to: &record)
        record.modifiedMilliseconds = clock()
        try ObjectLocking.apply(
            request, bucket.settings, now: record.modifiedMilliseconds, to: &record)
        if let checksum = try ChecksumRequest.parse(request) {
            // Only the algorithm and the kind are kept: the value comes with the parts.
            record.checksum = StoredChecksum(
                algorithm: checksum.algorithm, value: [],
                isComposite: try isComposite(request, checksum.algorithm))
        } else if request.headers.contains(name: "x-amz-checksum-type") {
            throw S3Failure(
                .invalidRequest,
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
            )
        }
        let id = try bucket.createUpload(record)
        var writer = XMLWriter()
        writer.declaration()
        writer.open("InitiateMultipartUploadResult", xmlns: XMLWriter.s3Namespace)
        writer.element("Bucket", bucket.name)
        writer.element("Key", request.key)
        writer.element("UploadId", id)
        writer.close("InitiateMultipartUploadResult")
        var response = S3Response(document: writer)
        if let checksum = record.checksum {
            response.headers.append(
                ("x-amz-checksum-algorithm", ChecksumRequest.name(of: checksum.algorithm)))
            response.headers.append(("x-amz-checksum-type", checksum.typeName))
        }
        return response
    }

    /// CRC64NVME is of the whole object only, SHA-1 and SHA-256 of the parts' only, the others of either.
    private func isComposite(_ request: S3Request, _ algorithm: ChecksumAlgorithm)
        throws(S3Failure) -> Bool
    {
        let type = request.header("x-amz-checksum-type")?.uppercased()
        switch (type, algorithm) {
        case (nil, .crc64nvme), ("FULL_OBJECT", .crc32), ("FULL_OBJECT", .crc32c),
            ("FULL_OBJECT", .crc64nvme):
            return false
        case (nil, _), ("COMPOSITE", .crc32), ("COMPOSITE", .crc32c), ("COMPOSITE", .sha1),
            ("COMPOSITE", .sha256):
            return true
        default:
            throw S3Failure(
                .invalidRequest,
                "The \(type ?? "") checksum type cannot be used with the "
                    + "\(ChecksumRequest.name(of: algorithm).lowercased()) checksum algorithm.")
        }
    }

    func uploadPart(_ request: S3Request, _ body: ReceivedBody) throws -> S3Response {
        let bucket = try bucket(request)
        let (id, number, owner) = try part(of: request, in: bucket)
        let given = try ChecksumRequest.parse(request)?.algorithm
        // What the parts of a whole object's checksum do not bring is calculated here.
        if let wanted = owner.checksum, given != wanted.algorithm,
            given != nil || wanted.isComposite
        {
            throw mismatch(wanted.algorithm, given)
        }
        try ObjectLocking.checkProof(
            request, hasChecksum: given != nil,
            isLocked: owner.hasLock || bucket.settings.lock?.retention != nil, "Put Part")
        var record = ObjectRecord(key: request.key)
        record.size = body.staged.size
        record.modifiedMilliseconds = clock()
        record.etag = ETag(md5: body.md5, parts: 0)
        record.checksum = body.checksum
        guard try bucket.commitPart(body.staged, record, number: number, upload: id) else {
            throw noSuchUpload(id)
        }
        var response = S3Response()
        response.headers = [("ETag", record.etag.quoted)]
        if let checksum = record.checksum {
            response.headers.append(
                (ChecksumRequest.header(of: checksum.algorithm), checksum.text(parts: 0)))
        }
        return response
    }

    func mismatch(_ expected: ChecksumAlgorithm, _ actual: ChecksumAlgorithm?) -> S3Failure {
        let name = ChecksumRequest.name(of: expected).lowercased()
        let other = actual.map { ChecksumRequest.name(of: $0).lowercased() } ?? "null"
        return S3Failure(
            .invalidRequest,
            "Checksum Type mismatch occurred, expected checksum Type: \(name), actual checksum Type: \(other)"
        )
    }

    func abortMultipartUpload(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        let (id, _) = try upload(of: request, in: bucket)
        guard try bucket.abort(upload: id) else { throw noSuchUpload(id) }
        return S3Response(.noContent)
    }

    func listParts(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        let (id, upload) = try upload(of: request, in: bucket)
        let limit = try Limit.parse(request.parameter("max-parts"), name: "max-parts")
        let marker = try partMarker(request)
        let numbers = try bucket.partNumbers(ofUpload: id).filter { $0 > marker }
        let page = numbers.prefix(limit)
        var writer = XMLWriter(reservingBytes: 512 + 256 * page.count)
        writer.declaration()
        writer.open("ListPartsResult", xmlns: XMLWriter.s3Namespace)
        writer.element("Bucket", bucket.name)
        if request.parameter("encoding-type") == "url" {
            writer.element("EncodingType", "url")
            writer.element("Key", URIEncoding.encode(request.key, keepSlash: true))
        } else {
            writer.element("Key", request.key)
        }
        writer.element("UploadId", id)
        Self.writeOwner("Initiator", into: &writer)
        Self.writeOwner("Owner", into: &writer)
        writer.element("StorageClass", upload.storageClass.name)
        writer.element("PartNumberMarker", marker)
        writer.element("NextPartNumberMarker", page.last ?? 0)
        writer.element("MaxParts", limit)
        writer.element("IsTruncated", numbers.count > page.count)
        if let checksum = upload.checksum {
            writer.element(
                "ChecksumAlgorithm", ChecksumRequest.name(of: checksum.algorithm))
            writer.element("ChecksumType", checksum.typeName)
        }
        for number in page {
            guard let part = try bucket.part(number, ofUpload: id) else { continue }
            writer.open("Part")
            writer.element("PartNumber", number)
            writer.element(
                "LastModified",
                Timestamps.iso8601(milliseconds: part.modifiedMilliseconds / 1_000 * 1_000))
            writer.element("ETag", part.etag.quoted)
            writer.element("Size", part.size)
            if let checksum = part.checksum {
                Self.writeChecksum(checksum.text(parts: 0), checksum.algorithm, into: &writer)
            }
            writer.close("Part")
        }
        writer.close("ListPartsResult")
        return S3Response(document: writer)
    }

    private func partMarker(_ request: S3Request) throws(S3Failure) -> Int {
        guard let text = request.parameter("part-number-marker"), !text.isEmpty else { return 0 }
        guard let marker = Int(text), (0...Int(Int32.max)).contains(marker) else {
            throw S3Failure.invalidArgument(
                "Argument part-number-marker must be an integer between 0 and 2147483647",
                name: "part-number-marker", value: text)
        }
        return marker
    }
}
