import Glibc
import TestSupport
import Testing

@testable import Transport

/// Whoever waits holds the other side up, and is not idle.
@Suite(.timeLimit(.minutes(1))) struct BackPressureTests {
    private let transport = HTTPTransport.forTest()
    private let idle = Duration.seconds(1)

    /// More than all buffers on the way can hold together.
    private static let total = 48 << 20
    private static let bound = 24 << 20

    @Test(arguments: [true, false])
    func aConsumerThatWaits(isChunked: Bool) async throws {
        var random = SeededRandom(seed: 1)
        let block = random.bytes(count: 1 << 20)
        let sent = Count()
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            let count = Self.total / block.count
            if isChunked {
                connection.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                let chunk = Array(Chunked.encode(block, size: 50_000).dropLast(5))
                for _ in 0..<count {
                    guard connection.send(chunk, countingInto: sent) else { return }
                }
                connection.send("0\r\n\r\n")
            } else {
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.total)\r\n\r\n")
                for _ in 0..<count {
                    guard connection.send(block, countingInto: sent) else { return }
                }
            }
            connection.drain()
        }
        let request = HTTPRequest(.get, server.url, timeouts: .init(idle: idle))
        let (count, isRight) = try await transport.download(request) { _, reader in
            try await transport.outlast(idle)
            #expect(sent.value < Self.bound)
            let pattern = block + block
            var count = 0
            var isRight = true
            while let got = try await reader.next() {
                #expect(!got.isEmpty)
                #expect(got.count <= HTTPBodyReader.highWaterBytes)
                let place = count % block.count
                isRight = isRight && isSame(got, pattern, from: place)
                count += got.count
            }
            return (count, isRight)
        }
        #expect(count == Self.total)
        #expect(isRight)
    }

    /// Many stops and goes, at random places.
    @Test(arguments: 0..<4 as Range<UInt64>)
    func aConsumerThatStopsAndGoes(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let body = random.bytes(count: 4_000_000)
        let server = try ScriptedServer { _, _ in (200, [], body) }
        let got = try await transport.download(HTTPRequest(.get, server.url)) { _, reader in
            var got: [UInt8] = []
            while let block = try await reader.next() {
                got += block
                for _ in 0..<Int.random(in: 0...3, using: &random) {
                    _ = try await transport.send(HTTPRequest(.head, server.url))
                }
            }
            return got
        }
        #expect(got == body)
    }

    @Test func aProducerThatWaits() async throws {
        let server = try ScriptedServer { _, body in (200, [], Array("\(body.count)".utf8)) }
        let request = HTTPRequest(.put, server.url, timeouts: .init(idle: idle))
        let answer = try await transport.upload(request, contentLength: 6) { writer in
            try await transport.outlast(idle)
            try await writer.write([1, 2, 3])
            try await transport.outlast(idle)
            try await writer.write([])
            try await writer.write([4, 5, 6])
        }
        #expect(answer.body == Array("6".utf8))
    }

    /// The transfer is held up by the other side of the relay, which is not idle itself.
    @Test func aRelayWhoseSourceTrickles() async throws {
        let go = Count()
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n")
            connection.send([1])
            go.waitOnThread(for: 1)
            connection.send([2, 3])
            connection.drain()
        }
        let destination = try ScriptedServer { _, body in (200, [], body) }
        async let result = transport.relay(
            HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = destination.url, idle] _ in
                HTTPRequest(.put, url, timeouts: .init(idle: idle))
            })
        try await transport.outlast(idle)
        go.add()
        #expect(try await result.destination.body == [1, 2, 3])
    }

    @Test func aRelayWhoseDestinationDawdles() async throws {
        // Sockets that are read fast at first are given buffers of up to 32 MiB.
        let total = 128 << 20
        let sent = Count()
        let go = Signal()
        let source = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(total)\r\n\r\n")
            let block = [UInt8](repeating: 5, count: 1 << 20)
            for _ in 0..<(total >> 20) {
                guard connection.send(block, countingInto: sent) else { return }
            }
            connection.drain()
        }
        let destination = try ScriptedServer { connection in
            guard let head = connection.head() else { return }
            connection.send("HTTP/1.1 100 Continue\r\n\r\n")
            go.waitOnThread()
            var left = head.contentLength
            while left > 0 {
                let count = connection.some(left).count
                if count == 0 { return }
                left -= count
            }
            connection.answer()
            connection.drain()
        }
        defer { go.raise() }
        async let result = transport.relay(
            HTTPRelay(source: HTTPRequest(.get, source.url, timeouts: .init(idle: idle))) {
                [url = destination.url] _ in HTTPRequest(.put, url)
            })
        try await transport.outlast(idle)
        #expect(sent.value < total / 2)
        go.raise()
        #expect(try await result.bytes == Int64(total))
    }

    /// Small blocks for a transfer that never catches up take no more memory than large ones.
    @Test func aWriterKeepsOnlyWhatWaits() async throws {
        let mailbox = EngineMailbox()
        let writer = HTTPBodyWriter(id: 1, contentLength: .max, host: "h", mailbox: mailbox)
        var random = SeededRandom(seed: 1)
        var written = 0
        var taken: [UInt8] = []
        var model: [UInt8] = []
        var mostHeld = 0
        for _ in 0..<20_000 {
            let block = random.bytes(count: Int.random(in: 1...20, using: &random))
            try await writer.write(block)
            model += block
            written += block.count
            // One byte always stays.
            let room = min(written - taken.count - 1, 15)
            if room > 0 {
                taken += [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
                    count = writer.take(into: UnsafeMutableRawBufferPointer(buffer))
                }
            }
            if written - taken.count > 10_000 {
                taken += [UInt8](unsafeUninitializedCapacity: 9000) { buffer, count in
                    count = writer.take(into: UnsafeMutableRawBufferPointer(buffer))
                }
            }
            mostHeld = max(mostHeld, writer.heldBlocks)
        }
        #expect(mostHeld <= 4000)
        #expect(taken == Array(model.prefix(taken.count)))
    }

    /// By the C library: a debug build compares megabytes slowly.
    private func isSame(_ bytes: [UInt8], _ pattern: [UInt8], from start: Int) -> Bool {
        bytes.withUnsafeBytes { left in
            pattern.withUnsafeBytes { right in
                memcmp(left.baseAddress!, right.baseAddress! + start, left.count) == 0
            }
        }
    }
}
