import Testing

@testable import Transport

/// Relays that fail: which side, how, and that the destination never has a whole body then.
@Suite(.timeLimit(.minutes(1))) struct RelayFailureTests {
    private let transport = HTTPTransport.forTest()

    @Test(arguments: [304, 403, 404, 416, 500])
    func theSourcesRefusalIsHandedOver(status: Int) async throws {
        let body = status == 304 ? [] : Array("<Error>why</Error>".utf8)
        let source = try ScriptedServer { _, _ in (status, [("x", "y")], body) }
        let calls = Count()
        let failed = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { _ in
                    calls.add()
                    return HTTPRequest(.put, "http://127.0.0.1:1/")
                })
        }
        guard case .sourceAnswered(let answer) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(answer.head.status == status)
        #expect(answer.head.headers["x"] == "y")
        #expect(answer.body == body)
        #expect(calls.value == 0)
    }

    @Test func aLongRefusalIsCut() async throws {
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 500 No\r\n\r\n")
            while connection.send([UInt8](repeating: 7, count: 1 << 20)) {}
        }
        let failed = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { _ in
                    HTTPRequest(.put, "http://127.0.0.1:1/")
                })
        }
        guard case .sourceAnswered(let answer) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(answer.head.status == 500)
        #expect(answer.body == [UInt8](repeating: 7, count: RelayPipe.refusalLimitBytes))
        await source.ended.wait(for: 1)
    }

    /// The source ends before its length, at several places, by an end or by a reset.
    @Test(arguments: [0, 1, 100_000, 999_999], [true, false])
    func theSourceEndsTooSoon(after count: Int, resets: Bool) async throws {
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            connection.send([UInt8](repeating: 1, count: count))
            if resets { connection.reset() }
        }
        let received = Count()
        let destination = try ScriptedServer { connection in
            guard let head = connection.head() else { return }
            if head["expect"] != nil { connection.send("HTTP/1.1 100 Continue\r\n\r\n") }
            received.add(connection.drain())
        }
        let failed = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = destination.url] _ in
                    HTTPRequest(.put, url)
                })
        }
        guard case .sourceFailed(let error) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(error.kind == .interrupted)
        #expect(error.mayHaveBeenSent)
        await destination.ended.wait(for: destination.accepted.value)
        #expect(received.value <= count)
    }

    @Test(arguments: [
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", "Connection: close\r\n\r\nabc",
        "Content-Length: x\r\n\r\n", "Content-Length: 3, 4\r\n\r\nabcd",
    ])
    func aSourceWithoutALengthIsRefused(rest: String) async throws {
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\n\(rest)")
        }
        let failed = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { _ in
                    Issue.record("a destination was asked for")
                    return HTTPRequest(.put, "http://127.0.0.1:1/")
                })
        }
        guard case .sourceFailed(let error) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(error.kind == .malformed)
    }

    /// Two lengths that differ: whichever counts, the destination has no body that looks whole and is not.
    @Test(arguments: [(2, 3), (3, 2)])
    func aSourceWithTwoLengths(first: Int, second: Int) async throws {
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send(
                "HTTP/1.1 200 OK\r\nContent-Length: \(first)\r\nContent-Length: \(second)\r\n\r\nabc"
            )
        }
        let destination = try ScriptedServer { _, body in (200, [], body) }
        let failed = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = destination.url] _ in
                    HTTPRequest(.put, url)
                })
        }
        guard case .sourceFailed(let error) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect([.malformed, .interrupted].contains(error.kind))
    }

    @Test func theDestinationThrows() async throws {
        struct Stop: Error, Equatable { var why: Int }
        let servers = try RelayServers([UInt8](repeating: 1, count: 5_000_000))
        let failed = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, servers.source.url)) { _ in
                    throw Stop(why: 7)
                })
        }
        guard case .stopped(let error) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(error as? Stop == Stop(why: 7))
        await servers.source.ended.wait(for: 1)
        #expect(servers.destination.accepted.value == 0)
    }

    @Test func theDestinationIsNotValid() async throws {
        let servers = try RelayServers([1, 2, 3])
        for url in ["ftp://h/", "http://h:x/"] {
            let failed = await failure { () throws(HTTPRelayFailure) in
                try await transport.relay(
                    HTTPRelay(source: HTTPRequest(.get, servers.source.url)) { _ in
                        HTTPRequest(.put, url)
                    })
            }
            guard case .destinationFailed(let error) = failed else {
                Issue.record("\(String(describing: failed))")
                return
            }
            #expect(error.kind == .invalidRequest)
        }
    }

    @Test func theSourceIsNotValid() async throws {
        let failed = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, "nonsense")) { _ in
                    HTTPRequest(.put, "http://127.0.0.1:1/")
                })
        }
        guard case .sourceFailed(let error) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(error.kind == .invalidRequest)
    }

    /// The destination goes away in the middle of the body: the source is let go.
    @Test(arguments: [true, false])
    func theDestinationHangsUp(resets: Bool) async throws {
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(1 << 30)\r\n\r\n")
            let block = [UInt8](repeating: 1, count: 1 << 20)
            while connection.send(block) {}
        }
        let destination = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            _ = connection.exactly(1_000_000)
            if resets { connection.reset() }
        }
        let failed = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = destination.url] _ in
                    HTTPRequest(.put, url)
                })
        }
        guard case .destinationFailed(let error) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(error.kind == .interrupted)
        #expect(error.mayHaveBeenSent)
        await source.ended.wait(for: 1)
    }

    /// Refused before the body, while the source has already answered in full.
    @Test(arguments: [0, 3, 200_000])
    func theDestinationRefusesAtOnce(size: Int) async throws {
        let body = [UInt8](repeating: 1, count: size)
        let source = try ScriptedServer { _, _ in (200, [], body) }
        let destination = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.answer(412, [], [9])
            connection.drain()
        }
        let result = try await transport.relay(
            HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = destination.url] _ in
                HTTPRequest(.put, url)
            })
        #expect(result.destination.head.status == 412)
        #expect(result.destination.body == [9])
    }
}
