import S3
import Signing
import TestSupport
import Testing
import Transport

@testable import Replication

/// Two writers of one key: a newer object at the destination is never overwritten by an older copy. Traps 10 and 11.
@Suite struct WriteRaceTests {
    static let shapes: [[Int]] = [[Sizes.small], [Sizes.relayed], [300_000, 300_000]]

    private static func seed(_ side: Bench.Side, _ sizes: [Int], seed: UInt64) async throws {
        var generator = SeededRandom(seed: seed)
        let pieces = sizes.map { generator.bytes(count: $0) }
        if pieces.count > 1 {
            try await side.put(parts: pieces)
        } else {
            try await side.put(pieces[0])
        }
    }

    /// Both change in the moment of the write: source first, then another copier that has seen it. Ours must not
    /// bring the old one back.
    @Test(arguments: shapes, [true, false])
    func anOlderCopyNeverReplacesANewerOne(_ sizes: [Int], _ isThere: Bool) async throws {
        let bench = try await Bench(destinationDialect: .conditional)
        try await Self.seed(bench.source, sizes, seed: 1)
        if isThere { try await bench.destination.put([1]) }
        let (source, destination) = (bench.source, bench.destination)
        let written = Locked<[ETag]>([])
        destination.proxy.spoil(
            .meanwhile {
                blocking {
                    try await Self.seed(source, sizes, seed: 2)
                    try await Self.seed(destination, sizes, seed: 2)
                    let eTag = try await destination.head().eTag
                    written.withLock { $0.append(eTag) }
                }
            }
        ) { request in
            request.head["if-none-match"] != nil || request.head["if-match"] != nil
        }
        let outcome = try await bench.converge()
        #expect(outcome.reason == Decision.Reason.same.rawValue)
        #expect(try await bench.destination.head().eTag == written.withLock { $0.first })
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// 409 ConditionalRequestConflict: a PUT is tried again, a multipart upload begins anew.
    @Test(arguments: shapes)
    func aConflictIsTriedAgain(_ sizes: [Int]) async throws {
        let bench = try await Bench(destinationDialect: .conditional)
        try await Self.seed(bench.source, sizes, seed: 1)
        bench.destination.proxy.spoil(
            .answer(
                status: 409, body: "<Error><Code>ConditionalRequestConflict</Code></Error>")
        ) { $0.head["if-none-match"] != nil }
        #expect(try await bench.converge().proof == .eTag)
        #expect(try await bench.destination.body() == bench.source.body())
        if sizes.count > 1 { #expect(bench.destination.count("POST /key?uploads") == 2) }
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// If-Match on a key that was deleted meanwhile.
    @Test(arguments: shapes)
    func aDestinationDeletedMeanwhileIsWrittenAnew(_ sizes: [Int]) async throws {
        let bench = try await Bench(destinationDialect: .conditional)
        try await Self.seed(bench.source, sizes, seed: 1)
        try await bench.destination.put([1])
        let destination = bench.destination
        destination.proxy.spoil(
            .meanwhile {
                blocking { try await destination.direct.deleteObject(destination.at("key")) }
            }
        ) { $0.head["if-match"] != nil && $0.method != "GET" && $0.method != "HEAD" }
        #expect(try await bench.converge().proof == .eTag)
        #expect(try await bench.destination.body() == bench.source.body())
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// An upload that someone aborts is begun again.
    @Test(arguments: [[300_000, 300_000], [1000, 1000]])
    func anUploadAbortedByAnotherIsBegunAgain(_ sizes: [Int]) async throws {
        var bench = try await Bench()
        bench.rule.copying.partsAtOnce = 1
        try await Self.seed(bench.source, sizes, seed: 1)
        let destination = bench.destination
        destination.proxy.spoil(
            .meanwhile {
                blocking {
                    for upload in try await destination.uploads {
                        try await destination.direct.abortUpload(
                            destination.at("key"), uploadID: upload.uploadID)
                    }
                }
            }, first: 2
        ) { $0.isPut && $0.target.contains("partNumber") }
        #expect(try await bench.converge().proof == .eTag)
        #expect(try await bench.destination.body() == bench.source.body())
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// A store that ignores conditions is found out by the first small write, once, and the outcome says so.
    @Test(arguments: [false, true])
    func aStoreThatIgnoresConditionsIsFoundOut(_ isThere: Bool) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.conditions = .ignored
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(1000))
        if isThere { store.seed(bench.path("key"), [1]) }
        let replicator = Replicator(rule: bench.rule)
        let outcome = try await replicator.converge("key")
        #expect(outcome.proof == .eTag)
        #expect(outcome.notes.contains { $0.hasPrefix("there ignores conditional writes") })
        #expect(bench.destination.client.dialect.conditionalWrites == .no)
        // From then on each write says so, and is sent once.
        try await bench.source.put(bytes(1000), "next")
        let next = try await replicator.converge("next")
        #expect(next.notes.contains { $0.hasPrefix("there ignores conditional writes") })
        #expect(bench.destination.count("PUT /next") == 1)
    }

    @Test func aStoreThatHonoursConditionsIsFoundOutToo() async throws {
        let bench = try await Bench()
        try await bench.source.put(bytes(1000))
        #expect(try await bench.converge().notes == [])
        #expect(bench.destination.client.dialect.conditionalWrites == .yes)
        #expect(try await bench.destination.body() == bytes(1000))
    }

    /// A key that goes away just before a store is asked to refuse it says nothing of the store.
    @Test func aDeleteMeanwhileIsNoProofOfIgnorance() async throws {
        let bench = try await Bench()
        try await bench.source.put(bytes(1000))
        try await bench.destination.put([1])
        let destination = bench.destination
        destination.proxy.spoil(
            .meanwhile {
                blocking { try await destination.direct.deleteObject(destination.at("key")) }
            }
        ) { $0.head["if-none-match"] != nil }
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.notes == [])
        #expect(destination.client.dialect.conditionalWrites == .yes)
    }

    /// On a versioned bucket a second write would leave a second version.
    @Test func askingLeavesNoVersionBehind() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.isVersioned = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(1000))
        _ = try await bench.converge()
        #expect(store.versions[bench.path("key")]?.count == 1)
    }

