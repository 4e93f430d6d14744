import Signing
import XML

extension S3Service {
    func listObjects(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        let text = try KeyText(request)
        let limit = try Limit.parse(request.parameter("max-keys"), name: "max-keys")
        let prefix = Array((request.parameter("prefix") ?? "").utf8)
        let delimiter = Array((request.parameter("delimiter") ?? "").utf8)
        let marker = Array((request.parameter("marker") ?? "").utf8)
        let page = try Listing(
            bucket.snapshot(), prefix: prefix, delimiter: delimiter, after: marker, limit: limit)
        var writer = XMLWriter(reservingBytes: 1_024 + 400 * page.elements.count)
        writer.declaration()
        writer.open("ListBucketResult", xmlns: XMLWriter.s3Namespace)
        writer.element("Name", bucket.name)
        text.write("Prefix", prefix, into: &writer)
        text.write("Marker", marker, into: &writer)
        writer.element("MaxKeys", limit)
        if !delimiter.isEmpty { text.write("Delimiter", delimiter, into: &writer) }
        if text.isURLEncoded { writer.element("EncodingType", "url") }
        writer.element("IsTruncated", page.isTruncated)
        // S3 gives it only with a delimiter: without one the last key serves.
        if page.isTruncated, !delimiter.isEmpty {
            text.write("NextMarker", page.last, into: &writer)
        }
        write(page, text, owner: true, into: &writer)
        writer.close("ListBucketResult")
        return S3Response(document: writer)
    }

    func listObjectsV2(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        let text = try KeyText(request)
        let limit = try Limit.parse(request.parameter("max-keys"), name: "max-keys")
        let prefix = Array((request.parameter("prefix") ?? "").utf8)
        let delimiter = Array((request.parameter("delimiter") ?? "").utf8)
        let startAfter = Array((request.parameter("start-after") ?? "").utf8)
        let token = request.parameter("continuation-token")
        let page = try Listing(
            bucket.snapshot(), prefix: prefix, delimiter: delimiter,
            after: try token.map(Self.position) ?? startAfter, limit: limit)
        var writer = XMLWriter(reservingBytes: 1_024 + 330 * page.elements.count)
        writer.declaration()
        writer.open("ListBucketResult", xmlns: XMLWriter.s3Namespace)
        writer.element("Name", bucket.name)
        text.write("Prefix", prefix, into: &writer)
        if !delimiter.isEmpty { text.write("Delimiter", delimiter, into: &writer) }
        if !startAfter.isEmpty { text.write("StartAfter", startAfter, into: &writer) }
        if let token { writer.element("ContinuationToken", token) }
        writer.element("KeyCount", page.elements.count)
        writer.element("MaxKeys", limit)
        if text.isURLEncoded { writer.element("EncodingType", "url") }
        writer.element("IsTruncated", page.isTruncated)
        if page.isTruncated { writer.element("NextContinuationToken", Self.token(page.last)) }
        write(
            page, text, owner: request.parameter("fetch-owner") == "true", into: &writer)
        writer.close("ListBucketResult")
        return S3Response(document: writer)
    }

    private func write(
        _ page: Listing, _ text: KeyText, owner: Bool, into writer: inout XMLWriter
    ) {
        for element in page.elements {
            guard case .object(let item) = element else { continue }
            writer.open("Contents")
            text.write("Key", item.key, into: &writer)
            Self.writeObject(item.entry, into: &writer)
            if owner { Self.writeOwner("Owner", into: &writer) }
            writer.close("Contents")
        }
        for element in page.elements {
            guard case .prefix(let prefix) = element else { continue }
            writer.open("CommonPrefixes")
            text.write("Prefix", prefix, into: &writer)
            writer.close("CommonPrefixes")
        }
    }

