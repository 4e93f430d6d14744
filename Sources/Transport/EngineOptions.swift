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
        httpProxy = first("http_proxy", "all_proxy", "ALL_PROXY") ?? ""
        httpsProxy = first("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY") ?? ""
        noProxy = first("no_proxy", "NO_PROXY") ?? ""
    }

    static func processValue(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}
