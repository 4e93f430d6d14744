#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The configuration with everything that comes from the environment, read once: libcurl would look at
/// the environment for each request.
struct EngineOptions: Sendable {
    var idleConnections: Int
    var caBundlePath: String?
    var bandwidth: BandwidthLimit?
    var userAgent: String
    /// Empty for no proxy.
    var httpProxy: String
    var httpsProxy: String
    var noProxy: String

    init(_ configuration: TransportConfiguration) {
        idleConnections = max(1, configuration.connectionsPerHost)
        caBundlePath =
            configuration.caBundlePath
            ?? Self.environment("AWS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
        bandwidth = configuration.bandwidth
        userAgent = configuration.userAgent
        // Upper-case HTTP_PROXY is left out on purpose: a CGI server sets it from a request's header.
        // Source: <https://curl.se/libcurl/c/libcurl-env.html>
        httpProxy = Self.environment("http_proxy", "all_proxy", "ALL_PROXY") ?? ""
        httpsProxy =
            Self.environment("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") ?? ""
        noProxy = Self.environment("no_proxy", "NO_PROXY") ?? ""
    }

    private static func environment(_ names: String...) -> String? {
        for name in names {
            if let value = getenv(name), value.pointee != 0 { return String(cString: value) }
        }
        return nil
    }
}
