import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct TimeoutTests {
    private let transport = HTTPTransport.forTest()
    private let brief = HTTPTimeouts(idle: .milliseconds(150))

    /// Where a server stops: each is a stall that the idle timeout must end.
    @Test(arguments: [
        "", "HTTP/1.1 20", "HTTP/1.1 100 Continue\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\n\r\nabc",
    ])
    func anAnswerThatStalls(text: String) async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send(text)
            connection.drain()
        }
        let get = HTTPRequest(.get, server.url, timeouts: brief)
        let put = HTTPRequest(.put, server.url, timeouts: brief)
        let source = try ScriptedServer { _, _ in (200, [], [1]) }
        async let failures = [
            transportFailure { try await transport.send(get) },
            transportFailure {
                try await transport.download(get) { _, reader in
                    while try await reader.next() != nil {}
                }
            },
            transportFailure {
                try await transport.upload(put, contentLength: 1) { try await $0.write([1]) }
            },
        ]
        async let destination = failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { _ in put })
        }
        var errors = await failures
        if case .destinationFailed(let error) = await destination { errors.append(error) }
        #expect(errors.count == 4)
        for error in errors {
            #expect(error?.kind == .timedOut, "\(String(describing: error))")
            #expect(error?.mayHaveBeenSent == true)
        }
        // The connections were not kept.
        await server.ended.wait(for: 4)
    }

    @Test func aRelaysSourceThatStalls() async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\nabc")
            connection.drain()
        }
        let received = Count()
        let destination = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            received.add(connection.drain())
        }
        let failed = await failure { () throws(HTTPRelayFailure) in
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, server.url, timeouts: brief)) {
                    [url = destination.url] _ in HTTPRequest(.put, url)
                })
        }
        guard case .sourceFailed(let error) = failed else {
            Issue.record("\(String(describing: failed))")
            return
        }
        #expect(error.kind == .timedOut)
        await destination.ended.wait(for: 1)
        #expect(received.value <= 3)
    }

    /// A server that does not read: the producer is held back, and the transfer ends as idle.
    @Test(arguments: [ExpectTests.Way.send, .upload, .relay])
    func aBodyThatIsNotRead(way: ExpectTests.Way) async throws {
        let total = 256 << 20
        let isOver = Signal()
        let server = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            isOver.waitOnThread()
        }
        defer { isOver.raise() }
        let produced = Count()
        let put = HTTPRequest(.put, server.url, timeouts: brief)
        let error: TransportError?
        switch way {
        case .send:
            var request = put
            request.body = [UInt8](repeating: 1, count: 64 << 20)
            error = await transportFailure { try await transport.send(request) }
        case .upload:
            error = await transportFailure {
                try await transport.upload(put, contentLength: Int64(total)) { writer in
                    while true {
                        try await writer.write([UInt8](repeating: 1, count: 64 << 10))
                        produced.add(64 << 10)
                    }
                }
            }
        case .relay:
            let source = try ScriptedServer { connection in
                guard connection.request() != nil else { return }
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
                let block = [UInt8](repeating: 1, count: 1 << 20)
                while connection.send(block, countingInto: produced) {}
            }
            let failed = await failure { () throws(HTTPRelayFailure) in
                try await transport.relay(
                    HTTPRelay(source: HTTPRequest(.get, source.url)) { _ in put })
            }
            if case .destinationFailed(let found) = failed { error = found } else { error = nil }
            await source.ended.wait(for: 1)
        }
        #expect(error?.kind == .timedOut)
        #expect(error?.mayHaveBeenSent == true)
        #expect(produced.value < 64 << 20)
    }

    @Test func theTotalTimeEndsWhatIsNotIdle() async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([1]) {}
        }
        let timeouts = HTTPTimeouts(total: .milliseconds(200))
        let error = await transportFailure {
            try await transport.download(HTTPRequest(.get, server.url, timeouts: timeouts)) {
                _, reader in while try await reader.next() != nil {}
            }
        }
        #expect(error?.kind == .timedOut)
        #expect(error?.message.contains("not done within") == true)
    }

    /// Also while we hold the transfer up ourselves.
    @Test func theTotalTimeEndsWhatIsPaused() async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([UInt8](repeating: 1, count: 1 << 20)) {}
        }
        let timeouts = HTTPTimeouts(total: .milliseconds(200))
        let error = await transportFailure {
            try await transport.download(HTTPRequest(.get, server.url, timeouts: timeouts)) {
                [server] _, reader in
                await server.ended.wait(for: 1)
                while try await reader.next() != nil {}
            }
        }
        #expect(error?.kind == .timedOut)
    }

    @Test(arguments: [Duration.zero, .nanoseconds(1), .seconds(-5)])
    func timesThatAreNoneEndAtOnce(time: Duration) async throws {
        let server = try ScriptedServer { connection in connection.drain() }
        for timeouts in [HTTPTimeouts(idle: time), .init(total: time)] {
            let error = await failure { () throws(TransportError) in
                try await transport.send(HTTPRequest(.get, server.url, timeouts: timeouts))
            }
            #expect(error?.kind == .timedOut)
        }
    }

    @Test func timesWithoutEndAreTaken() async throws {
        let server = try ScriptedServer { _, _ in (200, [], [1]) }
        let forever = Duration.seconds(Int64.max)
        let timeouts = HTTPTimeouts(connect: forever, idle: forever, total: forever)
        let request = HTTPRequest(.get, server.url, timeouts: timeouts)
        #expect(try await transport.send(request).body == [1])
    }
}
