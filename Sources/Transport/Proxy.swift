import CCurl
import FoundationEssentials

/// A proxy as the environment names it: `[scheme://][user:password@]host[:port]`.
/// Source: <https://curl.se/libcurl/c/CURLOPT_PROXY.html>
struct Proxy: Sendable, Equatable {
    let url: String

    private var parts: (scheme: String, rest: Substring) {
        let name = url.prefix { $0 != ":" && $0 != "/" }
        let rest = url[name.endIndex...]
        return rest.hasPrefix("://") ? (name.lowercased(), rest.dropFirst(3)) : ("http", url[...])
    }

    /// Whether it takes requests of plain HTTP with their whole URL; a SOCKS proxy only makes connections.
    var forwards: Bool { ["http", "https"].contains(parts.scheme) }

    /// Whether it is itself spoken to in TLS.
    var isTLS: Bool { parts.scheme == "https" }

    /// The value of `Proxy-Authorization` for requests that it forwards; for tunnels libcurl sends it.
    var authorization: String? {
        let authority = parts.rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@") else { return nil }
        let user = authority[..<at].prefix { $0 != ":" }
        let password = authority[user.endIndex..<at].dropFirst()
        let credentials = [user, password].map(Self.decoded)
            .joined(separator: ":")
        return "Basic " + Data(credentials.utf8).base64EncodedString()
    }

    /// Without percent-encoding.
    private static func decoded(_ text: Substring) -> String {
        guard let decoded = curl_easy_unescape(nil, String(text), 0, nil) else {
            return String(text)
        }
        defer { curl_free(decoded) }
        return String(cString: decoded)
    }
}
