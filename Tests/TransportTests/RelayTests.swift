import TestSupport
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct RelayTests {
    private let transport = HTTPTransport.forTest()

    @Test(arguments: [
        0, 1, 1000, (16 << 10) - 1, 16 << 10, (32 << 10) + 1, 128 << 10, (256 << 10) + 1, 1_000_000,
    ])
    func bytesArriveAsTheyWere(size: Int) async throws {
        var random = SeededRandom(seed: UInt64(size))
        let body = random.bytes(count: size)
        let servers = try RelayServers(body)
        let result = try await transport.relay(servers.relay())
        #expect(result.bytes == Int64(size))
        #expect(result.source.headers["etag"] == "\"e\"")
        #expect(result.destination.head.status == 200)
        #expect(result.destination.body == body)
        #expect(servers.destination.requests.first?["content-length"] == "\(size)")
    }

    /// Whatever the paces and the ring, bytes are equal and in order on both ends of the pipe.
    @Test(arguments: 0..<24 as Range<UInt64>)
    func anySizesAtAnyPace(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        func pieces() -> [Int] {
            let largest = [10, 1000, 20_000, 200_000].randomElement(using: &random)!
            return (0..<Int.random(in: 0...5, using: &random)).map { _ in
                Int.random(in: max(1, largest / 20)...largest, using: &random)
            }
        }
        let smallest = [1, 30_000, 200_000, 900_000].randomElement(using: &random)!
        let sourcePieces = pieces()
        let destinationPieces = pieces()
        // Small pieces take a system call each.
        let isSlow = (sourcePieces + destinationPieces).contains { $0 < 100 }
        let size = Int.random(in: 0...(isSlow ? min(30_000, smallest) : smallest), using: &random)
        let body = random.bytes(count: size)
        let servers = try RelayServers(
            body, sourcePieces: sourcePieces, destinationPieces: destinationPieces)
        let ring = [0, 32 << 10, 50_001, 256 << 10, 1 << 20].randomElement(using: &random)!
        let observed = Locked<[UInt8]>([])
        let result = try await transport.relay(
            servers.relay(ringBytes: ring) { block in observed.withLock { $0 += block } })
        #expect(result.bytes == Int64(size))
        #expect(result.destination.body == body)
        #expect(observed.withLock { $0 } == body)
    }

    @Test(arguments: [Int.min, 0, 32 << 10, 64 << 20, Int.max])
    func ringSizesAreCutToTheirLimits(ringBytes: Int) async throws {
        var random = SeededRandom(seed: 3)
        let body = random.bytes(count: 300_000)
        let servers = try RelayServers(body)
        let result = try await transport.relay(servers.relay(ringBytes: ringBytes))
        #expect(result.destination.body == body)
    }

    /// A destination that trickles while the source comes at once, and the other way round.
    @Test(arguments: [true, false], [32 << 10, 1 << 20])
    func oneSideIsSlow(isSourceSlow: Bool, ringBytes: Int) async throws {
        var random = SeededRandom(seed: 4)
        let body = random.bytes(count: 500_000)
        let servers = try RelayServers(
            body, sourcePieces: isSourceSlow ? [700] : [],
            destinationPieces: isSourceSlow ? [] : [700])
        let result = try await transport.relay(servers.relay(ringBytes: ringBytes))
        #expect(result.destination.body == body)
    }

    @Test func manyAtATime() async throws {
        var random = SeededRandom(seed: 5)
        let body = random.bytes(count: 100_000)
        let servers = try ScriptedServer { head, received in
            let number = UInt8(head.target.split(separator: "/").last ?? "") ?? 0
            return (200, [], head.method == "GET" ? body.map { $0 ^ number } : received)
        }
        let transport = HTTPTransport.forTest(engines: 2)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for number in 0..<40 {
                group.addTask { [url = servers.url] in
                    let result = try await transport.relay(
                        HTTPRelay(source: HTTPRequest(.get, "\(url)/\(number)")) { _ in
                            HTTPRequest(.put, url)
                        })
                    return result.destination.body == body.map { $0 ^ UInt8(number) }
                }
            }
            for try await isRight in group { #expect(isRight) }
        }
    }

    /// What the destination is asked depends on what the source has answered.
    @Test func theDestinationIsMadeFromTheSourcesHead() async throws {
        let servers = try RelayServers([1, 2, 3])
        let calls = Count()
        let result = try await transport.relay(
            HTTPRelay(source: HTTPRequest(.get, servers.source.url)) {
                [url = servers.destination.url] head in
                calls.add()
                return HTTPRequest(
                    .post, url, headers: ["x-etag": head.headers["etag"] ?? "", "x": ""])
            })
        #expect(result.destination.body == [1, 2, 3])
        #expect(calls.value == 1)
        let head = try #require(servers.destination.requests.first)
        #expect(head.method == "POST")
        #expect(head["x-etag"] == "\"e\"")
        #expect(head["content-length"] == "3")
    }

    /// A range is a success as well.
    @Test func aPartOfAnObject() async throws {
        let source = try ScriptedServer { _, _ in
            (206, [("Content-Range", "bytes 1-3/9")], [1, 2, 3])
        }
        let destination = try ScriptedServer { _, body in (200, [], body) }
        let result = try await transport.relay(
            HTTPRelay(source: HTTPRequest(.get, source.url)) { [url = destination.url] _ in
                HTTPRequest(.put, url)
            })
        #expect(result.source.status == 206)
        #expect(result.destination.body == [1, 2, 3])
    }
}
