import Testing

@testable import Transport

@Suite struct RequestHeadWriterTests {
    @Test(arguments: [
        ("http://h", "/", "h"), ("http://h?a", "/?a", "h"),
        ("http://h/a%20b/../c?d=e", "/a%20b/../c?d=e", "h"),
        ("http://h:80/", "/", "h"), ("https://h:443/", "/", "h"), ("http://h:443/", "/", "h:443"),
        ("https://h:80/", "/", "h:80"), ("http://[::1]:9000/x", "/x", "[::1]:9000"),
        ("http://[::80]/x", "/x", "[::80]"), ("HTTP://H:8080//", "//", "H:8080"),
    ])
    func targetAndHost(url: String, target: String, host: String) {
        #expect(
            head(HTTPRequest(.get, url)) == [
                "GET \(target) HTTP/1.1", "Host: \(host)", "User-Agent: test/1", "Accept: */*", "",
                "",
            ])
    }

    @Test func fieldsGoAsTheyAre() {
        let headers: HTTPHeaders = [
            "A": "1", "empty": "", "a": " 2", "content-length": "7", "EXPECT": "x", "x": "grün",
        ]
        #expect(
            head(HTTPRequest(.put, "http://h/", headers: headers), bodyLength: 5, asksFirst: true)
                == [
                    "PUT / HTTP/1.1", "Host: h", "User-Agent: test/1", "Accept: */*", "A: 1",
                    "empty: ",
                    "a:  2", "x: grün", "Content-Length: 5", "Expect: 100-continue", "", "",
                ])
    }

    @Test func whatTheCallerSaysIsNotSaidTwice() {
        let headers: HTTPHeaders = ["user-agent": "own", "ACCEPT": "a/b", "Host": "other"]
        #expect(
            head(HTTPRequest(.post, "http://h/", headers: headers), bodyLength: 0) == [
                "POST / HTTP/1.1", "user-agent: own", "ACCEPT: a/b", "Host: other",
                "Content-Length: 0",
                "", "",
            ])
    }

    /// A proxy that forwards gets the whole URL and its password; one that tunnels or a SOCKS proxy has had both before.
    @Test(
        arguments: [
            ("http://u%40:p%3A@proxy:1", "http://h/a", "Basic dUA6cDo="),
            ("proxy:1", "http://h/a", nil),
            ("https://u@proxy", "http://h/a", "Basic dTo="), ("socks5h://u:p@proxy:1", "/a", nil),
        ] as [(String, String, String?)])
    func throughAProxy(proxy: String, target: String, authorization: String?) {
        let fields = authorization.map { ["Proxy-Authorization: \($0)"] } ?? []
        #expect(
            head(HTTPRequest(.get, "http://h/a"), proxy: proxy) == [
                "GET \(target) HTTP/1.1", "Host: h", "User-Agent: test/1", "Accept: */*",
            ] + fields + ["", ""])
        #expect(
            head(HTTPRequest(.get, "https://h/a"), proxy: proxy).prefix(2) == [
                "GET /a HTTP/1.1", "Host: h",
            ])
    }

    private func head(
        _ request: HTTPRequest, bodyLength: Int64? = nil, asksFirst: Bool = false,
        proxy: String? = nil
    ) -> [String] {
        let options = EngineOptions(.init()) { $0 == "all_proxy" ? proxy : nil }
        var bytes: [UInt8] = []
        RequestHeadWriter.write(
            request, to: Origin(of: request, options), bodyLength: bodyLength, asksFirst: asksFirst,
            userAgent: "test/1", into: &bytes)
        return String(decoding: bytes, as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false
        ).map(String.init)
    }
}
