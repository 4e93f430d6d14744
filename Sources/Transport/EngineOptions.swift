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
    /// To one host.
    var idleConnections: Int
    var caBundlePath: String?
    var bandwidth: BandwidthLimit?
    var userAgent: String
    var proxies: ProxyRules

    /// - Parameter environment: the value of a variable; nil when it is not set. Empty counts as not set.
    init(
        _ configuration: TransportConfiguration,
        environment: (String) -> String? = Self.processValue
    ) {
        func first(_ names: String...) -> String? {
            names.lazy.compactMap(environment).first { !$0.isEmpty }
        }
        idleConnections = max(1, configuration.connectionsPerHost)
        caBundlePath =
            configuration.caBundlePath
            ?? first("AWS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
        bandwidth = configuration.bandwidth
        userAgent = configuration.userAgent
        // Upper-case HTTP_PROXY is left out on purpose: a CGI server sets it from a request's header.
        // Source: <https://curl.se/libcurl/c/libcurl-env.html>
        proxies = ProxyRules(
            http: first("http_proxy", "all_proxy", "ALL_PROXY") ?? "",
            https: first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") ?? "",
            none: first("no_proxy", "NO_PROXY") ?? "")
    }

    /// Of one read or write. With a bandwidth limit a transfer overdraws by at most one: small ones.
    var blockBytes: Int { bandwidth == nil ? 128 << 10 : 16 << 10 }

    static func processValue(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
