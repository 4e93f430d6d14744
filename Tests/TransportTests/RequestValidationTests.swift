import TestSupport
import Testing

@testable import Transport

@Suite struct RequestValidationTests {
    @Test(
        arguments: [
            ("http://h/", "h:80", true), ("HTTP://h/", "h:80", true), ("https://h", "h:443", true),
            ("hTTpS://h:9/a?b", "h:9", true), ("http://[::1]/", "[::1]:80", true),
            ("http://[::1]:9000/k", "[::1]:9000", true), ("http://h?x", "h:80", true),
            ("http://h/a%20b/../c//d?e=f&g", "h:80", true), ("http://h/@", "h:80", true),
            ("", "", false), ("h/", "", false), ("ftp://h/", "", false), ("http:/h", "", false),
            ("http:///a", ":80", false), ("http://u:p@h/", nil, false),
            ("http://h/a b", nil, false),
            ("http://h/#f", nil, false), ("http://h/ü", nil, false),
            ("http://h/\u{7F}", nil, false),
            ("http://h/\r\nA: b", nil, false), ("http://h/\u{0}", nil, false),
            ("http://h\n/", nil, false), (" http://h/", "", false),
        ] as [(String, String?, Bool)])
    func urls(url: String, host: String?, isValid: Bool) {
        let request = HTTPRequest(.get, url)
        if let host { #expect(request.host == host) }
        #expect(isAccepted(request) == isValid)
    }

    @Test(arguments: [
        ("http://a", HTTPRequest.Scheme.http), ("https://a", .https), ("HTTPS://a", .https),
        ("HTTP://a", .http),
    ])
    func schemes(url: String, scheme: HTTPRequest.Scheme) {
        #expect(HTTPRequest(.get, url).scheme == scheme)
    }

    @Test(arguments: [
        ("a", "b", true), ("a", "", true), ("x-amz-meta-ü", "b", false), ("a", "grün", true),
        ("", "b", false), ("a b", "c", false), ("a:", "b", false), ("a\r\nb", "c", false),
        ("a", "b\r\nc: d", false), ("a", "b\n", false), ("a", "b\rc", false),
        ("a", "\u{0}", false), ("a\u{0}", "b", false), ("Transfer-Encoding", "chunked", false),
        ("a", "\t", true), ("!#$%&'*+-.^_`|~09azAZ", "b", true), ("a;", "b", false),
        ("(", "b", false), ("a\u{7F}", "b", false),
    ])
    func headers(name: String, value: String, isValid: Bool) {
        #expect(isAccepted(HTTPRequest(.get, "http://h/", headers: [name: value])) == isValid)
    }

    @Test func aHeadHasALimit() {
        let long = String(repeating: "x", count: HTTPRequest.headLimitBytes)
        #expect(!isAccepted(HTTPRequest(.get, "http://h/" + long)))
        #expect(!isAccepted(HTTPRequest(.get, "http://h/", headers: ["a": long])))
        #expect(!isAccepted(HTTPRequest(.get, "http://h/", headers: [long: "a"])))
        let half = String(repeating: "x", count: HTTPRequest.headLimitBytes / 2 - 100)
        #expect(isAccepted(HTTPRequest(.get, "http://h/" + half, headers: ["a": half])))
    }

    @Test func headHasNoBody() {
        #expect(isAccepted(HTTPRequest(.head, "http://h/")))
        #expect(!isAccepted(HTTPRequest(.head, "http://h/", body: [1])))
    }

    /// No secret of a URL is in the error.
    @Test func errorsNameTheHostAlone() {
        let request = HTTPRequest(.get, "http://h:1/path?X-Amz-Signature=secret#")
        do {
            try request.validate()
            Issue.record("accepted")
        } catch {
            #expect(error.kind == .invalidRequest)
            #expect(error.host == "h:1")
            #expect(!error.mayHaveBeenSent)
            #expect(!"\(error)".contains("secret"))
            #expect(!"\(error)".contains("path"))
        }
    }

    /// Any bytes either pass or are refused, and never pass with what would end a line.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func anyText(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let count = Int.random(in: 0...6, using: &random)
            let text = String(
                String.UnicodeScalarView(
                    (0..<count).map { _ in
                        Unicode.Scalar(UInt8(truncatingIfNeeded: random.next() & 0xFF))
                    }))
            let isDangerous = text.unicodeScalars.contains { "\r\n\0".unicodeScalars.contains($0) }
            for request in [
                HTTPRequest(.get, "http://h/" + text),
                HTTPRequest(.get, "http://h/", headers: ["a": text]),
                HTTPRequest(.get, "http://h/", headers: ["a" + text: "b"]),
            ] where isAccepted(request) {
                #expect(!isDangerous)
            }
        }
    }

    private func isAccepted(_ request: HTTPRequest) -> Bool {
        do {
            try request.validate()
            return true
        } catch {
            return false
        }
    }
}
