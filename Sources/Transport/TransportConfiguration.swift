/// How a transport uses threads, connections, trust and bandwidth. Read once, when the transport is made.
///
/// Proxies come from the environment as curl reads it: `http_proxy` (lower case only), `https_proxy`,
/// `HTTPS_PROXY`, `all_proxy`, `ALL_PROXY`, `no_proxy`, `NO_PROXY`.
/// Source: <https://curl.se/libcurl/c/libcurl-env.html>
public struct TransportConfiguration: Sendable {
    /// Engine threads; each has connections of its own. 1...8.
    public var engines: Int = 1
    /// Idle connections to one host that one engine keeps for reuse. Active ones are bounded by the number of
    /// transfers the callers run at a time: a limit here could deadlock relays within one host.
    public var connectionsPerHost: Int = 128
    /// A PEM bundle that replaces the system's; nil: AWS_CA_BUNDLE, SSL_CERT_FILE or CURL_CA_BUNDLE,
    /// in this order, else the system's.
    public var caBundlePath: String?
    /// Shared by all transfers of all transports that have the same value; nil: unlimited.
    public var bandwidth: BandwidthLimit?
    /// Sent where a request has no `User-Agent` of its own.
    public var userAgent: String = "brigade"

    public init() {}
}
