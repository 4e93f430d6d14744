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
        head.headers.forEachField { field in
            switch field {
            case "etag": eTag = ETag(field.value)
            case "content-length": length = field.number
            case "content-range": total = ContentRange(field.value)?.total
            case "last-modified":
                lastModified = (Timestamps.parseHTTPDate(field.value) ?? 0) * 1000
            case "content-type": metadata.contentType = field.value
            case "content-encoding":
                metadata.contentEncoding = Self.withoutChunking(field.value)
            case "content-language": metadata.contentLanguage = field.value
            case "content-disposition": metadata.contentDisposition = field.value
            case "cache-control": metadata.cacheControl = field.value
            case "expires": metadata.expires = field.value
            default:
                guard let name = field.name(after: "x-amz-") else { return }
                switch name {
                case "version-id": versionID = field.value
                case "storage-class": metadata.storageClass = field.value
                case "tagging-count": tagCount = Int(field.value) ?? 0
                case "mp-parts-count": partsCount = Int(field.value)
                case "server-side-encryption": encryption = field.value
                case "server-side-encryption-customer-algorithm": encryption = "SSE-C"
                case "website-redirect-location": metadata.websiteRedirect = field.value
                case "replication-status": replicationStatus = field.value
                case "restore": restore = field.value
                case "archive-status": archiveStatus = field.value
                case "object-lock-mode":
                    lock.mode = ObjectLock.Mode(rawValue: field.value)
                    hasLock = hasLock || lock.mode != nil
                case "object-lock-retain-until-date":
                    lock.retainUntil = field.value
                    hasLock = true
                case "object-lock-legal-hold":
                    lock.legalHold = field.value == "ON"
                    hasLock = true
                case "checksum-type": checksumIsComposite = field.value == "COMPOSITE"
                default:
                    if let name = field.name(after: "x-amz-meta-") {
                        metadata.user.append(.init(name, field.value))
                    } else if let algorithm = field.name(after: "x-amz-checksum-") {
                        checksums[algorithm] = field.value
                        // Before the type had a header of its own, the number of parts told it.
                        if field.value.utf8.contains(0x2D) { checksumIsComposite = true }
                    }
                }
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