    /// What all listings say of an object, but for its owner.
    static func writeObject(_ entry: IndexEntry, into writer: inout XMLWriter) {
        writeModified(entry, into: &writer)
        var etag: [UInt8] = []
        etag.reserveCapacity(44)
        etag.append(UInt8(ascii: "\""))
        entry.etag.append(to: &etag)
        etag.append(UInt8(ascii: "\""))
        writer.element("ETag", etag)
        if let algorithm = ChecksumCode.algorithm(of: (entry.checksum & 127) &- 1) {
            writer.element("ChecksumAlgorithm", ChecksumRequest.name(of: algorithm))
            writer.element(
                "ChecksumType", entry.checksum & 128 != 0 ? "COMPOSITE" : "FULL_OBJECT")
        }
        writer.element("Size", entry.size)
        writer.element("StorageClass", entry.storageClass.name)
    }

    static func writeModified(_ entry: IndexEntry, into writer: inout XMLWriter) {
        writer.element(
            "LastModified",
            Timestamps.iso8601(milliseconds: entry.modifiedMilliseconds / 1_000 * 1_000))
    }

    /// A token is the last key of its page, in hex, after a digit for its form.
    private static func token(_ key: [UInt8]) -> String { "1" + Hex.encode(key) }

    private static func position(_ token: String) throws(S3Failure) -> [UInt8] {
        guard token.first == "1", let key = Hex.decode(token.dropFirst()) else {
            throw S3Failure.invalidArgument(
                "The continuation token provided is incorrect", name: "continuation-token",
                value: token)
        }
        return key
    }

    func listUploads(_ request: S3Request) throws -> S3Response {
        let bucket = try bucket(request)
        let text = try KeyText(request)
        let limit = try Limit.parse(request.parameter("max-uploads"), name: "max-uploads")
        let prefix = Array((request.parameter("prefix") ?? "").utf8)
        let delimiter = Array((request.parameter("delimiter") ?? "").utf8)
        let keyMarker = Array((request.parameter("key-marker") ?? "").utf8)
        let idMarker = request.parameter("upload-id-marker") ?? ""
        let page = UploadPage(
            try bucket.uploads(), prefix: prefix, delimiter: delimiter, keyMarker: keyMarker,
            idMarker: idMarker, limit: limit)
        var writer = XMLWriter(reservingBytes: 512 + 400 * page.uploads.count)
        writer.declaration()
        writer.open("ListMultipartUploadsResult", xmlns: XMLWriter.s3Namespace)
        writer.element("Bucket", bucket.name)
        text.write("KeyMarker", keyMarker, into: &writer)
        writer.element("UploadIdMarker", idMarker)
        text.write("Prefix", prefix, into: &writer)
        if !delimiter.isEmpty { text.write("Delimiter", delimiter, into: &writer) }
        text.write("NextKeyMarker", page.lastKey, into: &writer)
        writer.element("NextUploadIdMarker", page.lastID)
        writer.element("MaxUploads", limit)
        if text.isURLEncoded { writer.element("EncodingType", "url") }
        writer.element("IsTruncated", page.isTruncated)
        for upload in page.uploads {
            writer.open("Upload")
            text.write("Key", upload.record.key, into: &writer)
            writer.element("UploadId", upload.id)
            Self.writeOwner("Initiator", into: &writer)
            Self.writeOwner("Owner", into: &writer)
            writer.element("StorageClass", upload.record.storageClass.name)
            writer.element(
                "Initiated",
                Timestamps.iso8601(
                    milliseconds: upload.record.modifiedMilliseconds / 1_000 * 1_000))
            if let checksum = upload.record.checksum {
                writer.element(
                    "ChecksumAlgorithm", ChecksumRequest.name(of: checksum.algorithm))
                writer.element("ChecksumType", checksum.typeName)
            }
            writer.close("Upload")
        }
        for prefix in page.prefixes {
            writer.open("CommonPrefixes")
            text.write("Prefix", prefix, into: &writer)
            writer.close("CommonPrefixes")
        }
        writer.close("ListMultipartUploadsResult")
        return S3Response(document: writer)
    }
}
