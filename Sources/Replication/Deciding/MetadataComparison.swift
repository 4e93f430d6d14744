import S3

/// Whether two objects carry the same content headers and user metadata.
enum MetadataComparison {
    /// Our own origin marker, the storage class, tags and locks are not compared here. What the
    /// source does not say of its content type, a destination may fill in as it likes.
    static func areSame(_ source: ObjectMetadata, _ destination: ObjectMetadata) -> Bool {
        (source.contentType == nil || source.contentType == destination.contentType)
            && areSameHeaders(source, destination)
            && userFields(source) == userFields(destination)
    }

    private static func areSameHeaders(_ a: ObjectMetadata, _ b: ObjectMetadata) -> Bool {
        storedEncoding(a.contentEncoding) == storedEncoding(b.contentEncoding)
            && a.contentLanguage == b.contentLanguage
            && a.contentDisposition == b.contentDisposition
            && a.cacheControl == b.cacheControl
            && a.expires == b.expires
            && a.websiteRedirect == b.websiteRedirect
    }

    /// `aws-chunked` is a framing of one transfer that some stores keep by mistake: never copied,
    /// never compared. Returns nil when nothing else is left.
    static func storedEncoding(_ value: String?) -> String? {
        guard let value, value.utf8.count >= 11 else {
            return value?.isEmpty == true ? nil : value
        }
        let kept = value.split(separator: ",")
            .map { $0.trimmingSpaces() }
            .filter { !$0.isEmpty && $0.lowercased() != "aws-chunked" }
        return kept.isEmpty ? nil : kept.joined(separator: ", ")
    }

    private static func userFields(_ metadata: ObjectMetadata) -> [String: String] {
        var fields: [String: String] = [:]
        for field in metadata.user where field.name != Origin.metadataName {
            fields[field.name] = field.value
        }
        return fields
    }

    static func areSame(_ source: [Tag], _ destination: [Tag]) -> Bool {
        Set(source) == Set(destination)
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> String {
        var bytes = utf8[...]
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return String(Substring(bytes))
    }
}
