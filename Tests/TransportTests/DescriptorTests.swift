import Foundation
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct DescriptorTests {
    /// Counted in a process of its own, where nobody else opens any.
    @Test func hundredsOfCancelledTransfersLeaveNone() async {
        await #expect(processExitsWith: .success) {
            let reached = Count()
            let server = try CancellationTests.server(.bodyHalf, reached)
            // What the first use of libcurl opens stays open.
            _ = try await Self.cancelled(1, server, reached)
            await server.ended.wait(for: server.accepted.value)
            let before = try Self.openDescriptors()
            let transports = try await Self.cancelled(300, server, reached)
            #expect(transports == 10)
            // Connections are accepted in their order: with this one the server has had all before.
            _ = try await Self.cancelled(1, server, reached)
            await server.ended.wait(for: server.accepted.value)
            // A task lets go of its closure, and so of its transport, shortly after its value is there. What leaks stays.
            var looks = 0
            while try Self.openDescriptors() > before, looks < 50_000 {
                looks += 1
                await Task.yield()
            }
            #expect(try Self.openDescriptors() <= before)
        }
    }

    static func openDescriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }

    /// Starts and cancels so many transfers of all kinds, over some transports one after another.
    static func cancelled(
        _ count: Int, _ server: ScriptedServer, _ reached: Count
    ) async throws -> Int {
        let get = HTTPRequest(.get, server.url)
        let put = HTTPRequest(.put, server.url)
        var transports = 0
        for start in stride(from: 0, to: count, by: 30) {
            let transport = HTTPTransport.forTest(engines: 2)
            transports += 1
            for number in start..<min(count, start + 30) {
                let before = reached.value
                let task = Task {
                    switch number % 4 {
                    case 0: _ = try await transport.send(get)
                    case 1:
                        try await transport.download(get) { _, reader in
                            _ = try await whole(reader)
                        }
                    case 2:
                        _ = try await transport.upload(put, contentLength: 1 << 30) { writer in
                            while true { try await writer.write(CancellationTests.body) }
                        }
                    default: _ = try await transport.relay(HTTPRelay(source: get) { _ in put })
                    }
                }
                await reached.wait(for: before + 1)
                task.cancel()
                let error = await failure { try await task.value }
                #expect(CancellationTests.transportError(error)?.kind == .cancelled)
            }
            await transport.shutdown()
        }
        return transports
    }
}
