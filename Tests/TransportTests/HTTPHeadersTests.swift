import Testing

@testable import Transport

@Suite struct HTTPHeadersTests {
    @Test func namesIgnoreASCIICaseAlone() {
        let headers: HTTPHeaders = ["Content-Type": "a", "X-Ärger": "b"]
        #expect(headers["content-TYPE"] == "a")
        #expect(headers["x-Ärger"] == "b")
        #expect(headers["x-ärger"] == nil)
        #expect(headers["Content-Typ"] == nil)
    }

    @Test(arguments: [
        ("a", "A", true), ("a-b", "A-B", true), ("@", "`", false), ("[", "{", false),
        ("", "", true), ("a", "ab", false), ("K", "\u{212A}", false),
    ])
    func sameNames(left: String, right: String, isSame: Bool) {
        #expect(HTTPHeaders.isSameName(left, right) == isSame)
        #expect(HTTPHeaders.isSameName(right, left) == isSame)
    }

    @Test func settingReplacesEveryValueInThePlaceOfTheFirst() {
        var headers: HTTPHeaders = ["a": "1", "b": "2", "A": "3", "c": "4", "a": "5"]
        headers["A"] = "6"
        #expect(headers.map(\.name) == ["A", "b", "c"])
        #expect(headers.map(\.value) == ["6", "2", "4"])
        headers["b"] = nil
        headers["d"] = "7"
        #expect(headers.map(\.value) == ["6", "4", "7"])
        headers["none"] = nil
        #expect(headers.count == 3)
    }

    @Test func everyValueStaysInOrder() {
        var headers = HTTPHeaders()
        #expect(headers.isEmpty)
        headers.append("Via", "1")
        headers.append("x", "")
        headers.append("via", "2")
        #expect(headers.values(of: "VIA") == ["1", "2"])
        #expect(headers["x"] == "")
        #expect(headers.count == 3)
    }

    @Test func equalityIsThatOfBytes() {
        #expect((["A": "x"] as HTTPHeaders) == ["a": "x"])
        #expect((["a": "x"] as HTTPHeaders) != ["a": "X"])
        #expect((["a": "1", "b": "2"] as HTTPHeaders) != ["b": "2", "a": "1"])
        // Equal as text, not as bytes: composed and decomposed.
        #expect((["a": "\u{E9}"] as HTTPHeaders) != ["a": "e\u{301}"])
    }

    @Test(
        arguments: [
            ("0", 0), ("5", 5), ("9223372036854775807", .max), ("9223372036854775808", nil),
            ("-1", nil), ("+5", nil), ("", nil), ("5, 5", nil), ("0x5", nil), ("5 ", nil),
            ("٣", nil),
        ] as [(String, Int64?)])
    func contentLength(value: String, length: Int64?) {
        let head = HTTPResponseHead(status: 200, headers: ["Content-Length": value])
        #expect(head.contentLength == length)
    }

    @Test func aChunkedAnswerHasNoLength() {
        let head = HTTPResponseHead(
            status: 200, headers: ["content-length": "5", "Transfer-Encoding": "chunked"])
        #expect(head.contentLength == nil)
        #expect(HTTPResponseHead(status: 200, headers: [:]).contentLength == nil)
    }

    @Test(arguments: [(199, false), (200, true), (299, true), (300, false), (404, false)])
    func success(status: Int, isSuccess: Bool) {
        #expect(HTTPResponseHead(status: status, headers: [:]).isSuccess == isSuccess)
    }
}
