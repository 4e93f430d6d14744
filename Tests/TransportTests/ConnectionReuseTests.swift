import Glibc
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct ConnectionReuseTests {
    private let transport = HTTPTransport.forTest()

    @Test func oneConnectionServesAllKinds() async throws {
        let body = [UInt8](repeating: 3, count: 200_000)
        let server = try ScriptedServer { head, received in
            (200, [], head.method == "GET" ? body : received)
        }
        for _ in 0..<3 {
            _ = try await transport.send(HTTPRequest(.get, server.url))
            _ = try await transport.send(HTTPRequest(.head, server.url))
            _ = try await transport.send(HTTPRequest(.put, server.url, body: body))
            _ = try await transport.send(HTTPRequest(.delete, server.url))
            let got = try await transport.download(HTTPRequest(.get, server.url)) { _, reader in
                try await whole(reader)
            }
            #expect(got == body)
            let answer = try await transport.upload(
                HTTPRequest(.put, server.url), contentLength: Int64(body.count)
            ) { try await $0.write(body) }
            #expect(answer.body == body)
        }
        #expect(server.accepted.value == 1)
        // A relay needs two at a time, unless its source is done before its destination begins.
        for _ in 0..<3 {
            _ = try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, server.url)) { [url = server.url] _ in
                    HTTPRequest(.put, url)
                })
        }
        #expect(server.accepted.value <= 2)
    }

    /// A process that speaks to ever more hosts keeps the connections to the last ones.
    @Test func hostsAreForgotten() async throws {
        let servers = try (0..<70).map { number in
            try ScriptedServer { _, _ in (200, [], [UInt8(number)]) }
        }
        for (number, server) in servers.enumerated() {
            #expect(try await transport.send(HTTPRequest(.get, server.url)).body == [UInt8(number)])
        }
        for server in servers[..<6] { await server.ended.wait(for: 1) }
        #expect(servers[6...].allSatisfy { $0.ended.value == 0 })
        #expect(try await transport.send(HTTPRequest(.get, servers[0].url)).body == [0])
        #expect(try await transport.send(HTTPRequest(.get, servers[69].url)).body == [69])
        #expect(servers[69].accepted.value == 1)
    }

    @Test func aServerThatSaysCloseIsAskedOnANewConnection() async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.answer(200, [("Connection", "close")], [1])
        }
        for number in 1...3 {
            let answer = try await transport.send(HTTPRequest(.get, server.url))
            #expect(answer.body == [1])
            #expect(server.accepted.value == number)
        }
    }

    /// The server has closed an idle connection: that is seen before anything is sent on it.
    @Test(arguments: [HTTPMethod.get, .put, .post, .delete])
    func aConnectionThatWasClosedWhileIdleIsReplaced(method: HTTPMethod) async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.answer()
        }
        _ = try await transport.send(HTTPRequest(.get, server.url))
        await server.ended.wait(for: 1)
        let answer = try await transport.send(HTTPRequest(method, server.url))
        #expect(answer.head.status == 200)
        #expect(server.accepted.value == 2)
        #expect(server.requests.count == 2)
    }

    /// The server has read the request and closes: it may have acted on it, so only what changes nothing is repeated.
    @Test(arguments: [
        (HTTPMethod.get, true), (.head, true), (.put, false), (.post, false), (.delete, false),
    ])
    func aRequestThatMayHaveBeenReadIsNotRepeated(method: HTTPMethod, repeats: Bool) async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.answer()
            // The second request is read and not answered, on every connection but a new one.
            _ = connection.request()
        }
        _ = try await transport.send(HTTPRequest(.get, server.url))
        if repeats {
            let answer = try await transport.send(HTTPRequest(method, server.url))
            #expect(answer.head.status == 200)
            #expect(server.requests.count == 3)
        } else {
            let error = await failure { () throws(TransportError) in
                try await transport.send(HTTPRequest(method, server.url, body: [1, 2, 3]))
            }
            #expect(error?.kind == .interrupted)
            #expect(error?.mayHaveBeenSent == true)
            #expect(server.requests.count == 2)
        }
    }

    /// Also when another idle connection is there to be used for the repetition.
    @Test func aRequestIsNotRepeatedOnAnotherIdleConnection() async throws {
        let both = Count()
        let isOpen = Signal()
        let server = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            both.add()
            isOpen.waitOnThread()
            connection.answer()
            _ = connection.request()
        }
        async let first = transport.send(HTTPRequest(.get, server.url))
        async let second = transport.send(HTTPRequest(.get, server.url))
        await both.wait(for: 2)
        isOpen.raise()
        _ = try await (first, second)
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.post, server.url, body: [1]))
        }
        #expect(error?.kind == .interrupted)
        #expect(server.requests.count == 3)
    }

    @Test(arguments: [true, false])
    func aStreamedBodyIsNotRepeated(isRelay: Bool) async throws {
        let server = try ScriptedServer { connection in
            guard let (head, _) = connection.request() else { return }
            connection.answer(200, [], [1, 2, 3], to: head)
            // Of the next request only the head is read.
            _ = connection.head()
            connection.reset()
        }
        let source = try ScriptedServer { _, _ in (200, [], [1, 2, 3]) }
        _ = try await transport.send(HTTPRequest(.get, server.url))
        let error: TransportError?
        if isRelay {
            let failed = await failure { () throws(HTTPRelayFailure) in
                try await transport.relay(
                    HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = server.url] _ in
                        HTTPRequest(.put, url)
                    })
            }
            guard case .destinationFailed(let found) = failed else {
                Issue.record("\(String(describing: failed))")
                return
            }
            error = found
        } else {
            error = await transportFailure {
                try await transport.upload(HTTPRequest(.put, server.url), contentLength: 3) {
                    try await $0.write([1, 2, 3])
                }
            }
        }
        #expect(error?.kind == .interrupted)
        #expect(error?.mayHaveBeenSent == true)
        #expect(server.requests.filter { $0.method == "PUT" }.count == 1)
    }

    /// Bytes after an answer belong to no request.
    @Test(arguments: [
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcSTRAY"),
        ("GET", "HTTP/1.1 204 No\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nSTRAY"),
        ("GET", "HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\nSTRAY"),
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nSTRAY"),
    ])
    func strayBytesAreNotTheNextAnswer(method: String, text: String) async throws {
        let server = try ScriptedServer { connection in
            while let (head, _) = connection.request() {
                if head.target == "/object" {
                    connection.send(text)
                } else {
                    connection.answer(200, [], Array("right".utf8))
                }
            }
        }
        _ = try await transport.send(
            HTTPRequest(try #require(HTTPMethod(rawValue: method)), server.url))
        let next = try await transport.send(HTTPRequest(.get, server.url + "/next"))
        #expect(next.body == Array("right".utf8))
    }

    /// An answer that nobody has asked for, on an idle connection, is not the answer to the next request.
    @Test(arguments: [HTTPMethod.get, .put])
    func anAnswerBeforeItsRequest(method: HTTPMethod) async throws {
        let isSent = Signal()
        let server = try ScriptedServer { connection in
            while let (head, _) = connection.request() {
                connection.answer(200, [], Array(head.target.utf8))
                if head.target == "/object" {
                    connection.answer(200, [], Array("stray".utf8))
                    isSent.raise()
                }
            }
        }
        _ = try await transport.send(HTTPRequest(.get, server.url))
        await isSent.wait()
        let body = [UInt8](repeating: 1, count: method == .put ? 100_000 : 0)
        let next = try await transport.send(HTTPRequest(method, server.url + "/2", body: body))
        #expect(next.body == Array("/object/2".utf8))
        #expect(server.accepted.value == 2)
        #expect(server.requests.count == 2)
    }
}
