import Testing

@testable import Transport

/// Bodies that the server is asked about first.
@Suite(.timeLimit(.minutes(1))) struct ExpectTests {
    private let transport = HTTPTransport.forTest()
    private let body = [UInt8](repeating: 9, count: (1 << 20) + 1)

    /// The three ways in which a large body leaves.
    enum Way: CaseIterable { case send, upload, relay }

    @Test(arguments: Way.allCases)
    func answeredWithContinue(way: Way) async throws {
        let server = try ScriptedServer { connection in
            guard let head = connection.head(), head["expect"] == "100-continue" else { return }
            connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            guard let body = connection.exactly(head.contentLength) else { return }
            connection.answer(200, [], Array("\(body.count)".utf8))
        }
        let answer = try await put(way, to: server)
        #expect(answer.head.status == 200)
        #expect(answer.body == Array("\(body.count)".utf8))
    }

    /// After a second without an answer the body is sent. The one test that waits for that second.
    @Test func ignored() async throws {
        let server = try ScriptedServer { connection in
            guard let head = connection.head(), head["expect"] != nil else { return }
            guard let body = connection.exactly(head.contentLength) else { return }
            connection.answer(200, [], Array("\(body.count)".utf8))
        }
        async let upload = put(.upload, to: server)
        async let relay = put(.relay, to: server)
        for answer in try await [upload, relay] {
            #expect(answer.body == Array("\(body.count)".utf8))
        }
    }

    /// The request is repeated without the question, on the same connection or on a new one.
    @Test(arguments: Way.allCases, [true, false])
    func notUnderstood(way: Way, closes: Bool) async throws {
        let server = try ScriptedServer { connection in
            while let head = connection.head() {
                if head["expect"] != nil {
                    connection.answer(
                        417, closes ? [("Connection", "close")] : [], Array("no".utf8))
                    if closes { return }
                } else {
                    guard let body = connection.exactly(head.contentLength) else { return }
                    connection.answer(200, [], Array("\(body.count)".utf8))
                }
            }
        }
        let answer = try await put(way, to: server)
        #expect(answer.head.status == 200)
        #expect(answer.body == Array("\(body.count)".utf8))
        #expect(server.requests.map { $0["expect"] } == ["100-continue", nil])
        #expect(server.accepted.value == (closes ? 2 : 1))
    }

    @Test(arguments: Way.allCases, [true, false])
    func refused(way: Way, closes: Bool) async throws {
        let received = Count()
        let server = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.answer(403, closes ? [("Connection", "close")] : [], Array("no".utf8))
            if closes { connection.finishSending() }
            received.add(connection.drain())
        }
        let answer = try await put(way, to: server)
        #expect(answer.head.status == 403)
        #expect(answer.body == Array("no".utf8))
        await server.ended.wait(for: 1)
        #expect(received.value == 0)
    }

    private func put(_ way: Way, to server: ScriptedServer) async throws -> HTTPResponse {
        let request = HTTPRequest(.put, server.url)
        switch way {
        case .send:
            return try await transport.send(HTTPRequest(.put, server.url, body: body))
        case .upload:
            return try await transport.upload(request, contentLength: Int64(body.count)) { writer in
                for start in stride(from: 0, to: body.count, by: 100_000) {
                    try await writer.write(Array(body[start..<min(body.count, start + 100_000)]))
                }
            }
        case .relay:
            let source = try ScriptedServer { [body] _, _ in (200, [], body) }
            let result = try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { _ in request })
            return result.destination
        }
    }
}
