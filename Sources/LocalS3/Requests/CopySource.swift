import Signing

/// What `x-amz-copy-source` names: `[/]bucket/key[?versionId=...]`, percent-encoded.
struct CopySource: Sendable, Equatable {
    let bucket: String
    let key: [UInt8]
    /// nil for the current one.
    let version: String?

    /// - Throws: ``S3Failure`` `InvalidArgument`.
    init(_ header: String) throws(S3Failure) {
        func invalid(_ message: String) -> S3Failure {
            .invalidArgument(message, name: "x-amz-copy-source", value: header)
        }
        var text = header.utf8[...]
        var version: String?
        // A question mark that belongs to the key is encoded.
        if let mark = text.lastIndex(of: UInt8(ascii: "?")) {
            let query = String(text[text.index(after: mark)...]) ?? ""
            if query.hasPrefix("versionId=") {
                version = String(query.dropFirst(10))
                text = text[..<mark]
            }
        }
        if let version, !VersionID.isValid(version) {
            throw invalid("Invalid version id specified")
        }
        guard let decoded = URIEncoding.decode(Substring(text)) else {
            throw invalid(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
        }
        let path = decoded.first == UInt8(ascii: "/") ? decoded[1...] : decoded[...]
        guard let slash = path.firstIndex(of: UInt8(ascii: "/")), slash > path.startIndex,
            slash + 1 < path.endIndex
        else {
            throw invalid(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey")
        }
        guard String(validating: path, as: UTF8.self) != nil else {
            throw invalid("Copy Source must be UTF-8")
        }
        bucket = String(decoding: path[..<slash], as: UTF8.self)
        key = Array(path[(slash + 1)...])
        self.version = version
    }
}
