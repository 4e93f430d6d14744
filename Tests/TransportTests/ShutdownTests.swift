import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct ShutdownTests {
    @Test(arguments: CancellationTests.Stage.allCases, [1, 3])
    func everyKindUnderWay(stage: CancellationTests.Stage, engines: Int) async throws {
        let reached = Count()
        let server = try CancellationTests.server(stage, reached)
        let transport = HTTPTransport.forTest(engines: engines)
        let get = HTTPRequest(.get, server.url)
        let put = HTTPRequest(.put, server.url)
        let kinds: [@Sendable () async throws -> Void] = [
            { _ = try await transport.send(get) },
            { try await transport.download(get) { _, reader in _ = try await whole(reader) } },
            {
                _ = try await transport.upload(put, contentLength: 1 << 30) { writer in
                    while true { try await writer.write(CancellationTests.body) }
                }
            },
            { _ = try await transport.relay(HTTPRelay(source: get) { _ in put }) },
        ]
        let errors = await withTaskGroup(of: (any Error)?.self) { group in
            for kind in kinds { group.addTask { await failure { try await kind() } } }
            await reached.wait(for: kinds.count)
            await transport.shutdown()
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(errors.count == kinds.count)
        for error in errors {
            #expect(
                CancellationTests.transportError(error)?.kind == .cancelled,
                "\(String(describing: error))")
        }
        await server.ended.wait(for: server.accepted.value)
    }

    @Test func whatComesAfterwardsIsRefused() async throws {
        let server = try ScriptedServer { _, _ in (200, [], [1]) }
        let transport = HTTPTransport.forTest(engines: 2)
        _ = try await transport.send(HTTPRequest(.get, server.url))
        // More than once, and at the same time.
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { await transport.shutdown() } }
        }
        await transport.shutdown()
        let get = HTTPRequest(.get, server.url)
        let put = HTTPRequest(.put, server.url)
        let errors: [(any Error)?] = [
            await failure { try await transport.send(get) },
            await failure { try await transport.download(get) { _, _ in } },
            await failure {
                try await transport.upload(put, contentLength: 1) { try await $0.write([1]) }
            },
            await failure { try await transport.relay(HTTPRelay(source: get) { _ in put }) },
        ]
        for error in errors {
            let found = CancellationTests.transportError(error)
            #expect(found?.kind == .cancelled)
            #expect(found?.mayHaveBeenSent == false)
        }
        #expect(server.requests.count == 1)
    }

    /// Everything has ended when `shutdown` returns: the connections are closed, nothing is called any more.
    @Test func nothingRunsAfterShutdown() async throws {
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(1 << 30)\r\n\r\n")
            while connection.send([UInt8](repeating: 1, count: 1 << 16)) {}
        }
        let destination = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            connection.drain()
        }
        for _ in 0..<10 {
            let transport = HTTPTransport.forTest()
            let isFlowing = Signal()
            let isDown = Signal()
            let calls = Count()
            let relay = HTTPRelay(
                source: HTTPRequest(.get, source.url),
                observe: { _ in
                    #expect(!isDown.isRaised)
                    calls.add()
                    isFlowing.raise()
                },
                destination: { [url = destination.url] _ in HTTPRequest(.put, url) })
            async let failed = failure { () throws(HTTPRelayFailure) in
                try await transport.relay(relay)
            }
            await isFlowing.wait()
            await transport.shutdown()
            isDown.raise()
            #expect(CancellationTests.transportError(await failed)?.kind == .cancelled)
        }
        await source.ended.wait(for: 10)
    }

    /// Requests that come while it shuts down are answered or refused, none is forgotten.
    @Test func startingWhileShuttingDown() async throws {
        let server = try ScriptedServer { _, _ in (200, [], [1]) }
        for _ in 0..<10 {
            let transport = HTTPTransport.forTest(engines: 2)
            let answered = Count()
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<40 {
                    group.addTask { [url = server.url] in
                        let error = await failure { () throws(TransportError) in
                            try await transport.send(HTTPRequest(.get, url))
                        }
                        #expect(error == nil || error?.kind == .cancelled)
                        answered.add()
                    }
                }
                group.addTask {
                    await answered.wait(for: 3)
                    await transport.shutdown()
                }
            }
            #expect(answered.value == 40)
        }
    }

    /// Without `shutdown` the last reference ends it: idle connections are closed.
    @Test func theLastReferenceEndsIt() async throws {
        let server = try ScriptedServer { _, _ in (200, [], [1]) }
        var transport: HTTPTransport? = .forTest()
        _ = try await transport?.send(HTTPRequest(.get, server.url))
        #expect(server.ended.value == 0)
        transport = nil
        await server.ended.wait(for: 1)
    }
}
