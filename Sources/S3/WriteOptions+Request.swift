import Signing
import Transport

extension WriteOptions {
    /// All that is written with an object by one PUT.
    func apply(to request: inout S3Request) {
        metadata.apply(to: &request)
        condition.apply(to: &request)
        applyTags(to: &request)
        metadata.lock?.apply(to: &request)
        request.add("x-amz-acl", cannedACL)
        if let contentMD5 { request.add("Content-MD5", Base64.encode(contentMD5)) }
        if let checksum {
            request.add("x-amz-checksum-" + checksum.algorithm.lowercased(), checksum.base64)
        }
    }

    /// What a multipart upload begins with: conditions and digests come when it completes.
    func applyToUpload(_ request: inout S3Request) {
        metadata.apply(to: &request)
        applyTags(to: &request)
        metadata.lock?.apply(to: &request)
        request.add("x-amz-acl", cannedACL)
    }

    private func applyTags(to request: inout S3Request) {
        guard let tags = metadata.tags, !tags.isEmpty else { return }
        request.add("x-amz-tagging", Tag.query(tags))
    }
}

extension ObjectMetadata {
    func apply(to request: inout S3Request) {
        request.add("Content-Type", contentType)
        request.add("Content-Encoding", contentEncoding)
        request.add("Content-Language", contentLanguage)
        request.add("Content-Disposition", contentDisposition)
        request.add("Cache-Control", cacheControl)
        request.add("Expires", expires)
        request.add("x-amz-website-redirect-location", websiteRedirect)
        request.add("x-amz-storage-class", storageClass)
        for field in user { request.add("x-amz-meta-" + field.name, field.value) }
    }
}

extension ObjectLock {
    func apply(to request: inout S3Request) {
        request.add("x-amz-object-lock-mode", mode?.rawValue)
        request.add("x-amz-object-lock-retain-until-date", retainUntil)
        request.add("x-amz-object-lock-legal-hold", legalHold.map { $0 ? "ON" : "OFF" })
    }
}

extension WriteCondition {
    func apply(to request: inout S3Request) {
        switch self {
        case .none: break
        case .ifAbsent: request.add("If-None-Match", "*")
        case .ifMatch(let eTag): request.add("If-Match", eTag.quoted)
        }
    }
}

extension Tag {
    /// As `x-amz-tagging` wants them: a query string.
    static func query(_ tags: [Tag]) -> String {
        tags.map { tag in
            URIEncoding.encode(tag.key.utf8, keepSlash: false) + "="
                + URIEncoding.encode(tag.value.utf8, keepSlash: false)
        }.joined(separator: "&")
    }
}

extension WriteResult {
    init(_ headers: HTTPHeaders) {
        self.init()
        headers.forEachField { field in
            switch field {
            case "etag": eTag = ETag(field.value)
            case "x-amz-version-id": versionID = field.value
            case "x-amz-server-side-encryption": encryption = field.value
            case "x-amz-checksum-type": break
            default:
                if let algorithm = field.name(after: "x-amz-checksum-") {
                    checksums[algorithm] = field.value
                }
            }
        }
    }
}
