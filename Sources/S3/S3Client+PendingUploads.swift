import Signing
import Transport
import XML

extension S3Client {
    /// All uploads that were neither completed nor aborted, under a prefix. Some stores want the whole key as prefix.
    public func listUploads(
        _ bucket: String, prefix: ObjectKey
    ) async throws(S3Error) -> [PendingUpload] {
        var uploads: [PendingUpload] = []
        var keyMarker: ObjectKey?
        var idMarker: String?
        while true {
            var request = S3Request("ListMultipartUploads", .list, .get, bucket: bucket)
            request.ask("uploads")
            if dialect.encodingType != .no { request.ask("encoding-type", "url") }
            if !prefix.isEmpty { request.ask("prefix", prefix) }
            if let keyMarker { request.ask("key-marker", keyMarker) }
            if let idMarker { request.ask("upload-id-marker", idMarker) }
            let response: HTTPResponse
            do throws(S3Error) {
                response = try await perform(request)
            } catch {
                // `rclone serve s3` says so of a bucket that has none.
                guard error.kind == .noSuchUpload, keyMarker == nil else { throw error }
                return []
            }
            let root = try document(response, request)
            let isEncoded = root.value("EncodingType") == "url"
            func key(_ node: XMLNode?) -> ObjectKey? {
                guard let bytes = node?.bytes, !bytes.isEmpty else { return nil }
                guard isEncoded else { return ObjectKey(bytes) }
                return ListingKey.decoded(bytes).map { ObjectKey($0 ?? bytes) }
            }
            for upload in root.all("Upload") {
                guard let key = key(upload["Key"]), let id = upload.value("UploadId") else {
                    throw malformed(request, "an upload has no key or no id")
                }
                let time = upload.value("Initiated").flatMap {
                    ListingTime.milliseconds(Array($0.utf8))
                }
                uploads.append(PendingUpload(key: key, uploadID: id, initiated: time ?? 0))
            }
            guard root.value("IsTruncated") == "true" else { return uploads }
            let nextKey = key(root["NextKeyMarker"]) ?? uploads.last?.key
            let nextID = root.value("NextUploadIdMarker") ?? uploads.last?.uploadID
            guard nextKey != nil, nextKey != keyMarker || nextID != idMarker else {
                throw malformed(request, "the listing is cut off without a marker to go on")
            }
            keyMarker = nextKey
            idMarker = nextID
        }
    }

    /// All parts of an upload, by number.
    public func listParts(
        _ object: ObjectAddress, uploadID: String
    ) async throws(S3Error) -> [UploadPart] {
        var parts: [UploadPart] = []
        var marker = 0
        while true {
            var request = S3Request(
                "ListParts", .list, .get, bucket: object.bucket, key: object.key)
            request.ask("uploadId", uploadID)
            if marker > 0 { request.ask("part-number-marker", String(marker)) }
            let root = try document(try await perform(request), request)
            for part in root.all("Part") {
                guard let number = part.value("PartNumber").flatMap({ Int($0) }),
                    let eTag = part.value("ETag")
                else { throw malformed(request, "a part has no number or no ETag") }
                parts.append(
                    UploadPart(
                        number: number, eTag: ETag(eTag),
                        size: part.value("Size").flatMap { Int64($0) }, checksums: part.checksums))
            }
            guard root.value("IsTruncated") == "true" else { return parts }
            let next = root.value("NextPartNumberMarker").flatMap { Int($0) } ?? parts.last?.number
            guard let next, next > marker else {
                throw malformed(request, "the listing is cut off without a marker to go on")
            }
            marker = next
        }
    }
}
