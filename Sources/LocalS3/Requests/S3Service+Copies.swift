import Signing
import XML

extension S3Service {
    /// The most that one CopyObject copies.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html>
    private static let copyBytesMaximum: Int64 = 5 << 30

    private struct Source {
        let name: CopySource
        let bucket: Bucket
        let object: ReadableObject
    }

    private func openSource(_ request: S3Request) throws -> Source {
        let source = try CopySource(request.header("x-amz-copy-source") ?? "")
        guard let bucket = store.bucket(source.bucket) else {
            throw S3Failure(
                .noSuchBucket, details: [.init(name: .bucketName, value: source.bucket)])
        }
        let object = try open(bucket, source.key, version: source.version)
        if object.record.isDeleteMarker {
            guard source.version == nil else {
                throw S3Failure(
                    .invalidRequest,
                    "The source of a copy request may not specifically refer to a delete marker by version id."
                )
            }
            throw S3Failure(
                .noSuchKey,
                details: [.init(name: .key, value: String(decoding: source.key, as: UTF8.self))])
        }
        try Conditions.checkRead(request, object.record, .copySource, now: clock())
        return Source(name: source, bucket: bucket, object: object)
    }

    func copyObject(_ request: S3Request) throws -> S3Response {
        let target = try bucket(request)
        let source = try openSource(request)
        let object = source.object
        let original = object.record
        guard original.size <= Self.copyBytesMaximum else {
            throw S3Failure(
                .invalidRequest,
                "The specified copy source is larger than the maximum allowable size for a copy source: "
                    + "\(Self.copyBytesMaximum)")
        }
        var record = ObjectRecord(key: request.key)
        let metadata = try directive(request, "x-amz-metadata-directive")
        let tagging = try directive(request, "x-amz-tagging-directive")
        try ObjectHeaders.refuseUnsupported(request)
        try ObjectHeaders.applyStorageClass(request, to: &record)
        if metadata == .replace {
            try ObjectHeaders.applyMetadata(request, to: &record)
        } else {
            record.headers = original.headers
            record.metadata = original.metadata
        }
        if tagging == .replace {
            record.tags = try Tags.parse(header: request.header("x-amz-tagging") ?? "")
        } else {
            record.tags = original.tags
        }
        let isItself =
            source.name.bucket == request.bucket && source.name.key == request.key
            && source.name.version == nil
        if isItself, metadata != .replace, tagging != .replace,
            request.header("x-amz-storage-class") == nil
        {
            throw S3Failure(
                .invalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the "
                    + "object's metadata, storage class, website redirect location or encryption attributes."
            )
        }
        record.size = original.size
        record.modifiedMilliseconds = clock()
        let settings = target.settings
        try ObjectLocking.apply(request, settings, now: record.modifiedMilliseconds, to: &record)
        ObjectLocking.applyDefault(settings, now: record.modifiedMilliseconds, to: &record)
        try copy(object, to: target, &record, request)
        var response = copied("CopyObjectResult", record, from: source)
        response.headers += Self.versionHeaders(record.version?.text)
        return response
    }

