import Glibc
import TestSupport
import Testing

@testable import Transport

/// Connections that do not come about: nothing was sent, whatever the kind of transfer.
@Suite(.timeLimit(.minutes(1))) struct ConnectFailureTests {
    private let transport = HTTPTransport.forTest()

    @Test func refused() async throws {
        let dead = try LoopbackSocket.deadPort()
        defer { close(dead.descriptor) }
        try await expectNotConnected("http://127.0.0.1:\(dead.port)/", .notConnected)
    }

    /// Longer than a label may be, so that no server of names is asked.
    /// Source: <https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4>
    @Test func unresolvable() async throws {
        let name = String(repeating: "a", count: 64)
        try await expectNotConnected("http://\(name):1/", .unresolvedHost)
    }

    @Test func nobodyAccepts() async throws {
        let (listener, port) = try LoopbackSocket.listen(backlog: 0)
        defer { close(listener) }
        let fillers = try Loopback.fillBacklog(port: port)
        defer { for filler in fillers { close(filler) } }
        try await expectNotConnected(
            "http://127.0.0.1:\(port)/", .notConnected,
            timeouts: .init(connect: .milliseconds(100)))
        // An idle timeout that is shorter does not start before the connection stands.
        try await expectNotConnected(
            "http://127.0.0.1:\(port)/", .notConnected,
            timeouts: .init(connect: .milliseconds(200), idle: .milliseconds(50)))
        // The total time counts from the start.
        try await expectNotConnected(
            "http://127.0.0.1:\(port)/", .timedOut,
            timeouts: .init(total: .milliseconds(100)))
    }

    /// TLS belongs to connecting.
    @Test func theHandshakeIsNotAnswered() async throws {
        let server = try ScriptedServer { connection in connection.drain() }
        try await expectNotConnected(
            "https://\(server.authority)/", .notConnected,
            timeouts: .init(connect: .milliseconds(100)))
    }

    @Test(arguments: [true, false])
    func thePeerHangsUpInTheHandshake(resets: Bool) async throws {
        let server = try ScriptedServer { connection in
            _ = connection.some()
            if resets { connection.reset() }
        }
        try await expectNotConnected("https://\(server.authority)/", .notConnected)
    }

    private func expectNotConnected(
        _ url: String, _ kind: TransportError.Kind, timeouts: HTTPTimeouts = .init(),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let get = HTTPRequest(.get, url, timeouts: timeouts)
        let put = HTTPRequest(.put, url, body: [1], timeouts: timeouts)
        let streamed = HTTPRequest(.put, url, timeouts: timeouts)
        let source = try ScriptedServer { _, _ in (200, [], [1, 2, 3]) }
        let from = HTTPRequest(.get, source.url)
        async let failures = [
            transportFailure { try await transport.send(get) },
            transportFailure { try await transport.send(put) },
            transportFailure {
                try await transport.download(get) { _, _ in Issue.record("a head") }
            },
            transportFailure {
                try await transport.upload(streamed, contentLength: 1 << 30) { writer in
                    while true { try await writer.write([UInt8](repeating: 1, count: 1 << 20)) }
                }
            },
        ]
        async let relaySource = failure { () throws(HTTPRelayFailure) in
            try await transport.relay(HTTPRelay(source: get) { _ in put })
        }
        async let relayDestination = failure { () throws(HTTPRelayFailure) in
            try await transport.relay(HTTPRelay(source: from) { _ in streamed })
        }
        var found = await failures
        if case .sourceFailed(let error) = await relaySource { found.append(error) }
        if case .destinationFailed(let error) = await relayDestination { found.append(error) }
        #expect(found.count == 6, sourceLocation: sourceLocation)
        for error in found {
            #expect(
                error?.kind == kind, "\(String(describing: error))", sourceLocation: sourceLocation)
            #expect(error?.mayHaveBeenSent == false, sourceLocation: sourceLocation)
            #expect(error.map { url.contains($0.host) } == true, sourceLocation: sourceLocation)
        }
    }
}
