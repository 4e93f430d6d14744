import TestSupport
import Testing

@testable import Transport

/// The framing of answers, cut at every byte. What goes over sockets is in `FramingTests`.
@Suite struct AnswerReaderTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var text: String
        var method = HTTPMethod.get
        /// nil is malformed.
        var body: String? = ""
        var isWhole = true
        var allowsReuse = true
        var stray = ""
        var testDescription: String { text }
    }

    private static let ok = "HTTP/1.1 200 OK\r\n"
    private static let cases = [
        Case(text: ok + "Content-Length: 3\r\n\r\nabcX", body: "abc", stray: "X"),
        Case(text: ok + "Content-Length: 4\r\n\r\nabc", body: "abc", isWhole: false),
        Case(text: ok + "Content-Length: 0\r\n\r\nX", stray: "X"),
        Case(text: ok + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", body: "abc"),
        Case(text: ok + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", body: nil),
        Case(text: ok + "Content-Length: -3\r\n\r\nabc", body: nil),
        Case(text: ok + "Content-Length: 3, 3\r\n\r\nabc", body: nil),
        Case(text: ok + "Content-Length: 99999999999999999999\r\n\r\nabc", body: nil),
        Case(text: ok + "\r\nabc", body: "abc", isWhole: false, allowsReuse: false),
        Case(
            text: ok + "Content-Length: 1\r\nConnection: x, Close\r\n\r\na", body: "a",
            allowsReuse: false),
        Case(text: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", body: "a", allowsReuse: false),
        Case(
            text: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\na",
            body: "a"),
        Case(text: ok + "Content-Length: 9\r\n\r\nX", method: .head, stray: "X"),
        Case(text: "HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\nX", stray: "X"),
        Case(text: "HTTP/1.1 304 No\r\nTransfer-Encoding: chunked\r\n\r\nX", stray: "X"),
        Case(
            text: "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n" + ok + "Content-Length: 1\r\n\r\na",
            body: "a"),
        Case(text: "HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n", body: nil),
        Case(
            text: ok
                + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A ;x=\"y\"\r\n0123456789\r\n0\r\nT: u\r\n\r\nX",
            body: "abc0123456789", stray: "X"),
        Case(text: ok + "Transfer-Encoding: Chunked\n\n3\nabc\n0\n\n", body: "abc"),
        Case(
            text: ok + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\na\r\n0\r\n\r\n",
            body: "a", allowsReuse: false),
        Case(text: ok + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", body: nil),
        Case(text: ok + "Transfer-Encoding: chunked\r\n\r\n\r\n", body: nil),
        Case(text: ok + "Transfer-Encoding: chunked\r\n\r\n-1\r\n", body: nil),
        Case(text: ok + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n", body: nil),
        Case(text: ok + "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n", body: "a", isWhole: false),
        Case(text: ok + "Transfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\na", body: nil),
        Case(text: ok + "Transfer-Encoding: identity\r\nContent-Length: 1\r\n\r\na", body: "a"),
        Case(text: "HTTP/2 200 OK\r\n\r\n", body: nil),
        Case(text: "HTTP/1.1 99\r\n\r\n", body: nil),
        Case(text: "\r\n" + ok + "Content-Length: 0\r\n\r\n", body: nil),
        Case(text: "SSH-2.0", body: nil), Case(text: "H", isWhole: false, allowsReuse: false),
    ]

    @Test(arguments: cases)
    func cutAnywhere(_ example: Case) {
        let bytes = Array(example.text.utf8)
        for size in 1...bytes.count {
            let got = read(bytes, in: size, method: example.method)
            #expect(
                got.body.map { String(decoding: $0, as: UTF8.self) } == example.body,
                "in pieces of \(size)")
            if got.body == nil { continue }
            #expect(got.reader.isAtEnd == example.isWhole)
            #expect(got.reader.allowsReuse == example.allowsReuse)
            #expect(
                String(decoding: got.stray, as: UTF8.self) == (example.isWhole ? example.stray : "")
            )
        }
    }

    @Test func theEndOfTheConnectionEndsOnlyWhatHasNoLength() {
        for (text, isEnd) in [
            (Self.ok + "\r\nabc", true), (Self.ok + "\r\n", true), (Self.ok, false), ("", false),
            (Self.ok + "Content-Length: 1\r\n\r\n", false),
            (Self.ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n", false),
        ] {
            var reader = read(Array(text.utf8), in: 1000, method: .get).reader
            #expect(reader.connectionEnded() == isEnd, "\(text)")
            #expect(reader.isAtEnd == isEnd)
        }
    }

    @Test func lineLengthsHaveALimit() {
        let long = [UInt8](repeating: 0x61, count: AnswerReader.lineLimitBytes + 1)
        for start in [Self.ok, Self.ok + "Transfer-Encoding: chunked\r\n\r\n1;"] {
            #expect(read(Array(start.utf8) + long, in: 5000, method: .get).body == nil)
            #expect(read(Array(start.utf8) + long + [0x0A], in: 1 << 20, method: .get).body == nil)
        }
        let trailer = Array(Self.ok.utf8) + Array("Transfer-Encoding: chunked\r\n\r\n0\r\n".utf8)
        let lines = [UInt8](String(repeating: "a: b\r\n", count: 100_000).utf8)
        #expect(read(trailer + lines, in: 5000, method: .get).body == nil)
    }

    @Test func interimAnswersHaveAnEnd() {
        let flood = [UInt8](String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 20_000).utf8)
        #expect(read(flood, in: 5000, method: .get).body == nil)
    }

    /// Whatever comes, it is taken whole or called malformed, and never traps.
    @Test(arguments: 0..<50 as Range<UInt64>)
    func anyBytes(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let words = [
            "HTTP/1.1 200 OK\r\n", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n",
            "\r\n", "5\r\n",
            "0\r\n", "hello", ":", "\n", "HTTP/1.1 100 \r\n\r\n",
        ]
        for _ in 0..<40 {
            var bytes: [UInt8] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                bytes += words.randomElement(using: &random).map { Array($0.utf8) } ?? []
                if Int.random(in: 0..<4, using: &random) == 0 { bytes += random.bytes(count: 3) }
            }
            let whole = read(bytes, in: max(1, bytes.count), method: .get)
            let pieces = read(bytes, in: Int.random(in: 1...7, using: &random), method: .get)
            #expect(
                (whole.body == nil) == (pieces.body == nil) && whole.body == pieces.body, "\(bytes)"
            )
        }
    }

    private func read(
        _ bytes: [UInt8], in size: Int, method: HTTPMethod
    ) -> (body: [UInt8]?, stray: [UInt8], reader: AnswerReader) {
        var reader = AnswerReader(answerTo: method)
        var body: [UInt8] = []
        var stray: [UInt8] = []
        var isMalformed = false
        bytes.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count, !isMalformed {
                let end = min(bytes.count, start + size)
                var rest = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                start = end
                loop: while true {
                    switch reader.next(&rest) {
                    case .more:
                        #expect(rest.isEmpty)
                        break loop
                    case .interim, .head: break
                    case .body(let block): body += block
                    case .end:
                        stray += rest
                        break loop
                    case .malformed:
                        isMalformed = true
                        break loop
                    }
                }
            }
        }
        return (isMalformed ? nil : body, stray, reader)
    }
}
