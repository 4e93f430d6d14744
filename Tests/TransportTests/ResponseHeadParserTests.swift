import TestSupport
import Testing

@testable import Transport

@Suite struct ResponseHeadParserTests {
    @Test func statusAndFields() throws {
        let head = try #require(
            parsed("HTTP/1.1 200 OK\r\nA: 1\r\nb:2\r\nA:\t 3 \r\nempty:\r\nx: a:b\r\n\r\n"))
        #expect(head.status == 200)
        #expect(head.headers == ["A": "1", "b": "2", "A": "3", "empty": "", "x": "a:b"])
    }

    @Test(
        arguments: [
            ("HTTP/1.1 204 No Content\r\n\r\n", 204), ("HTTP/1.0 404\r\n\r\n", 404),
            ("HTTP/1.1 503 \r\n\r\n", 503), ("HTTP/1.1 200 OK\n\n", 200),
            ("HTTP/1.1 20\r\n\r\n", nil), ("HTTP/1.1 2x0 OK\r\n\r\n", nil),
            ("HTTP/1.1\r\n\r\n", nil), ("HTTP/1.1 -20 OK\r\n\r\n", nil),
        ] as [(String, Int?)])
    func statusLines(text: String, status: Int?) {
        #expect(parsed(text)?.status == status)
    }

    @Test func interimAnswersAndTrailersAreDropped() throws {
        var parser = ResponseHeadParser()
        var heads: [HTTPResponseHead] = []
        let text =
            "HTTP/1.1 100 Continue\r\nA: 1\r\n\r\nHTTP/1.1 103 Early\r\n\r\n"
            + "HTTP/1.1 200 OK\r\nB: 2\r\n\r\nTrailer: 3\r\n\r\n"
        for line in lines(text) {
            if case .head(let head) = add(line, to: &parser) { heads.append(head) }
        }
        #expect(heads.map(\.status) == [200])
        #expect(heads.first?.headers == ["B": "2"])
    }

    @Test func foldedLinesGoOn() throws {
        let head = try #require(
            parsed("HTTP/1.1 200 OK\r\n odd\r\nA: 1\r\n  2\r\n\t3\r\nB: 4\r\n\r\n"))
        #expect(head.headers == ["A": "1 2 3", "B": "4"])
    }

    @Test func bytesThatAreNotUTF8AreLatin1() throws {
        var parser = ResponseHeadParser()
        var found: HTTPResponseHead?
        for line in [
            Array("HTTP/1.1 200 OK\r\n".utf8), Array("a: ".utf8) + [0xE9, 0x0D, 0x0A],
            Array("b: é\r\n".utf8), Array("\r\n".utf8),
        ] {
            if case .head(let head) = add(line, to: &parser) { found = head }
        }
        #expect(found?.headers == ["a": "é", "b": "é"])
    }

    @Test func aHeadHasALimit() {
        var parser = ResponseHeadParser()
        let line = Array(("a: " + String(repeating: "x", count: 10_000) + "\r\n").utf8)
        _ = add(Array("HTTP/1.1 200 OK\r\n".utf8), to: &parser)
        var added = 0
        while case .more = add(line, to: &parser) { added += line.count }
        #expect(added <= ResponseHeadParser.limitBytes)
        #expect(added > ResponseHeadParser.limitBytes - 2 * line.count)
    }

    /// Random bytes in lines never trap, and a well-formed head after them is read.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func anyBytes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var parser = ResponseHeadParser()
        for _ in 0..<100 {
            var line = random.bytes(count: Int.random(in: 0...40, using: &random))
            if Bool.random(using: &random) { line = Array("HTTP/".utf8) + line }
            _ = add(line + [0x0A], to: &parser)
        }
        _ = add(Array("HTTP/1.1 200 OK\r\n".utf8), to: &parser)
        guard case .head(let head) = add(Array("\r\n".utf8), to: &parser) else {
            Issue.record("no head")
            return
        }
        #expect(head.status == 200)
    }

    private func parsed(_ text: String) -> HTTPResponseHead? {
        var parser = ResponseHeadParser()
        var found: HTTPResponseHead?
        for line in lines(text) {
            if case .head(let head) = add(line, to: &parser) { found = head }
        }
        return found
    }

    private func lines(_ text: String) -> [[UInt8]] {
        text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
            .map { Array($0) + [0x0A] }
    }

    private func add(
        _ line: [UInt8], to parser: inout ResponseHeadParser
    ) -> ResponseHeadParser.Step {
        line.withUnsafeBytes { parser.add($0) }
    }
}
