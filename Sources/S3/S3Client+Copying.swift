import Signing
import Transport

extension S3Client {
    /// Server-side copy within this endpoint; at most 5 GiB at most stores.
    ///
    /// - Parameters:
    ///   - ifMatch: the source must have this ETag, else `preconditionFailed`. Some stores ignore it.
    ///   - replace: nil copies metadata and tags. Else its metadata replaces the source's, and its tags, when set, the source's tags.
    public func copyObject(
        from source: ObjectAddress, to target: ObjectAddress, ifMatch: ETag?,
        replace: WriteOptions?, condition: WriteCondition = .none
    ) async throws(S3Error) -> WriteResult {
        var request = S3Request(
            "CopyObject", .copy, .put, bucket: target.bucket, key: target.key)
        request.mayFailInBody = true
        request.timeouts = .storeWorks
        request.add("x-amz-copy-source", source.asCopySource)
        if let ifMatch { request.add("x-amz-copy-source-if-match", ifMatch.quoted) }
        condition.apply(to: &request)
        if let replace {
            request.add("x-amz-metadata-directive", "REPLACE")
            replace.metadata.apply(to: &request)
            if let tags = replace.metadata.tags {
                request.add("x-amz-tagging-directive", "REPLACE")
                request.add("x-amz-tagging", Tag.query(tags))
            }
            replace.metadata.lock?.apply(to: &request)
            request.add("x-amz-acl", replace.cannedACL)
            if let checksum = replace.checksum {
                request.add("x-amz-checksum-algorithm", checksum.algorithm.uppercased())
            }
        }
        let response = try await perform(request)
        var result = WriteResult(response.head.headers)
        let root = try document(response, request)
        result.eTag = root.value("ETag").map { ETag($0) } ?? result.eTag
        result.checksums.merge(root.checksums) { _, new in new }
        return result
    }

    /// Copies a range of an object, or all of it, into a part of an upload at the same endpoint.
    public func copyPart(
        from source: ObjectAddress, range: ClosedRange<Int64>?, ifMatch: ETag?,
        to target: ObjectAddress, uploadID: String, number: Int
    ) async throws(S3Error) -> UploadPart {
        var request = partRequest(
            "UploadPartCopy", .copy, target, uploadID: uploadID, number: number)
        request.mayFailInBody = true
        request.timeouts = .storeWorks
        request.add("x-amz-copy-source", source.asCopySource)
        if let range {
            request.add("x-amz-copy-source-range", "bytes=\(range.lowerBound)-\(range.upperBound)")
        }
        if let ifMatch { request.add("x-amz-copy-source-if-match", ifMatch.quoted) }
        do throws(S3Error) {
            let response = try await perform(request)
            // A store that took this for an empty UploadPart sends no document.
            let root = try document(response, request, "CopyPartResult")
            guard let eTag = root.value("ETag") else {
                throw malformed(request, "the part has no ETag")
            }
            return UploadPart(
                number: number, eTag: ETag(eTag),
                size: range.map { $0.upperBound - $0.lowerBound + 1 }, checksums: root.checksums)
        } catch {
            if error.kind == .malformedAnswer || error.kind == .notSupported {
                learn { $0.partCopy = .no }
            }
            throw error
        }
    }
}

extension ObjectAddress {
    /// `/bucket/key`, encoded, and `?versionId=` outside of what is encoded.
    var asCopySource: String {
        "/" + URIEncoding.encode(bucket.utf8, keepSlash: false) + "/"
            + URIEncoding.encode(key.bytes, keepSlash: true)
            + (versionID.map {
                "?versionId=" + URIEncoding.encode($0.utf8, keepSlash: false)
            } ?? "")
    }
}
