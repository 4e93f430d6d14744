import TestSupport
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct BandwidthLimitTests {
    private let second: Nanoseconds = 1_000_000_000

    @Test func bytesArePaidForOneAfterAnother() {
        let limit = BandwidthLimit(bytesPerSecond: 1000)
        let start = 50 * second
        // Unused time counts for 20 ms, which are 20 bytes.
        #expect(limit.charge(20, at: start) == start)
        #expect(limit.charge(500, at: start) == start + second / 2)
        #expect(limit.charge(500, at: start) == start + second)
        #expect(limit.freeAt == start + second)
        #expect(limit.charge(0, at: start) == start + second)
        // Long after, nothing is left of the past but 20 ms.
        #expect(limit.charge(1000, at: start + 10 * second) == start + 11 * second - second / 50)
    }

    /// However the bytes are cut and whenever they come, no more pass than the limit allows.
    @Test(arguments: 0..<20 as Range<UInt64>)
    func theRateIsKept(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let rate = Int.random(in: 1...10_000_000, using: &random)
        let limit = BandwidthLimit(bytesPerSecond: rate)
        let start = Nanoseconds.random(in: 0...second * 1000, using: &random)
        var now = start
        var bytes = 0
        for _ in 0..<200 {
            let count = Int.random(in: 0...16 << 10, using: &random)
            bytes += count
            let free = limit.charge(count, at: now)
            now = max(now, free)
            let allowed = Double(now - start + BandwidthLimit.slack) / 1e9 * Double(rate)
            // One byte for each rounding down of a nanosecond.
            #expect(Double(bytes) <= allowed + 201)
            if Bool.random(using: &random) {
                now += Nanoseconds.random(in: 0...second, using: &random)
            }
        }
    }

    /// What came under the limit does not count again when it leaves.
    @Test(arguments: [true, false])
    func aBodyThatIsPaid(isPaid: Bool) async throws {
        let server = try ScriptedServer { _, _ in (200, [], []) }
        let limit = BandwidthLimit(bytesPerSecond: 1 << 30)
        let transport = HTTPTransport.forTest(bandwidth: limit)
        let before = limit.freeAt
        var request = HTTPRequest(.put, server.url, body: [UInt8](repeating: 1, count: 100_000))
        request.isBodyPaid = isPaid
        _ = try await transport.send(request)
        #expect((limit.freeAt == before) == isPaid)
    }

    @Test func aLimitedTransferIsWhole() async throws {
        var random = SeededRandom(seed: 1)
        let body = random.bytes(count: 300_000)
        let server = try ScriptedServer { head, received in
            (200, [], head.method == "PUT" ? received : body)
        }
        let transport = HTTPTransport.forTest(bandwidth: BandwidthLimit(bytesPerSecond: 4 << 20))
        let got = try await transport.download(HTTPRequest(.get, server.url)) { _, reader in
            try await whole(reader)
        }
        #expect(got == body)
        let echoed = try await transport.upload(
            HTTPRequest(.put, server.url), contentLength: Int64(body.count)
        ) { writer in
            for start in stride(from: 0, to: body.count, by: 10_000) {
                try await writer.write(Array(body[start..<min(body.count, start + 10_000)]))
            }
        }
        #expect(echoed.body == body)
        let sent = try await transport.send(HTTPRequest(.put, server.url, body: body))
        #expect(sent.body == body)
        let seen = Locked<[UInt8]>([])
        let result = try await transport.relay(
            HTTPRelay(
                source: HTTPRequest(.get, server.url),
                observe: { block in seen.withLock { $0 += block } },
                destination: { [url = server.url] _ in HTTPRequest(.put, url) }))
        #expect(result.destination.body == body)
        #expect(seen.withLock { $0 } == body)
        await transport.shutdown()
    }

    /// Waiting for the limit is not being idle, before the start as little as after it.
    @Test func waitingForTheLimitIsNotIdle() async throws {
        let server = try ScriptedServer { _, _ in (200, [], [1]) }
        let limit = BandwidthLimit(bytesPerSecond: 1000)
        let transport = HTTPTransport.forTest(bandwidth: limit)
        // 900 ms that are not paid for, more than the idle timeout.
        _ = limit.charge(920, at: MonotonicTime.now())
        let idle = HTTPTimeouts(idle: .milliseconds(600))
        let get = HTTPRequest(.get, server.url, timeouts: idle)
        #expect(try await transport.send(get).body == [1])
        let body = [UInt8](repeating: 1, count: 200)
        let put = HTTPRequest(.put, server.url, body: body, timeouts: idle)
        #expect(try await transport.send(put).body == [1])
        #expect(try await transport.send(put).body == [1])
        await transport.shutdown()
    }

    @Test func aTransferThatHasNotStartedCanBeCancelledAndEndedShort() async throws {
        let server = try ScriptedServer { _, _ in (200, [], []) }
        let limit = BandwidthLimit(bytesPerSecond: 1000)
        let transport = HTTPTransport.forTest(bandwidth: limit)
        _ = limit.charge(100, at: MonotonicTime.now())
        // The producer is done before the limit lets the transfer start.
        let short = await transportFailure {
            try await transport.upload(HTTPRequest(.put, server.url), contentLength: 5) { _ in }
        }
        #expect(short?.kind == .invalidRequest)
        _ = limit.charge(1_000_000_000, at: MonotonicTime.now())
        let task = Task { [url = server.url] in
            try await transport.send(HTTPRequest(.get, url))
        }
        task.cancel()
        let cancelled = await transportFailure { try await task.value }
        #expect(cancelled?.kind == .cancelled)
        #expect(cancelled?.mayHaveBeenSent == false)
        async let left = transportFailure { [url = server.url] in
            try await transport.send(HTTPRequest(.get, url))
        }
        await transport.shutdown()
        #expect(await left?.kind == .cancelled)
    }
}
