import S3
import Signing
import TestSupport
import Testing

@testable import Replication

/// How content is moved: by one write, relayed, in parts, and with which part layout.
@Suite struct LayoutCopyTests {
    static let buffered = Int(Convergence.bufferedBytes)

    @Test(arguments: [0, 1, buffered, buffered + 1, 3 << 20])
    func oneWriteKeepsTheETag(_ size: Int) async throws {
        let bench = try await Bench()
        let body = bytes(size)
        try await bench.source.put(body)
        let outcome = try await bench.converge()
        #expect(outcome.proof == .eTag)
        #expect(outcome.bytes == Int64(size))
        #expect(try await bench.destination.body() == body)
        #expect(try await bench.destination.head().eTag == md5(body))
        #expect(bench.destination.count("PUT") <= 2)
        #expect(bench.source.count("GET") == 1)
    }

    /// Trap 12: of the sizes that a part can have; below and above what goes through memory.
    @Test(arguments: [
        [300_000], [1], [0], [300_000, 300_000], [300_000, 1], [1000, 1000, 10],
        [300_000, 300_000, 300_000, 7], [1000, 300_000], [5, 300_000, 4000, 299_999, 1],
        [300_000, 299_999, 300_000], [1000, 300_000, 0],
    ])
    func partsAreKept(_ sizes: [Int]) async throws {
        let bench = try await Bench()
        var generator = SeededRandom(seed: 3)
        let pieces = sizes.map { generator.bytes(count: $0) }
        let eTag = try await bench.source.put(parts: pieces)
        #expect(eTag == multipartETag(pieces))
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.proof == .eTag)
        #expect(try await bench.destination.body() == pieces.flatMap { $0 })
        #expect(try await bench.destination.head().eTag == eTag)
        #expect(try await bench.destination.uploads.isEmpty)
        #expect(try await bench.converge().action == .skipped)
    }

    enum Telling: CaseIterable { case heads, attributes, nothing }

    /// Layouts are asked for, or found by hashing the object once under each that is likely.
    @Test(arguments: Telling.allCases)
    func anIrregularLayoutIsAskedFor(_ telling: Telling) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.readsParts = telling == .heads
        quirks.hasAttributes = telling == .attributes
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store))
        let body = bytes(900_000)
        store.seed(bench.sourcePath("key"), body, parts: [300_000, 500_000, 100_000])
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(try await bench.destination.body() == body)
        let head = try await bench.destination.head()
        if telling == .nothing {
            // No way to know: own parts, own digests, and the origin says of what it is a copy.
            #expect(outcome.proof == .checksum)
            #expect(head.metadata.user.map(\.name) == [Origin.metadataName])
        } else {
            #expect(outcome.proof == .eTag)
            #expect(head.metadata.user.isEmpty)
        }
        #expect(try await bench.converge().action == .skipped)
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// Neither HEAD nor attributes: sizes that clients use are tried, and the ETag tells which it was.
    @Test(arguments: [5 << 20, 6_000_000, 8 << 20])
    func aCommonLayoutIsInferred(_ partBytes: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.readsParts = false
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store))
        let body = bytes(partBytes + 70_000)
        store.seed(bench.sourcePath("key"), body, parts: [partBytes, 70_000])
        let outcome = try await bench.converge()
        #expect(outcome.proof == .eTag)
        #expect(try await bench.destination.body() == body)
    }

    /// Trap 19, and R2's rule: stores that refuse the source's layout get one of our own.
    @Test func aStoreThatWantsRegularPartsGetsOurs() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.wantsRegularParts = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        let pieces = parts(300_000, 500_000, 100_000)
        try await bench.source.put(parts: pieces)
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.proof == .checksum)
        #expect(try await bench.destination.body() == pieces.flatMap { $0 })
        #expect(store.uploads.isEmpty)
        #expect(try await bench.converge().action == .skipped)
    }

    @Test func partsTooSmallForTheDestinationAreJoined() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.minPartBytes = 5 << 20
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        let pieces = parts(300_000, 300_000, 300_000)
        try await bench.source.put(parts: pieces)
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.proof == .checksum)
        #expect(try await bench.destination.body() == pieces.flatMap { $0 })
        #expect(store.uploads.isEmpty)
        #expect(try await bench.converge().action == .skipped)
    }

    /// Trap 13: one part is not none.
    @Test func onePartIsKeptAsOnePart() async throws {
        let bench = try await Bench()
        let body = bytes(400_000)
        let eTag = try await bench.source.put(parts: [body])
        #expect(eTag.partCount == 1)
        try await bench.destination.put(body)
        _ = try await bench.converge()
        #expect(try await bench.destination.head().eTag == eTag)
    }

    @Test(arguments: [QuirkyStore.Quirks.MultipartETags.wholeMD5, .opaque])
    func oddMultipartETagsAreProvenByContent(
        _ kind: QuirkyStore.Quirks.MultipartETags
    ) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.multipartETags = kind
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        let replicator = Replicator(rule: bench.rule)
        for (index, sizes) in [[300_000, 300_000], [300_000, 5000]].enumerated() {
            let key = ObjectKey("key\(index)")
            var generator = SeededRandom(seed: 5)
            let pieces = sizes.map { generator.bytes(count: $0) }
            try await bench.source.put(parts: pieces, key)
            let outcome = try await replicator.converge(key)
            #expect(outcome.action == .copied)
            #expect(outcome.proof == .checksum || outcome.proof == .readBack)
            #expect(try await bench.destination.body(key) == pieces.flatMap { $0 })
            let again = try await replicator.converge(key)
            #expect(again.reason == Decision.Reason.sameByOrigin.rawValue)
        }
        #expect(bench.destination.client.dialect.multipartETag != .standard)
        // The second was known to be odd, and written by one request.
        #expect(bench.destination.count("POST /key1") == 0)
    }

    @Test func withoutMultipartAtTheDestinationItIsOneWrite() async throws {
        var dialect = Dialect()
        dialect.multipart = .no
        let bench = try await Bench(destinationDialect: dialect)
        let pieces = parts(300_000, 300_000)
        try await bench.source.put(parts: pieces)
        let outcome = try await bench.converge()
        #expect(outcome.proof == .checksum)
        #expect(try await bench.destination.body() == pieces.flatMap { $0 })
        #expect(bench.destination.count("POST") == 0)
        #expect(try await bench.converge().reason == Decision.Reason.sameByOrigin.rawValue)
    }

    @Test func partsRunAtOnceOnlyAsManyAsTheRuleSays() async throws {
        var bench = try await Bench()
        bench.rule.copying.partsAtOnce = 1
        let pieces = parts(300_000, 300_000, 300_000)
        try await bench.source.put(parts: pieces)
        _ = try await bench.converge()
        let ranges = bench.source.proxy.requests.compactMap { $0.head["range"] }
        #expect(ranges == ["bytes=0-299999", "bytes=300000-599999", "bytes=600000-899999"])
    }

    @Test func everyPartIsReadUnderThePin() async throws {
        let bench = try await Bench()
        let eTag = try await bench.source.put(parts: parts(300_000, 300_000, 1000))
        _ = try await bench.converge()
        let reads = bench.source.proxy.requests.filter { $0.head["range"] != nil }
        #expect(reads.count == 3)
        #expect(reads.allSatisfy { $0.head["if-match"] == "\"\(eTag.value)\"" })
    }
}
