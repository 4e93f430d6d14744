import TestSupport
import Testing

@testable import Transport

/// Where a body ends, and that a body that did not end is never taken for one that did.
@Suite(.timeLimit(.minutes(1))) struct FramingTests {
    private let transport = HTTPTransport.forTest()
    private static let abc = Array("abc".utf8)

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var method = HTTPMethod.get
        var answer: String
        /// nil: the transfer fails as interrupted.
        var body: String?
        var status = 200
    }

    private static let cases = [
        Case(
            testDescription: "length", answer: "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            body: "abc"),
        Case(
            testDescription: "length too short",
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", body: "ab"),
        Case(
            testDescription: "length too long",
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabc", body: nil),
        Case(
            testDescription: "length and no body",
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", body: nil),
        Case(testDescription: "until the end", answer: "HTTP/1.1 200 OK\r\n\r\nabc", body: "abc"),
        Case(
            testDescription: "HTTP/1.0", answer: "HTTP/1.0 200 OK\r\n\r\nabc", body: "abc"),
        Case(
            testDescription: "empty until the end",
            answer: "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", body: ""),
        Case(
            testDescription: "chunked",
            answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: t\r\n\r\n", body: "abc"),
        Case(
            testDescription: "chunked and a length",
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n0\r\n\r\n", body: "abc"),
        Case(
            testDescription: "chunked without the last chunk",
            answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", body: nil),
        Case(
            testDescription: "chunked within a chunk",
            answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabc", body: nil),
        Case(
            testDescription: "chunked that is not",
            answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc", body: nil),
        Case(testDescription: "no head", answer: "HTTP/1.1 200 OK\r\nA: b\r\n", body: nil),
        Case(testDescription: "nothing", answer: "", body: nil),
        Case(
            testDescription: "HEAD", method: .head,
            answer: "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", body: ""),
        Case(
            testDescription: "HEAD, chunked", method: .head,
            answer: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body: ""),
        Case(testDescription: "204", answer: "HTTP/1.1 204 No\r\n\r\n", body: "", status: 204),
        Case(
            testDescription: "304 with a length",
            answer: "HTTP/1.1 304 Not\r\nContent-Length: 99999999999\r\n\r\n", body: "",
            status: 304),
        Case(
            testDescription: "100 and 103 first",
            answer: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
                + "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", body: "abc"),
        Case(
            testDescription: "bare line feeds",
            answer: "HTTP/1.1 200 OK\nContent-Length: 3\n\nabc", body: "abc"),
    ]

    /// The server closes after the answer.
    @Test(arguments: cases)
    func send(_ example: Case) async throws {
        let server = try Self.server(example)
        let result = await Result { () async throws(TransportError) in
            try await transport.send(HTTPRequest(example.method, server.url))
        }
        switch (result, example.body) {
        case (.success(let answer), let body?):
            #expect(answer.body == Array(body.utf8))
            #expect(answer.head.status == example.status)
        case (.failure(let error), nil):
            #expect([.interrupted, .malformed].contains(error.kind), "\(error)")
            #expect(error.mayHaveBeenSent)
        default:
            Issue.record("\(result)")
        }
    }

    @Test(arguments: cases)
    func download(_ example: Case) async throws {
        let server = try Self.server(example)
        let error = await transportFailure {
            try await transport.download(HTTPRequest(example.method, server.url)) { head, reader in
                #expect(head.status == example.status)
                let body = try await whole(reader)
                #expect(body == Array((example.body ?? "").utf8))
                let more = try await reader.next()
                #expect(more == nil, "after the end it stays at the end")
            }
        }
        #expect((error == nil) == (example.body != nil), "\(String(describing: error))")
    }

    /// The bytes before the end are handed over, and then the error.
    @Test func aTruncatedDownloadGivesWhatCameAndThenThrows() async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n")
            connection.send([UInt8](repeating: 1, count: 150_000))
        }
        var count = 0
        let error = await transportFailure {
            try await transport.download(HTTPRequest(.get, server.url)) { _, reader in
                while let block = try await reader.next() { count += block.count }
            }
        }
        #expect(error?.kind == .interrupted)
        #expect(count == 150_000)
    }

    /// A server that does not tell the length, where the caller knows it.
    @Test(arguments: [true, false])
    func anUntoldLength(isChunked: Bool) async throws {
        let body = [UInt8](repeating: 3, count: 300_000)
        let server = try ScriptedServer { connection in
            while connection.request() != nil {
                connection.send(
                    "HTTP/1.1 200 OK\r\n"
                        + (isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n"))
                connection.send(isChunked ? Chunked.encode(body, size: 50_000) : body)
                if !isChunked { return connection.finishSending() }
            }
        }
        let sink = try ScriptedServer { head, got in (200, [], Array("\(got.count)".utf8)) }
        for (expected, kind) in [
            (body.count, nil), (body.count + 1, .interrupted), (body.count - 1, .malformed),
            (0, .malformed),
        ] as [(Int, TransportError.Kind?)] {
            var request = HTTPRequest(.get, server.url)
            request.expectedBytes = Int64(expected)
            let get = request
            let sent = await Result { () async throws(TransportError) in
                try await transport.send(get)
            }
            let relayed = await Result { () async throws(HTTPRelayFailure) in
                try await transport.relay(
                    HTTPRelay(source: get) { _ in HTTPRequest(.put, sink.url) })
            }
            if let kind {
                guard case .failure(let error) = sent,
                    case .failure(.sourceFailed(let other)) = relayed
                else {
                    Issue.record("\(sent) \(relayed)")
                    continue
                }
                #expect(error.kind == kind && other.kind == kind)
            } else {
                let answer = try sent.get()
                #expect(answer.head.contentLength == Int64(body.count))
                #expect(answer.body == body)
                #expect(try relayed.get().destination.body == Array("\(body.count)".utf8))
            }
        }
    }

    /// What is longer than it was told shows that at the end only: until then the destination must not have all of it.
    @Test func aLongerSourceNeverBecomesAWholeObject() async throws {
        let length = 50_000
        let isAlmostThere = Signal()
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            connection.send("c350\r\n")
            connection.send([UInt8](repeating: 3, count: length))
            isAlmostThere.waitOnThread()
            connection.send("\r\n1\r\n.\r\n0\r\n\r\n")
            connection.drain()
        }
        let lastByte = Locked<[UInt8]?>(nil)
        let sink = try ScriptedServer { connection in
            guard let head = connection.head() else { return }
            _ = connection.exactly(length - 1)
            isAlmostThere.raise()
            guard let last = connection.exactly(1) else { return }
            lastByte.withLock { $0 = last }
            connection.answer(200, [], [], to: head)
        }
        var get = HTTPRequest(.get, server.url)
        get.expectedBytes = Int64(length)
        let request = get
        let relayed = await Result { () async throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: request) { _ in HTTPRequest(.put, sink.url) })
        }
        guard case .failure(.sourceFailed(let error)) = relayed else {
            Issue.record("\(relayed)")
            return
        }
        #expect(error.kind == .malformed)
        #expect(lastByte.withLock { $0 } == nil)
    }

    /// A byte at a time, so that every boundary is met.
    @Test func anAnswerInPieces() async throws {
        let text =
            "HTTP/1.1 200 OK\r\nA: b\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            for byte in text.utf8 { connection.send([byte]) }
            connection.drain()
        }
        let answer = try await transport.send(HTTPRequest(.get, server.url))
        #expect(answer.body == Array("abc0123456789abcdef".utf8))
        #expect(answer.head.headers["a"] == "b")
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func anyBodyInAnyPieces(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let body = random.bytes(count: Int.random(in: 0...400_000, using: &random))
        let isChunked = Bool.random(using: &random)
        let chunk = Int.random(in: 1...70_000, using: &random)
        let framed = isChunked ? Chunked.encode(body, size: chunk) : body
        let cut = random
        let server = try ScriptedServer { connection in
            var random = cut
            while connection.request() != nil {
                connection.send(
                    "HTTP/1.1 200 OK\r\n"
                        + (isChunked
                            ? "Transfer-Encoding: chunked\r\n\r\n"
                            : "Content-Length: \(body.count)\r\n\r\n"))
                var start = 0
                while start < framed.count {
                    let end = min(framed.count, start + Int.random(in: 1...50_000, using: &random))
                    guard connection.send(Array(framed[start..<end])) else { return }
                    start = end
                }
            }
        }
        #expect(try await transport.send(HTTPRequest(.get, server.url)).body == body)
        let got = try await transport.download(HTTPRequest(.get, server.url)) { _, reader in
            try await whole(reader)
        }
        #expect(got == body)
    }

    private static func server(_ example: Case) throws -> ScriptedServer {
        try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send(example.answer)
            connection.finishSending()
            connection.drain()
        }
    }
}

extension Result {
    /// The outcome of an operation that may suspend.
    init(_ operation: () async throws(Failure) -> Success) async {
        do throws(Failure) {
            self = .success(try await operation())
        } catch {
            self = .failure(error)
        }
    }
}
