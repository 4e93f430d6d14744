import S3
import TestSupport
import Testing
import Transport

@testable import Replication

/// A source that changes while it is copied: what arrives is one object or the other, never a mixture, and it is
/// the newest in the end. Trap 4.
@Suite struct ChangingSourceTests {
    /// What is copied, and which request for its bytes finds it changed.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var sizes: [Int]
        var at: Int
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "read whole", sizes: [], at: 1),
        Case(name: "relayed", sizes: [0], at: 1),
        Case(name: "first part", sizes: [300_000, 300_000, 300_000], at: 1),
        Case(name: "between parts", sizes: [300_000, 300_000, 300_000], at: 2),
        Case(name: "last part", sizes: [300_000, 300_000, 300_000], at: 3),
        Case(name: "between small parts", sizes: [1000, 1000, 1000], at: 2),
    ]

    /// Sizes: empty is one small object, [0] one relayed, else parts.
    private static func seed(_ side: Bench.Side, _ sizes: [Int], seed: UInt64) async throws {
        switch sizes {
        case []: try await side.put(bytes(Sizes.small, seed: seed))
        case [0]: try await side.put(bytes(Sizes.relayed, seed: seed))
        default:
            var generator = SeededRandom(seed: seed)
            try await side.put(parts: sizes.map { generator.bytes(count: $0) })
        }
    }

    @Test(arguments: cases)
    func overwrittenMidway(_ row: Case) async throws {
        var bench = try await Bench()
        bench.rule.copying.partsAtOnce = 1
        try await Self.seed(bench.source, row.sizes, seed: 1)
        let source = bench.source
        source.proxy.spoil(
            .meanwhile { blocking { try await Self.seed(source, row.sizes, seed: 2) } },
            first: row.at
        ) { $0.isGet && $0.isOfBytes }
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(try await bench.destination.body() == bench.source.body())
        #expect(try await bench.destination.head().eTag == bench.source.head().eTag)
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// The same at a source that knows no If-Match: its ETag tells.
    @Test(arguments: cases)
    func overwrittenMidwayAtAStoreWithoutPins(_ row: Case) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.conditions = .ignored
        let store = try QuirkyStore(quirks)
        var bench = try await Bench(from: .quirky(store))
        bench.rule.copying.partsAtOnce = 1
        try await Self.seed(bench.source, row.sizes, seed: 1)
        let source = bench.source
        source.proxy.spoil(
            .meanwhile { blocking { try await Self.seed(source, row.sizes, seed: 2) } },
            first: row.at
        ) { $0.isGet && $0.isOfBytes }
        #expect(try await bench.converge().action == .copied)
        #expect(try await bench.destination.body() == bench.source.body())
        #expect(try await bench.destination.uploads.isEmpty)
    }

    @Test(arguments: cases)
    func deletedMidway(_ row: Case) async throws {
        var bench = try await Bench()
        bench.rule.copying.partsAtOnce = 1
        try await Self.seed(bench.source, row.sizes, seed: 1)
        let source = bench.source
        source.proxy.spoil(
            .meanwhile { blocking { try await source.direct.deleteObject(source.at("key")) } },
            first: row.at
        ) { $0.isGet && $0.isOfBytes }
        let outcome = try await bench.converge()
        #expect(outcome.reason == Decision.Reason.absentOnBothSides.rawValue)
        #expect(try await bench.destination.body() == nil)
        #expect(try await bench.destination.uploads.isEmpty)
    }

    @Test(arguments: [[], [0], [300_000, 300_000]])
    func oneThatNeverRestsIsLeftForLater(_ sizes: [Int]) async throws {
        let bench = try await Bench()
        try await Self.seed(bench.source, sizes, seed: 1)
        let source = bench.source
        let round = Locked<UInt64>(1)
        source.proxy.spoil(
            .meanwhile {
                let seed = round.withLock { round -> UInt64 in
                    round += 1
                    return round
                }
                blocking { try await Self.seed(source, sizes, seed: seed) }
            }, times: 1000
        ) { $0.isGet && $0.isOfBytes }
        let error = try await bench.failure()
        #expect(error.kind == .changedTooOften)
        #expect(try await bench.destination.body() == nil)
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// A listing's evidence of an object that is another one now.
    @Test func staleEvidenceOfTheSourceIsNoInstruction() async throws {
        let bench = try await Bench()
        try await bench.source.put(bytes(10))
        let evidence = try await bench.evidence()
        try await bench.source.put(bytes(20, seed: 2))
        #expect(try await bench.converge(evidence: evidence).bytes == 20)
        #expect(try await bench.destination.body() == bytes(20, seed: 2))
    }

    /// Trap 5: the source has the key again before the delete.
    @Test func aLateDeleteDoesNotDelete() async throws {
        var bench = try await Bench()
        bench.rule.deletes = .propagate
        try await bench.destination.put(bytes(10))
        let evidence = try await bench.evidence()
        try await bench.source.put(bytes(10))
        #expect(try await bench.converge(evidence: evidence).action != .deleted)
        #expect(try await bench.destination.body() == bytes(10))
    }

    /// Trap 26: a source bucket that is gone, or cannot be reached, deletes nothing.
    @Test(arguments: [404, 403, 500])
    func aSourceThatFailsDeletesNothing(_ status: Int) async throws {
        var bench = try await Bench()
        bench.rule.deletes = .propagate
        try await bench.destination.put(bytes(10))
        let evidence = try await bench.evidence()
        let bucket = "/\(bench.source.bucket)"
        bench.source.proxy.follow { request in
            request.target == bucket || request.target == bucket + "/" || status != 404
                ? [.answer(status: status, body: "")] : []
        }
        let error = try await bench.failure(evidence: evidence)
        #expect(error.kind == .store)
        #expect(try await bench.destination.body() == bytes(10))
    }

    /// Trap 7: CopyObject onto itself changes metadata, and not the ETag.
    @Test func metadataRewrittenInPlaceIsSeen() async throws {
        let bench = try await Bench()
        try await bench.source.put(bytes(10))
        _ = try await bench.converge()
        var options = WriteOptions()
        options.metadata.contentType = "text/plain"
        _ = try await bench.source.direct.copyObject(
            from: bench.source.at("key"), to: bench.source.at("key"), ifMatch: nil,
            replace: options)
        var evidence = try await bench.evidence()
        // Within the second that a listing may tell.
        evidence.source?.lastModified += 2000
        #expect(try await bench.converge(evidence: evidence).action == .updated)
        #expect(try await bench.destination.head().metadata.contentType == "text/plain")
    }

    /// Trap 25.
    @Test(arguments: [true, false])
    func anArchivedObjectIsNamed(_ isListed: Bool) async throws {
        let store = try QuirkyStore()
        let bench = try await Bench(from: .quirky(store))
        let path = bench.sourcePath("key")
        store.seed(path, bytes(10))
        store.change { $0.quirks.archived = [path] }
        let evidence = isListed ? try await bench.evidence() : nil
        let error = try await bench.failure(evidence: evidence)
        #expect(error.kind == .archived)
        #expect(error.message.contains("restore it"))
        #expect(try await bench.destination.body() == nil)
        #expect(bench.destination.count("PUT") == 0)
    }
}