    @Test(arguments: [QuirkyStore.Quirks.Conditions.refused, .ifMatchBroken], shapes)
    func aStoreThatCannotBeAskedIsWrittenWithALook(
        _ conditions: QuirkyStore.Quirks.Conditions, _ sizes: [Int]
    ) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.conditions = conditions
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await Self.seed(bench.source, sizes, seed: 1)
        store.seed(bench.path("key"), [1])
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.proof == .eTag)
        #expect(!outcome.notes.isEmpty)
        #expect(try await bench.destination.body() == bench.source.body())
        #expect(store.uploads.isEmpty)
    }

    /// A long upload to a store that guards nothing looks before it completes.
    @Test func aLongUploadLooksBeforeItCompletes() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.conditions = .ignored
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await Self.seed(bench.source, [300_000, 300_000], seed: 1)
        let newer = bytes(600_000, seed: 9)
        let (path, source) = (bench.path("key"), bench.source)
        bench.destination.proxy.spoil(
            .meanwhile {
                store.seed(path, newer, headers: ["content-type": "binary/octet-stream"])
                blocking { try await source.put(newer) }
            }, first: 2
        ) { $0.isPut && $0.target.contains("partNumber") }
        let outcome = try await bench.converge()
        #expect(outcome.reason == Decision.Reason.same.rawValue)
        #expect(store.objects[path]?.body == newer)
        #expect(store.uploads.isEmpty)
    }

    /// Trap 34: ids of versions are each store's own.
    @Test func theSourcesVersionIDIsNeverSentToTheDestination() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.isVersioned = true
        let from = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(from))
        from.seed(bench.sourcePath("key"), bytes(1000), tags: "a=1")
        from.change { $0.counter += 100 }
        from.seed(bench.sourcePath("key"), bytes(1000, seed: 2), tags: "a=2")
        _ = try await bench.converge()
        #expect(try await bench.destination.body() == bytes(1000, seed: 2))
        #expect(!bench.destination.requests.contains { $0.contains("versionId") })
    }
}
