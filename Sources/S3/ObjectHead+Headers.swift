import Signing
import Transport

extension ObjectHead {
    /// Reads an answer to HEAD or GET. Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    init(_ head: HTTPResponseHead) {
        self.init(eTag: ETag(""), size: 0, lastModified: 0)
        var length: Int64?
        var total: Int64?
        var restore: String?
        var archiveStatus: String?
        var lock = ObjectLock()
        var hasLock = false
        for (name, value) in head.headers {
            let name = name.lowercased()
            guard name.utf8.starts(with: "x-amz-".utf8) else {
                switch name {
                case "etag": eTag = ETag(value)
                case "content-length": length = Int64(value)
                case "content-range": total = ContentRange(value)?.total
                case "last-modified":
                    lastModified = (Timestamps.parseHTTPDate(value) ?? 0) * 1000
                case "content-type": metadata.contentType = value
                case "content-encoding":
                    metadata.contentEncoding = Self.withoutChunking(value)
                case "content-language": metadata.contentLanguage = value
                case "content-disposition": metadata.contentDisposition = value
                case "cache-control": metadata.cacheControl = value
                case "expires": metadata.expires = value
                default: break
                }
                continue
            }
            if name.utf8.starts(with: "x-amz-meta-".utf8) {
                metadata.user.append(.init(String(name.dropFirst(11)), value))
                continue
            }
            switch name {
            case "x-amz-version-id": versionID = value
            case "x-amz-storage-class": metadata.storageClass = value
            case "x-amz-tagging-count": tagCount = Int(value) ?? 0
            case "x-amz-mp-parts-count": partsCount = Int(value)
            case "x-amz-server-side-encryption": encryption = value
            case "x-amz-server-side-encryption-customer-algorithm": encryption = "SSE-C"
            case "x-amz-website-redirect-location": metadata.websiteRedirect = value
            case "x-amz-replication-status": replicationStatus = value
            case "x-amz-restore": restore = value
            case "x-amz-archive-status": archiveStatus = value
            case "x-amz-checksum-type": checksumIsComposite = value == "COMPOSITE"
            case "x-amz-object-lock-mode":
                lock.mode = ObjectLock.Mode(rawValue: value)
                hasLock = hasLock || lock.mode != nil
            case "x-amz-object-lock-retain-until-date":
                lock.retainUntil = value
                hasLock = true
            case "x-amz-object-lock-legal-hold":
                lock.legalHold = value == "ON"
                hasLock = true
            default:
                guard name.utf8.starts(with: "x-amz-checksum-".utf8) else { break }
                checksums[String(name.dropFirst(15))] = value
                // Before the type had a header of its own, the number of parts told it.
                if value.utf8.contains(0x2D) { checksumIsComposite = true }
            }
        }
        if hasLock { metadata.lock = lock }
        contentLength = length ?? 0
        size = total ?? length ?? 0
        isArchived = Self.isArchived(
            storageClass: metadata.storageClass, restore: restore, archiveStatus: archiveStatus)
    }

    /// `aws-chunked` is how a body travelled, not how it is stored: some stores keep it by mistake.
    static func withoutChunking(_ value: String) -> String? {
        guard value.utf8.count >= 11 else { return value }
        let codings = value.split(separator: ",").map { coding in
            coding.drop { $0 == " " || $0 == "\t" }
        }
        let kept = codings.filter { coding in
            coding.prefix { $0 != " " && $0 != "\t" }.lowercased() != "aws-chunked"
        }
        if kept.count == codings.count { return value }
        return kept.isEmpty ? nil : kept.joined(separator: ", ")
    }

    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/restoring-objects.html>
    private static func isArchived(
        storageClass: String?, restore: String?, archiveStatus: String?
    ) -> Bool {
        guard archiveStatus != nil || storageClass == "GLACIER" || storageClass == "DEEP_ARCHIVE"
        else { return false }
        guard let restore else { return true }
        return Substring(restore).range(ofLiteral: "ongoing-request=\"false\"") == nil
    }
}

/// `Content-Range: bytes 0-499/1234`
struct ContentRange: Equatable {
    var first: Int64
    var last: Int64
    /// nil for `*`.
    var total: Int64?

    init?(_ value: String) {
        let text = Substring(value)
        guard text.utf8.starts(with: "bytes ".utf8) else { return nil }
        let rest = text.dropFirst(6)
        guard let dash = rest.firstIndex(of: "-"), let slash = rest.firstIndex(of: "/"),
            dash < slash, let first = Int64(rest[..<dash]),
            let last = Int64(rest[rest.index(after: dash)..<slash]), first <= last
        else { return nil }
        self.first = first
        self.last = last
        total = Int64(rest[rest.index(after: slash)...])
    }
}
