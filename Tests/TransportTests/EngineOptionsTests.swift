import Testing

@testable import Transport

@Suite struct EngineOptionsTests {
    @Test(
        arguments: [
            ([:], "", "", ""),
            (["http_proxy": "p:1"], "p:1", "", ""),
            // A CGI server makes this one from a request's header.
            (["HTTP_PROXY": "p:1"], "", "", ""),
            (["https_proxy": "p:1", "HTTPS_PROXY": "p:2"], "", "p:1", ""),
            (["HTTPS_PROXY": "p:2"], "", "p:2", ""),
            (["all_proxy": "p:3"], "p:3", "p:3", ""),
            (["ALL_PROXY": "p:4", "http_proxy": "p:1"], "p:1", "p:4", ""),
            (["all_proxy": "p:3", "ALL_PROXY": "p:4"], "p:3", "p:3", ""),
            (["http_proxy": "", "all_proxy": "p:3"], "p:3", "p:3", ""),
            (["no_proxy": "a", "NO_PROXY": "b"], "", "", "a"),
            (["no_proxy": "", "NO_PROXY": "b"], "", "", "b"),
        ] as [([String: String], String, String, String)])
    func proxies(environment: [String: String], http: String, https: String, no: String) {
        let options = EngineOptions(.init()) { environment[$0] }
        #expect(options.proxies.http == http)
        #expect(options.proxies.https == https)
        #expect(options.proxies.none == no)
    }

    @Test(
        arguments: [
            ([:], nil, nil),
            (["AWS_CA_BUNDLE": "a", "SSL_CERT_FILE": "b", "CURL_CA_BUNDLE": "c"], nil, "a"),
            (["SSL_CERT_FILE": "b", "CURL_CA_BUNDLE": "c"], nil, "b"),
            (["AWS_CA_BUNDLE": "", "CURL_CA_BUNDLE": "c"], nil, "c"),
            (["AWS_CA_BUNDLE": "a"], "given", "given"),
        ] as [([String: String], String?, String?)])
    func trust(environment: [String: String], given: String?, path: String?) {
        var configuration = TransportConfiguration()
        configuration.caBundlePath = given
        #expect(EngineOptions(configuration) { environment[$0] }.caBundlePath == path)
    }

    @Test func theRestIsTheConfiguration() {
        var configuration = TransportConfiguration()
        configuration.connectionsPerHost = 0
        configuration.userAgent = "test/1"
        configuration.bandwidth = BandwidthLimit(bytesPerSecond: 0)
        let options = EngineOptions(configuration) { _ in nil }
        #expect(options.idleConnections == 1)
        #expect(options.userAgent == "test/1")
        #expect(options.bandwidth === configuration.bandwidth)
        #expect(options.bandwidth?.bytesPerSecond == 1)
    }

    @Test(
        arguments: [
            (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(5), 5_000_000),
            (.seconds(-1), -1_000_000_000), (.seconds(9_223_372_036), 9_223_372_036_000_000_000),
            (.seconds(9_223_372_036) + .milliseconds(999), .max), (.seconds(Int64.max), .max),
            (.seconds(Int64.min), .min),
        ] as [(Duration, Nanoseconds)])
    func durations(duration: Duration, nanoseconds: Nanoseconds) {
        #expect(duration.nanoseconds == nanoseconds)
    }
}
