import S3
import Signing
import TestSupport
import Testing

@testable import Replication

/// Stores whose word is worth nothing: what cannot be proven by it is proven by content, or reported.
@Suite struct OddStoreTests {
    @Test(arguments: [QuirkyStore.Quirks.ETags.opaque, .kms], [Sizes.small, Sizes.relayed])
    func randomETagsAtTheDestinationAreReadBack(
        _ eTags: QuirkyStore.Quirks.ETags, _ size: Int
    ) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = eTags
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(size))
        let replicator = Replicator(rule: bench.rule)
        let outcome = try await replicator.converge("key")
        #expect(outcome.proof == .readBack)
        #expect(store.objects[bench.path("key")]?.body == bytes(size))
        #expect(bench.destination.client.dialect.singleETagIsMD5 == .no)
        let again = try await replicator.converge("key")
        #expect(again.reason == Decision.Reason.sameByOrigin.rawValue)
        // What was learnt spares the next one the second write.
        try await bench.source.put(bytes(size, seed: 2), "next")
        #expect(try await replicator.converge("next").proof == .readBack)
        #expect(bench.destination.requests.count { $0 == "PUT /next" } <= 2)
    }

    /// A changed source is seen through the origin.
    @Test func anOriginOfAnOlderSourceIsNotTheSame() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .kms
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(1000))
        _ = try await bench.converge()
        try await bench.source.put(bytes(1000, seed: 2))
        #expect(try await bench.converge().action == .copied)
        #expect(store.objects[bench.path("key")]?.body == bytes(1000, seed: 2))
    }

    @Test(arguments: [Sizes.small, Sizes.relayed])
    func randomETagsAtTheSourceAreReadTwice(_ size: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .kms
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store))
        store.seed(bench.sourcePath("key"), bytes(size))
        let outcome = try await bench.converge()
        #expect(outcome.proof == .checksum)
        #expect(try await bench.destination.body() == bytes(size))
        #expect(try await bench.converge().reason == Decision.Reason.sameByOrigin.rawValue)
    }

    /// An ETag that looks like an MD5, of nobody knows what: over plain HTTP nothing vouches for the bytes.
    @Test func falseMD5sAtTheSourceAreReported() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .opaque
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store))
        store.seed(bench.sourcePath("key"), bytes(1000))
        let error = try await bench.failure()
        #expect(error.kind == .notProven)
        #expect(try await bench.destination.body() == nil)
    }

    /// With a checksum of the source's own, the bytes are proven, and the ETag is known to be no MD5.
    @Test(arguments: [Sizes.small, Sizes.relayed])
    func aChecksumOfTheSourceProvesTheReading(_ size: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .opaque
        quirks.hasChecksums = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store))
        store.seed(bench.sourcePath("key"), bytes(size))
        #expect(try await bench.converge().proof == .checksum)
        #expect(bench.source.client.dialect.singleETagIsMD5 == .no)
        #expect(try await bench.destination.body() == bytes(size))
    }

    /// Trap 14: a checksum of checksums is none of the whole.
    @Test(arguments: [Sizes.small, Sizes.relayed])
    func aCompositeChecksumIsNoneOfTheWhole(_ size: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .kms
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store))
        store.seed(bench.sourcePath("key"), bytes(size))
        bench.source.proxy.spoil(
            .setAnswerHeader("x-amz-checksum-crc32", "AAAAAA==-2"),
            .setAnswerHeader("x-amz-checksum-type", "COMPOSITE"), times: 1000
        ) { $0.head["x-amz-checksum-mode"] != nil }
        #expect(try await bench.converge().proof == .checksum)
        #expect(try await bench.destination.body() == bytes(size))
    }

    @Test(arguments: [Sizes.small, Sizes.relayed])
    func aWrongChecksumOfTheSourceIsReported(_ size: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .kms
        quirks.hasChecksums = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store))
        store.seed(bench.sourcePath("key"), bytes(size))
        bench.source.proxy.spoil(.flipAnswerByte(at: 7), times: 1000) {
            $0.isGet && $0.isOfBytes
        }
        #expect(try await bench.failure().kind == .notProven)
        #expect(try await bench.destination.body() == nil)
    }

    /// A store that keeps other bytes than it was sent, whatever it said of checksums when it was probed.
    @Test(
        arguments: [QuirkyStore.Quirks.ETags.md5, .kms, .opaque],
        [[Sizes.small], [Sizes.relayed], [300_000, 300_000]])
    func aStoreThatDamagesIsReported(
        _ eTags: QuirkyStore.Quirks.ETags, _ sizes: [Int]
    ) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = eTags
        quirks.damagesStoredByte = 10
        let store = try QuirkyStore(quirks)
        for verifies in [Dialect.Support.unknown, .yes] where !(verifies == .yes && eTags == .kms) {
            var dialect = Dialect()
            dialect.verifiesChecksums = verifies
            let bench = try await Bench(to: .quirky(store), destinationDialect: dialect)
            var generator = SeededRandom(seed: 4)
            let pieces = sizes.map { generator.bytes(count: $0) }
            if pieces.count > 1 {
                try await bench.source.put(parts: pieces)
            } else {
                try await bench.source.put(pieces[0])
            }
            let error = try await bench.failure()
            #expect(error.kind == .notProven)
            #expect(error.message.contains("removed again"))
            #expect(store.objects.isEmpty)
            #expect(store.uploads.isEmpty)
        }
    }

    @Test func whatCannotBeRemovedIsSaidLoudly() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.damagesStoredByte = 10
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(1000))
        bench.destination.proxy.spoil(.answer(status: 403, body: ""), times: 100) {
            $0.method == "DELETE"
        }
        let error = try await bench.failure()
        #expect(error.kind == .notProven)
        #expect(error.message.contains("STILL THERE"))
    }

    /// Another writer's object is none of ours to remove.
    @Test func whatAnotherWroteIsNotRemoved() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.damagesStoredByte = 10
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(1000))
        let path = bench.path("key")
        bench.destination.proxy.spoil(
            .meanwhile { store.seed(path, bytes(5)) }, first: 2, times: 1000
        ) { $0.isPut }
        _ = try await bench.failure()
        #expect(store.objects[path]?.body == bytes(5))
    }

    @Test(arguments: [Sizes.small, Sizes.relayed])
    func aStoreThatTellsNoETagIsAsked(_ size: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.tellsETags = false
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(size))
        #expect(try await bench.converge().proof == .eTag)
    }

    /// Some buckets want Content-MD5 with every write: learnt once. Trap 15: what is not asked for is not sent.
    @Test(arguments: [Sizes.small, Sizes.relayed])
    func aBucketThatWantsContentMD5GetsIt(_ size: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.wantsContentMD5 = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        let replicator = Replicator(rule: bench.rule)
        for key in ["a", "b"] as [ObjectKey] {
            try await bench.source.put(bytes(size), key)
            #expect(try await replicator.converge(key).proof == .eTag)
        }
        #expect(bench.destination.requests.count { $0 == "PUT /a" } >= 2)
        let second = bench.destination.proxy.requests.filter {
            $0.target.hasSuffix("/b") && $0.isPut
        }
        #expect(second.allSatisfy { $0.head["content-md5"] != nil })
    }

    @Test func nothingIsAddedThatAStoreDidNotAskFor() async throws {
        let bench = try await Bench()
        try await bench.source.put(bytes(Sizes.small), "a")
        try await bench.source.put(bytes(Sizes.relayed), "b")
        try await bench.source.put(parts: parts(300_000, 1000), "c")
        for key in ["a", "b", "c"] as [ObjectKey] { _ = try await bench.converge(key) }
        for request in bench.destination.proxy.requests + bench.source.proxy.requests {
            let names = request.head.fields.map { $0.name.lowercased() }
            let odd = names.filter {
                $0 == "content-md5" || $0 == "accept-encoding" || $0 == "te"
                    || $0.hasPrefix("x-amz-sdk") || $0 == "x-amz-trailer"
                    || ($0.hasPrefix("x-amz-checksum-") && $0 != "x-amz-checksum-mode")
            }
            #expect(odd == [], "\(request.method) \(request.target)")
        }
    }

    /// Trap 18: bytes are compared as they are stored.
    @Test func whatIsStoredCompressedStaysSo() async throws {
        let bench = try await Bench()
        let body: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        try await bench.source.put(body) { $0.metadata.contentEncoding = "gzip" }
        #expect(try await bench.converge().proof == .eTag)
        #expect(try await bench.destination.body() == body)
        #expect(try await bench.destination.head().metadata.contentEncoding == "gzip")
    }

    @Test func aStoreOfSignedPayloadsGetsThem() async throws {
        var dialect = Dialect()
        dialect.unsignedPayload = .no
        let bench = try await Bench(destinationDialect: dialect)
        let pieces = parts(300_000, 300_000)
        try await bench.source.put(bytes(Sizes.relayed), "single")
        try await bench.source.put(parts: pieces, "multi")
        #expect(try await bench.converge("single").proof == .eTag)
        #expect(try await bench.converge("multi").proof == .eTag)
        #expect(try await bench.destination.body("multi") == pieces.flatMap { $0 })
        let forms = bench.destination.proxy.requests.filter(\.isPut)
            .compactMap { $0.head["x-amz-content-sha256"] }
        #expect(forms.allSatisfy { $0.count == 64 })
    }

    /// Trap 19: more than any upload can hold is refused before a byte moves.
    @Test func anObjectBeyondEveryLimitIsRefused() async throws {
        let bench = try await Bench()
        try await bench.source.put([1])
        var evidence = try await bench.evidence()
        evidence.source?.size = PartLayout.maxPartBytes * Int64(PartLayout.maxParts) + 1
        let error = try await bench.failure(evidence: evidence)
        #expect(error.kind == .tooLarge)
        #expect(bench.source.requests == [])
    }

    /// A clock that the store refuses, without telling its own: nothing can be learnt.
    @Test func aSkewedClockIsReported() async throws {
        let bench = try await Bench()
        try await bench.source.put(bytes(1000))
        bench.destination.proxy.spoil(
            .answer(
                status: 403, body: "<Error><Code>RequestTimeTooSkewed</Code></Error>")
        ) { $0.isPut }
        let error = try await bench.failure()
        #expect(error.cause?.kind == .clockSkew)
        #expect(try await bench.destination.body() == nil)
    }
}
