/// Where an AWS service other than S3 is: `http(s)://host[:port][/path]`.
struct ServiceEndpoint: Sendable, Equatable {
    let scheme: String
    /// As the `Host` field has it: without the scheme's own port.
    let host: String
    /// At least "/".
    let path: String

    /// - Returns: nil for what is no such URL.
    init?(_ url: String) {
        guard let separator = url.firstRange(of: "://") else { return nil }
        let scheme = url[..<separator.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = url[separator.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var host = rest[..<slash].lowercased()
        let path = String(rest[slash...])
        let isPlain = rest.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && $0 != 0x3F && $0 != 0x23 && $0 != 0x40
        }
        guard !host.isEmpty, isPlain else { return nil }
        let port = scheme == "http" ? ":80" : ":443"
        if host.hasSuffix(port) { host.removeLast(port.count) }
        self.scheme = scheme
        self.host = host
        self.path = path.isEmpty ? "/" : path
    }

    var url: String { "\(scheme)://\(host)\(path)" }
}
