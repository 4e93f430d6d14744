/// How a service's canonical request has the path. S3 takes it as sent; all others normalise and encode it once more.
enum CanonicalPath {
    case asSent
    case normalizedAndEncoded

    init(service: String) { self = service == "s3" ? .asSent : .normalizedAndEncoded }

    func path(_ sent: String) -> String {
        if sent.isEmpty { return "/" }
        switch self {
        case .asSent: return sent
        case .normalizedAndEncoded:
            return URIEncoding.encode(Self.removingDotSegments(sent).utf8, keepSlash: true)
        }
    }

    /// Without `.`, `..` and empty segments; a slash at the end stays.
    static func removingDotSegments(_ path: String) -> String {
        var segments: [Substring] = []
        for segment in path.split(separator: "/", omittingEmptySubsequences: true) {
            switch segment {
            case ".": break
            case "..": _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        let joined = (path.utf8.first == 0x2F ? "/" : "") + segments.joined(separator: "/")
        return path.utf8.last == 0x2F && !segments.isEmpty ? joined + "/" : joined
    }
}
