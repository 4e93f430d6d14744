import TestSupport
import Testing

@testable import Transport

/// Cancellation before, during and after: every transfer ends at once, and its connection with it.
@Suite(.timeLimit(.minutes(1))) struct CancellationTests {
    private let transport = HTTPTransport.forTest()

    /// How far a server lets a transfer come.
    enum Stage: CaseIterable { case connected, headRead, answering, bodyHalf }

    @Test(arguments: Stage.allCases)
    func everyKindAtEveryStage(stage: Stage) async throws {
        let reached = Count()
        let server = try Self.server(stage, reached)
        let source = try ScriptedServer { _, _ in (200, [], [UInt8](repeating: 1, count: 500_000)) }
        let get = HTTPRequest(.get, server.url)
        let put = HTTPRequest(.put, server.url)
        let kinds: [@Sendable () async throws -> Void] = [
            { _ = try await transport.send(get) },
            { _ = try await transport.send(HTTPRequest(.put, put.url, body: Self.body)) },
            { try await transport.download(get) { _, reader in _ = try await whole(reader) } },
            {
                _ = try await transport.upload(put, contentLength: 1 << 30) { writer in
                    while true { try await writer.write(Self.body) }
                }
            },
            { _ = try await transport.relay(HTTPRelay(source: get) { _ in put }) },
            {
                let from = HTTPRequest(.get, source.url)
                _ = try await transport.relay(HTTPRelay(source: from) { _ in put })
            },
        ]
        for (number, kind) in kinds.enumerated() {
            let before = server.accepted.value
            let task = Task { try await kind() }
            await reached.wait(for: number + 1)
            task.cancel()
            let error = await failure { try await task.value }
            let found = Self.transportError(error)
            #expect(found?.kind == .cancelled, "kind \(number): \(String(describing: error))")
            #expect(found?.mayHaveBeenSent == true || stage == .connected)
            #expect(server.accepted.value > before)
            await server.ended.wait(for: server.accepted.value)
        }
        // The engine goes on.
        #expect(try await transport.send(HTTPRequest(.get, source.url)).head.status == 200)
    }

    @Test func beforeTheStart() async throws {
        let server = try ScriptedServer { _, _ in (200, [], [1]) }
        let get = HTTPRequest(.get, server.url)
        let put = HTTPRequest(.put, server.url)
        let kinds: [@Sendable () async throws -> Void] = [
            { _ = try await transport.send(get) },
            { try await transport.download(get) { _, reader in _ = try await whole(reader) } },
            {
                _ = try await transport.upload(put, contentLength: 3) {
                    try await $0.write([1, 2, 3])
                }
            },
            { _ = try await transport.relay(HTTPRelay(source: get) { _ in put }) },
        ]
        for kind in kinds {
            let isCancelled = Signal()
            let task = Task {
                while !Task.isCancelled { await isCancelled.wait() }
                try await kind()
            }
            task.cancel()
            isCancelled.raise()
            let error = await failure { try await task.value }
            #expect(Self.transportError(error)?.kind == .cancelled)
            #expect(server.accepted.value == 0)
        }
        #expect(try await transport.send(get).body == [1])
    }

    @Test func afterTheEndChangesNothing() async throws {
        let server = try ScriptedServer { _, _ in (200, [], [1]) }
        let isAnswered = Signal()
        let task = Task {
            let answer = try await transport.send(HTTPRequest(.get, server.url))
            isAnswered.raise()
            return answer
        }
        await isAnswered.wait()
        task.cancel()
        #expect(try await task.value.body == [1])
        #expect(try await transport.send(HTTPRequest(.get, server.url)).body == [1])
        #expect(server.accepted.value == 1)
    }

    /// A consumer that always finds bytes, and so never waits, is stopped as well.
    @Test func aBusyConsumer() async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            while connection.send([UInt8](repeating: 1, count: 1 << 20)) {}
        }
        let isReading = Signal()
        let task = Task {
            try await transport.download(HTTPRequest(.get, server.url)) { _, reader in
                while try await reader.next() != nil { isReading.raise() }
            }
        }
        await isReading.wait()
        task.cancel()
        #expect(await transportFailure { try await task.value }?.kind == .cancelled)
        await server.ended.wait(for: 1)
    }

    @Test func aConsumerThatIsCancelledTakesNoMore() async throws {
        let server = try ScriptedServer { _, _ in (200, [], [UInt8](repeating: 1, count: 100)) }
        let isCancelled = Signal()
        let task = Task {
            try await transport.download(HTTPRequest(.get, server.url)) { _, reader in
                // The whole body waits here by then.
                while !Task.isCancelled { await isCancelled.wait() }
                return try await reader.next()
            }
        }
        await server.accepted.wait(for: 1)
        task.cancel()
        isCancelled.raise()
        #expect(await transportFailure { try await task.value }?.kind == .cancelled)
    }

    @Test func aProducerThatIsCancelledWritesNoMore() async throws {
        let server = try ScriptedServer { connection in connection.drain() }
        let isCancelled = Signal()
        let task = Task {
            try await transport.upload(HTTPRequest(.put, server.url), contentLength: 10) { writer in
                try await writer.write([1])
                while !Task.isCancelled { await isCancelled.wait() }
                await #expect(throws: TransportError.self) { try await writer.write([1]) }
            }
        }
        await server.accepted.wait(for: 1)
        task.cancel()
        isCancelled.raise()
        #expect(await transportFailure { try await task.value }?.kind == .cancelled)
        await server.ended.wait(for: 1)
    }

    /// The destination's early answer has ended the source already, and does not end itself.
    @Test func aRelayWhoseSourceWasStopped() async throws {
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(1 << 30)\r\n\r\n")
            while connection.send([UInt8](repeating: 1, count: 1 << 16)) {}
        }
        let destination = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.send("HTTP/1.1 403 No\r\nContent-Length: 5\r\n\r\nabc")
            connection.drain()
        }
        let task = Task {
            try await transport.relay(
                HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = destination.url] _ in
                    HTTPRequest(.put, url)
                })
        }
        await source.ended.wait(for: 1)
        task.cancel()
        let error = await failure { try await task.value }
        #expect(Self.transportError(error)?.kind == .cancelled)
        await destination.ended.wait(for: 1)
    }

    /// Leaving a closure early ends its transfer.
    @Test func leavingEarly() async throws {
        struct Left: Error {}
        let server = try ScriptedServer { connection in
            guard let head = connection.head() else { return }
            if head.method == "GET" {
                connection.send("HTTP/1.1 200 OK\r\n\r\n")
                while connection.send([UInt8](repeating: 1, count: 1 << 20)) {}
            } else {
                connection.send("HTTP/1.1 100 Continue\r\n\r\n")
                connection.drain()
            }
        }
        let first = try await transport.download(HTTPRequest(.get, server.url)) { _, reader in
            try await reader.next()?.first
        }
        #expect(first == 1)
        await server.ended.wait(for: 1)
        await #expect(throws: Left.self) {
            try await transport.download(HTTPRequest(.get, server.url)) { _, _ in throw Left() }
        }
        await server.ended.wait(for: 2)
        await #expect(throws: Left.self) {
            try await transport.upload(HTTPRequest(.put, server.url), contentLength: 1 << 30) {
                try await $0.write([1, 2, 3])
                await server.accepted.wait(for: 3)
                throw Left()
            }
        }
        await server.ended.wait(for: 3)
        // Too little and too much are the producer's mistakes.
        let short = await transportFailure {
            try await transport.upload(HTTPRequest(.put, server.url), contentLength: 10) {
                try await $0.write([1, 2, 3])
            }
        }
        #expect(short?.kind == .invalidRequest)
        let long = await transportFailure {
            try await transport.upload(HTTPRequest(.put, server.url), contentLength: 2) {
                try await $0.write([1, 2, 3])
            }
        }
        #expect(long?.kind == .invalidRequest)
        let negative = await transportFailure {
            try await transport.upload(HTTPRequest(.put, server.url), contentLength: -1) { _ in }
        }
        #expect(negative?.kind == .invalidRequest)
        await server.ended.wait(for: server.accepted.value)
    }

    /// Cancelled at random moments, for races between the end of a transfer and its cancellation.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func atAnyMoment(seed: UInt64) async throws {
        let body = [UInt8](repeating: 1, count: 60_000)
        let server = try ScriptedServer { head, received in
            (200, [], head.method == "GET" ? body : received)
        }
        let transport = HTTPTransport.forTest(engines: 2)
        var random = SeededRandom(seed: seed)
        let get = HTTPRequest(.get, server.url)
        let put = HTTPRequest(.put, server.url)
        for _ in 0..<100 {
            let kind = Int.random(in: 0..<4, using: &random)
            let task = Task {
                switch kind {
                case 0: _ = try await transport.send(get)
                case 1:
                    try await transport.download(get) { _, reader in _ = try await whole(reader) }
                case 2:
                    _ = try await transport.upload(put, contentLength: Int64(body.count)) {
                        try await $0.write(body)
                    }
                default: _ = try await transport.relay(HTTPRelay(source: get) { _ in put })
                }
            }
            for _ in 0..<Int.random(in: 0...60, using: &random) { await Task.yield() }
            task.cancel()
            let error = await failure { try await task.value }
            #expect(error == nil || Self.transportError(error)?.kind == .cancelled)
        }
        #expect(try await transport.send(get).body == body)
        await transport.shutdown()
        await server.ended.wait(for: server.accepted.value)
    }

    static let body = [UInt8](repeating: 2, count: 100_000)

    static func transportError(_ error: (any Error)?) -> TransportError? {
        switch error as? HTTPRelayFailure {
        case .sourceFailed(let error), .destinationFailed(let error): error
        default: error as? TransportError
        }
    }

    /// Goes as far as the stage, says so, and waits for the client's end.
    static func server(_ stage: Stage, _ reached: Count) throws -> ScriptedServer {
        try ScriptedServer { connection in
            if stage == .connected {
                reached.add()
                connection.drain()
                return
            }
            guard let head = connection.head() else { return }
            if head["expect"] != nil { connection.send("HTTP/1.1 100 Continue\r\n\r\n") }
            switch stage {
            case .connected, .headRead: break
            case .answering: connection.send("HTTP/1.1 200 OK\r\n")
            case .bodyHalf:
                if head.method == "GET" {
                    connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
                    connection.send(body)
                } else {
                    _ = connection.exactly(min(50_000, head.contentLength / 2))
                }
            }
            // A relay from here has a PUT to here as well: only the first of the two counts.
            if head.method == "GET" || head["content-length"] != "1000000" { reached.add() }
            connection.drain()
        }
    }
}
