import Testing

@testable import Transport

/// Final answers that come before the whole body has been sent.
@Suite(.timeLimit(.minutes(1))) struct EarlyAnswerTests {
    private let transport = HTTPTransport.forTest()
    private static let total = 256 << 20
    /// What sockets and buffers can hold: far less than the body.
    private static let bound = 64 << 20

    enum Framing: CaseIterable { case length, chunked, untilTheEnd, empty }

    struct Case: Sendable, CustomTestStringConvertible {
        var status: Int
        var framing: Framing
        var closes: Bool
        var testDescription: String { "\(status) \(framing) \(closes ? "close" : "keep")" }
    }

    private static let cases = [200, 307, 403, 503].flatMap { status in
        Framing.allCases.flatMap { framing in
            [true, false].map { Case(status: status, framing: framing, closes: $0) }
        }
    }
    private static let text = Array("<Error>said in two pieces</Error>".utf8)

    @Test(arguments: cases)
    func anUploadStopsAndSaysWhy(_ example: Case) async throws {
        let isSeen = Signal()
        let server = try Self.server(example, isSeen)
        let produced = Count()
        let answer = try await transport.upload(
            HTTPRequest(.put, server.url), contentLength: Int64(Self.total)
        ) { writer in
            defer { isSeen.raise() }
            let block = [UInt8](repeating: 1, count: 64 << 10)
            while produced.value < Self.total {
                produced.add(block.count)
                try await writer.write(block)
            }
            Issue.record("the whole body was taken")
        }
        #expect(answer.head.status == example.status)
        #expect(answer.body == (example.framing == .empty ? [] : Self.text))
        #expect(produced.value < Self.bound)
        await server.ended.wait(for: 1)
    }

    @Test(arguments: cases)
    func aRelayStopsItsSource(_ example: Case) async throws {
        let isSeen = Signal()
        let server = try Self.server(example, isSeen)
        let sent = Count()
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.total)\r\n\r\n")
            defer { isSeen.raise() }
            let block = [UInt8](repeating: 1, count: 1 << 20)
            for _ in 0..<(Self.total >> 20) {
                guard connection.send(block, countingInto: sent) else { return }
            }
        }
        let result = try await transport.relay(
            HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = server.url] _ in
                HTTPRequest(.put, url)
            })
        #expect(result.destination.head.status == example.status)
        #expect(result.destination.body == (example.framing == .empty ? [] : Self.text))
        #expect(result.bytes < Self.bound)
        await source.ended.wait(for: 1)
        await server.ended.wait(for: 1)
        #expect(sent.value < Self.bound)
    }

    /// A producer that waits when the answer comes is woken, and one that never looks again is not waited for.
    @Test func aProducerThatWaitsIsWoken() async throws {
        let server = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.answer(403, [], [1])
            connection.drain()
        }
        let answer = try await transport.upload(
            HTTPRequest(.put, server.url), contentLength: Int64(Self.total)
        ) { writer in
            await #expect(throws: HTTPBodyWriter.ClosedEarly.self) {
                while true { try await writer.write([UInt8](repeating: 1, count: 1 << 20)) }
            }
            await #expect(throws: HTTPBodyWriter.ClosedEarly.self) { try await writer.write([1]) }
        }
        #expect(answer.head.status == 403)
        #expect(answer.body == [1])
    }

    /// The answer to a body that has gone whole is not early.
    @Test func anAnswerAfterTheLastBlockIsNotEarly() async throws {
        let server = try ScriptedServer { _, _ in (200, [], []) }
        for size in [1, 1000, 100_000, 500_000] {
            let answer = try await transport.upload(
                HTTPRequest(.put, server.url), contentLength: Int64(size)
            ) { try await $0.write([UInt8](repeating: 1, count: size)) }
            #expect(answer.head.status == 200)
        }
    }

    /// Its body is waited for, but not for ever.
    @Test(arguments: [200, 403], [true, false])
    func anEarlyAnswerThatStallsIsIdle(status: Int, closes: Bool) async throws {
        let server = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.send(
                "HTTP/1.1 \(status) Early\r\nContent-Length: 10\r\n"
                    + (closes ? "Connection: close\r\n" : "") + "\r\nabc")
            connection.drain()
        }
        let error = await transportFailure {
            try await transport.upload(
                HTTPRequest(.put, server.url, timeouts: .init(idle: .milliseconds(200))),
                contentLength: Int64(Self.total)
            ) { writer in
                while true { try await writer.write([UInt8](repeating: 1, count: 64 << 10)) }
            }
        }
        #expect(error?.kind == .timedOut)
    }

    /// The server answers, closes with our bytes unread, and so resets: the refusal still counts, when its head has come.
    @Test func aRefusalWhoseBodyIsCutOffIsStillARefusal() async throws {
        let isHeadRead = Signal()
        let server = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.send("HTTP/1.1 403 No\r\nContent-Length: 10\r\n\r\nabc")
            isHeadRead.waitOnThread()
            connection.reset()
        }
        let answer = try await transport.upload(
            HTTPRequest(.put, server.url), contentLength: Int64(Self.total)
        ) { writer in
            defer { isHeadRead.raise() }
            while true { try await writer.write([UInt8](repeating: 1, count: 64 << 10)) }
        }
        #expect(answer.head.status == 403)
        #expect(answer.body == Array("abc".utf8))
    }

    /// Reads the head and some of the body, answers, and reads on to the end. The answer's body follows in two
    /// pieces when its head has been seen.
    private static func server(_ example: Case, _ isSeen: Signal) throws -> ScriptedServer {
        try ScriptedServer { connection in
            guard let head = connection.head() else { return }
            if head["expect"] != nil { connection.send("HTTP/1.1 100 Continue\r\n\r\n") }
            guard connection.exactly(300_000) != nil else { return }
            var start = "HTTP/1.1 \(example.status) Early\r\n"
            if example.closes || example.framing == .untilTheEnd {
                start += "Connection: close\r\n"
            }
            switch example.framing {
            case .length: start += "Content-Length: \(text.count)\r\n\r\n"
            case .empty: start += "Content-Length: 0\r\n\r\n"
            case .chunked: start += "Transfer-Encoding: chunked\r\n\r\n"
            case .untilTheEnd: start += "\r\n"
            }
            connection.send(start)
            let pieces = [Array(text[..<10]), Array(text[10...])]
            for piece in pieces where example.framing != .empty {
                isSeen.waitOnThread()
                connection.send(
                    example.framing == .chunked
                        ? Array(Chunked.encode(piece).dropLast(5)) : piece)
            }
            if example.framing == .chunked { connection.send("0\r\n\r\n") }
            if example.closes || example.framing == .untilTheEnd { connection.finishSending() }
            connection.drain()
        }
    }
}
