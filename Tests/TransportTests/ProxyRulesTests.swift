import Testing

@testable import Transport

@Suite struct ProxyRulesTests {
    @Test(arguments: [
        ("", "h", false), ("*", "h", true), ("* ", "h", false), ("h", "h", true),
        ("h", "H:80", true),
        ("H", "h", true), ("h", "a.h", true), (".h", "a.h", true), (".h", "h", true),
        ("h.", "h", true),
        ("h", "h.", true), ("h", "ah", false), ("a.h", "h", false), ("x,h", "h", true),
        ("x h", "h", true),
        ("x, h", "h:1", true), (",", "h", false), (".", "h", false),
        ("10.0.0.1", "10.0.0.1:9000", true),
        ("10.0.0.1", "10.0.0.2", false), ("10.0.0.0/8", "10.1.2.3", true),
        ("10.0.0.0/8", "11.0.0.0", false),
        ("10.0.0.0/31", "10.0.0.1", true), ("10.0.0.0/31", "10.0.0.2", false),
        ("0.0.0.0/0", "9.9.9.9", true),
        ("10.0.0.0/33", "10.0.0.0", false), ("10.0.0.0/x", "10.0.0.0", false),
        ("0.1", "10.0.0.1", false),
        ("::1", "[::1]:9000", true), ("fd00::/8", "[fd12::1]", true),
        ("fd00::/8", "[fe80::1]", false),
        ("10.0.0.0/8", "[::1]", false), ("127.0.0.1", "localhost", false),
    ])
    func exceptions(none: String, authority: String, isExcepted: Bool) {
        let rules = ProxyRules(http: "p:1", https: "p:2", none: none)
        #expect(rules.proxy(for: authority, isTLS: false) == (isExcepted ? nil : Proxy(url: "p:1")))
        #expect(rules.proxy(for: authority, isTLS: true) == (isExcepted ? nil : Proxy(url: "p:2")))
    }

    @Test func withoutAProxyThereIsNone() {
        let rules = ProxyRules(http: "", https: "p:2", none: "")
        #expect(rules.proxy(for: "h", isTLS: false) == nil)
        #expect(rules.proxy(for: "h", isTLS: true) == Proxy(url: "p:2"))
    }
}