    /// Small objects are written again; large ones share their files with the copy by hard links. A multipart
    /// object's copy has the MD5 of the whole as its ETag, as on S3, so that object is read once.
    private func copy(
        _ object: ReadableObject, to target: Bucket, _ record: inout ObjectRecord,
        _ request: S3Request
    ) throws {
        let original = object.record
        let asked = request.header("x-amz-checksum-algorithm")
        let algorithm = try asked.map { (name) throws(S3Failure) -> ChecksumAlgorithm in
            guard let known = ChecksumRequest.algorithm(named: name) else {
                throw S3Failure(.invalidRequest, "Checksum algorithm provided is unsupported.")
            }
            return known
        }
        let wanted = algorithm ?? original.checksum?.algorithm
        let isChecksumKnown =
            wanted == nil
            || (original.checksum?.algorithm == wanted && original.checksum?.isComposite == false)
        let isLarge = original.size > Int64(ObjectUpload.memoryBytesMaximum)
        let isMultipart = original.etag.parts > 0
        let upload = ObjectUpload(
            directory: target.temporaryDirectory,
            expectedBytes: isLarge ? 0 : Int(original.size))
        var md5 = Checksum(.md5)
        var checksum = Checksum(wanted ?? .crc32)
        if !isLarge || isMultipart || !isChecksumKnown {
            try object.forEachBlock { block in
                if isMultipart { md5.update(block) }
                if !isChecksumKnown { checksum.update(block) }
                if !isLarge { try upload.write(block) }
            }
        }
        let digest = md5.finalize()
        let value = checksum.finalize()
        record.etag = isMultipart ? ETag(md5: digest, parts: 0) : original.etag
        if let wanted {
            record.checksum =
                isChecksumKnown
                ? original.checksum
                : StoredChecksum(algorithm: wanted, value: value, isComposite: false)
        }
        let announce = notifier.announcing(.copy, in: target, request)
        guard isLarge else {
            record = try target.commit(upload.finish(), record, announce: announce) {
                try Conditions.checkWrite(request, $0)
            }
            return
        }
        let segments = try target.linkSegments(of: object, for: record.key)
        record.segments = segments
        do {
            record = try target.commit(.empty, record, announce: announce) {
                try Conditions.checkWrite(request, $0)
            }
        } catch {
            try target.removeSegments(segments)
            throw error
        }
    }

    private enum Directive { case copy, replace }

    private func directive(_ request: S3Request, _ name: String) throws(S3Failure) -> Directive {
        switch request.header(name) {
        case nil, "COPY": return .copy
        case "REPLACE": return .replace
        case let value?:
            throw S3Failure.invalidArgument("Unknown directive.", name: name, value: value)
        }
    }

    private func copied(_ name: StaticString, _ record: ObjectRecord, from source: Source)
        -> S3Response
    {
        var writer = XMLWriter()
        writer.declaration()
        writer.open(name, xmlns: XMLWriter.s3Namespace)
        writer.element(
            "LastModified",
            Timestamps.iso8601(milliseconds: record.modifiedMilliseconds / 1_000 * 1_000))
        writer.element("ETag", record.etag.quoted)
        if let checksum = record.checksum {
            Self.writeChecksum(
                checksum.text(parts: record.parts.count), checksum.algorithm, into: &writer)
            if name.description == "CopyObjectResult" {
                writer.element("ChecksumType", checksum.typeName)
            }
        }
        writer.close(name)
        var response = S3Response(document: writer)
        // S3 does not name a "null" version here.
        let version = source.object.record.versionID
        if source.bucket.settings.versioning != .never, !version.isNull {
            response.headers.append(("x-amz-copy-source-version-id", version.text))
        }
        return response
    }

    func uploadPartCopy(_ request: S3Request) throws -> S3Response {
        let target = try bucket(request)
        let (id, number, owner) = try part(of: request, in: target)
        let source = try openSource(request)
        let object = source.object
        var range = 0..<object.record.size
        if let header = request.header("x-amz-copy-source-range") {
            range = try ByteRange.parseCopySource(header, size: object.record.size)
        }
        let length = range.upperBound - range.lowerBound
        guard length <= configuration.objectBytesMaximum else {
            throw S3Failure(.entityTooLarge)
        }
        let upload = ObjectUpload(
            directory: target.temporaryDirectory, expectedBytes: Int(length))
        let algorithm = owner.checksum?.algorithm
        var md5 = Checksum(.md5)
        var checksum = Checksum(algorithm ?? .crc32)
        try object.forEachBlock(of: range) { block in
            md5.update(block)
            if algorithm != nil { checksum.update(block) }
            try upload.write(block)
        }
        var record = ObjectRecord(key: request.key)
        record.size = length
        record.modifiedMilliseconds = clock()
        record.etag = ETag(md5: md5.finalize(), parts: 0)
        let value = checksum.finalize()
        if let algorithm {
            record.checksum = StoredChecksum(
                algorithm: algorithm, value: value, isComposite: false)
        }
        guard try target.commitPart(upload.finish(), record, number: number, upload: id) else {
            throw noSuchUpload(id)
        }
        return copied("CopyPartResult", record, from: source)
    }
}
