import Testing

@testable import Transport

/// Answers that are too long, or no HTTP.
@Suite(.timeLimit(.minutes(1))) struct AnswerLimitTests {
    private let transport = HTTPTransport.forTest()

    @Test(arguments: [
        (5, "Content-Length: 5\r\n\r\nabcde", true),
        (5, "Content-Length: 6\r\n\r\nabcdef", false),
        (5, "Content-Length: 9999999999999\r\n\r\nabcdef", false),
        (5, "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n", true),
        (5, "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", false),
        (5, "Connection: close\r\n\r\nabcdef", false),
        (0, "Content-Length: 0\r\n\r\n", true), (0, "Content-Length: 1\r\n\r\na", false),
    ])
    func bodies(limit: Int, rest: String, isTaken: Bool) async throws {
        let server = try Self.server(answering: Array("HTTP/1.1 200 OK\r\n\(rest)".utf8))
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.get, server.url), answerLimitBytes: limit)
        }
        #expect((error == nil) == isTaken)
        if !isTaken {
            #expect(error?.kind == .malformed)
            #expect(error?.message.contains("\(limit) bytes") == true)
            #expect(error?.mayHaveBeenSent == true)
        }
    }

    /// One that never ends is cut off at the limit.
    @Test func anEndlessBodyIsCutOff() async throws {
        let sent = Count()
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            let block = [UInt8](repeating: 1, count: 1 << 20)
            while connection.send(block, countingInto: sent) {}
        }
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.get, server.url), answerLimitBytes: 1 << 20)
        }
        #expect(error?.kind == .malformed)
        await server.ended.wait(for: 1)
    }

    @Test func theAnswerToAnUploadHasALimit() async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.answer(
                200, [], [UInt8](repeating: 1, count: UploadExchange.answerLimitBytes + 1))
            connection.drain()
        }
        let upload = await transportFailure {
            try await transport.upload(HTTPRequest(.put, server.url), contentLength: 1) {
                try await $0.write([1])
            }
        }
        #expect(upload?.kind == .malformed)
        let source = try ScriptedServer { _, _ in (200, [], [1]) }
        let relay = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = server.url] _ in
                    HTTPRequest(.put, url)
                })
        }
        guard case .destinationFailed(let error) = relay else {
            Issue.record("\(String(describing: relay))")
            return
        }
        #expect(error.kind == .malformed)
    }

    @Test(arguments: [(1, 400 << 10), (4000, 100), (400 << 10, 0), (1, 120 << 10)])
    func headsThatAreTooLong(fields: Int, size: Int) async throws {
        let line = "A: " + String(repeating: "x", count: size) + "\r\n"
        let server = try Self.server(
            answering: Array("HTTP/1.1 200 OK\r\n".utf8)
                + [UInt8](String(repeating: line, count: fields).utf8)
                + Array("Content-Length: 0\r\n\r\n".utf8))
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.get, server.url))
        }
        #expect(error?.kind == .malformed, "\(String(describing: error))")
        #expect(error?.mayHaveBeenSent == true)
    }

    @Test(arguments: [
        "SSH-2.0-OpenSSH_9.2\r\n", "220 smtp.example ESMTP\r\n", "\u{0}\u{1}\u{2}garbage",
        "<html>not HTTP</html>\r\n\r\n", "HTTP/1.1 abc\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n",
        "HTTX/1.1 200 OK\r\n\r\n",
    ])
    func answersThatAreNotHTTP(text: String) async throws {
        let server = try Self.server(answering: Array(text.utf8))
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.put, server.url, body: [1]))
        }
        #expect(error?.kind == .malformed, "\(String(describing: error))")
        #expect(error?.mayHaveBeenSent == true)
    }

    private static func server(answering bytes: [UInt8]) throws -> ScriptedServer {
        try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send(bytes)
            connection.finishSending()
            connection.drain()
        }
    }
}
