import S3
import Signing
import TestSupport
import Testing

@testable import Replication

/// Within one endpoint the store copies by itself, and no byte passes through here.
@Suite struct ServerSideCopyTests {
    private func bytesMoved(_ bench: Bench) -> Int {
        bench.source.proxy.requests.count { $0.isGet && $0.isOfBytes }
    }

    @Test(arguments: [0, 1000, 600_000])
    func oneObjectIsOneCopy(_ size: Int) async throws {
        let bench = try await Bench(isOneEndpoint: true)
        let body = bytes(size)
        try await bench.source.put(body, "key", MetadataCopyTests.everything)
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.proof == .eTag)
        #expect(try await bench.destination.body() == body)
        #expect(
            try await bench.destination.head().metadata == bench.source.head().metadata)
        #expect(try await bench.destination.direct.tags(bench.destination.at("key")).count == 3)
        #expect(bytesMoved(bench) == 0)
    }

    @Test(arguments: [[300_000, 300_000], [1000], [5, 300_000, 10]])
    func partsAreCopiedAsParts(_ sizes: [Int]) async throws {
        let bench = try await Bench(isOneEndpoint: true)
        var generator = SeededRandom(seed: 3)
        let pieces = sizes.map { generator.bytes(count: $0) }
        let eTag = try await bench.source.put(parts: pieces, "key", MetadataCopyTests.everything)
        let outcome = try await bench.converge()
        #expect(outcome.proof == .eTag)
        let head = try await bench.destination.head()
        #expect(head.eTag == eTag)
        #expect(head.metadata == (try await bench.source.head().metadata))
        #expect(try await bench.destination.direct.tags(bench.destination.at("key")).count == 3)
        #expect(try await bench.destination.body() == pieces.flatMap { $0 })
        #expect(bytesMoved(bench) == 0)
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// Trap 20.
    @Test func twoEndpointsNeverCopyServerSide() async throws {
        let bench = try await Bench()
        try await bench.source.put(parts: parts(300_000, 300_000))
        _ = try await bench.converge()
        let isAsked = bench.destination.proxy.requests.contains {
            $0.head["x-amz-copy-source"] != nil
        }
        #expect(!isAsked)
    }

    /// Trap 29.
    @Test func theSourceOfACopyIsEncoded() async throws {
        let bench = try await Bench(isOneEndpoint: true)
        let key = ObjectKey("a b/\u{FC}+%?&#")
        try await bench.source.put([1, 2, 3], key)
        _ = try await bench.converge(key)
        #expect(try await bench.destination.body(key) == [1, 2, 3])
        let sent = bench.source.proxy.requests.compactMap { $0.head["x-amz-copy-source"] }
        #expect(sent == ["/\(bench.source.bucket)/a%20b/%C3%BC%2B%25%3F%26%23"])
    }

    /// Trap 17: success that is none.
    @Test func anErrorInASuccessfulAnswerIsNoCopy() async throws {
        let bench = try await Bench(isOneEndpoint: true)
        let body = bytes(1000)
        try await bench.source.put(body)
        bench.source.proxy.spoil(
            .answer(
                status: 200,
                body: "<?xml version=\"1.0\"?>\n<Error><Code>InternalError</Code></Error>")
        ) { $0.head["x-amz-copy-source"] != nil }
        #expect(try await bench.converge().action == .copied)
        #expect(try await bench.destination.body() == body)
    }

    @Test(arguments: [400, 403, 501])
    func aStoreThatRefusesGetsTheBytes(_ status: Int) async throws {
        let bench = try await Bench(isOneEndpoint: true)
        let pieces = parts(300_000, 300_000)
        try await bench.source.put([1, 2, 3], "single")
        try await bench.source.put(parts: pieces, "multi")
        bench.source.proxy.spoil(.answer(status: status, body: ""), times: 100) {
            $0.head["x-amz-copy-source"] != nil
        }
        let replicator = Replicator(rule: bench.rule)
        #expect(try await replicator.converge("single").proof == .eTag)
        #expect(try await replicator.converge("multi").proof == .eTag)
        #expect(try await bench.destination.body("single") == [1, 2, 3])
        #expect(try await bench.destination.body("multi") == pieces.flatMap { $0 })
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// rclone's way: answers 200 to UploadPartCopy, and keeps an empty part.
    @Test func emptyPartsAreNotBelieved() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.copiesParts = false
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store), isOneEndpoint: true)
        store.seed(bench.sourcePath("key"), bytes(600_000), parts: [300_000, 300_000])
        let outcome = try await bench.converge()
        #expect(outcome.proof == .eTag)
        #expect(store.objects[bench.path("key")]?.body == bytes(600_000))
        #expect(store.uploads.isEmpty)
    }

    @Test func copiesWithOddETagsAreCarriedAndProven() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.eTags = .kms
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store), isOneEndpoint: true)
        store.seed(bench.sourcePath("key"), bytes(1000))
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.proof == .readBack)
        #expect(store.objects[bench.path("key")]?.body == bytes(1000))
        #expect(try await bench.converge().action == .skipped)
    }

    /// As `rclone serve s3` does.
    @Test func copiesThatTheStoreMarksAreCarried() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.marksCopies = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store), isOneEndpoint: true)
        let headers = ["x-amz-meta-mtime": "1", "content-type": "text/plain"]
        // The first of them keeps its own mark, and shows nothing.
        store.seed(bench.sourcePath("a"), bytes(10), headers: headers)
        store.seed(bench.sourcePath("b"), bytes(20), headers: ["content-type": "text/plain"])
        store.seed(bench.sourcePath("c"), bytes(30), headers: ["content-type": "text/plain"])
        let replicator = Replicator(rule: bench.rule)
        for key in ["a", "b"] as [ObjectKey] {
            #expect(try await replicator.converge(key).proof == .eTag)
        }
        // What was let pass is seen by who looks, and mended for good.
        #expect(try await replicator.converge("b").action == .updated)
        #expect(try await replicator.converge("c").action == .copied)
        for key in ["a", "b", "c"] {
            #expect(
                store.objects[bench.path(key)]?.headers
                    == store.objects[bench.sourcePath(key)]?.headers)
            #expect(try await replicator.converge(ObjectKey(key)).action == .skipped)
        }
    }

    /// Objects without metadata show that none is added, not that none is lost.
    @Test func copiesThatLoseMetadataAreCarried() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.losesOnCopy = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store), isOneEndpoint: true)
        let replicator = Replicator(rule: bench.rule)
        for (key, headers) in [
            ("a", [:]), ("b", [:]), ("c", ["x-amz-meta-who": "me"]),
            ("d", ["x-amz-meta-who": "you"]),
        ] {
            store.seed(bench.sourcePath(key), bytes(10), headers: headers)
            #expect(try await replicator.converge(ObjectKey(key)).proof == .eTag)
            #expect(
                store.objects[bench.path(key)]?.headers["x-amz-meta-who"]
                    == headers["x-amz-meta-who"])
        }
    }

    /// Until an object that has some has kept it: then one HEAD a side was enough, else the source is asked for each.
    @Test(arguments: [true, false])
    func whetherMetadataTravelsIsAskedUntilItIsSeen(hasMetadata: Bool) async throws {
        let bench = try await Bench(isOneEndpoint: true)
        let replicator = Replicator(rule: bench.rule)
        for number in 0..<3 {
            let key = ObjectKey("key\(number)")
            try await bench.source.put(
                bytes(10), key, hasMetadata ? MetadataCopyTests.everything : { _ in })
            let evidence = try await bench.evidence(key)
            _ = try await replicator.converge(key, evidence: evidence)
        }
        #expect(bench.source.proxy.requests.count { $0.method == "HEAD" } == (hasMetadata ? 2 : 4))
    }

    @Test func aWriteConditionGuardsTheCopy() async throws {
        let bench = try await Bench(isOneEndpoint: true)
        try await bench.source.put(bytes(1000))
        let evidence = try await bench.evidence()
        let destination = bench.destination
        bench.source.proxy.spoil(
            .meanwhile { blocking { try await destination.put(bytes(1000, seed: 9)) } }
        ) { $0.head["x-amz-copy-source"] != nil }
        let outcome = try await bench.converge(evidence: evidence)
        // The other writer's object was seen, and replaced knowingly.
        #expect(outcome.reason == Decision.Reason.contentDiffers.rawValue)
        #expect(bench.source.proxy.requests.contains { $0.head["if-match"] == nil })
        #expect(try await bench.destination.body() == bytes(1000))
    }

    @Test func aClassOfTheRulesIsWritten() async throws {
        var bench = try await Bench(isOneEndpoint: true)
        bench.rule.copying.storageClass = "STANDARD_IA"
        try await bench.source.put(bytes(10), "key", MetadataCopyTests.everything)
        #expect(try await bench.converge().proof == .eTag)
        var expected = try await bench.source.head().metadata
        expected.storageClass = "STANDARD_IA"
        #expect(try await bench.destination.head().metadata == expected)
    }

    /// The source is overwritten between two copied parts, at a store that takes no pin: the mixture is seen and goes.
    @Test(arguments: [false, true])
    func aMixtureOfPartsDoesNotStay(_ isVersioned: Bool) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.conditions = .ignored
        quirks.isVersioned = isVersioned
        let store = try QuirkyStore(quirks)
        var bench = try await Bench(from: .quirky(store), isOneEndpoint: true)
        bench.rule.copying.partsAtOnce = 1
        let path = bench.sourcePath("key")
        store.seed(path, bytes(600_000), parts: [300_000, 300_000])
        store.seed(bench.path("key"), bytes(10))
        bench.source.proxy.spoil(
            .meanwhile { store.seed(path, bytes(600_000, seed: 2), parts: [300_000, 300_000]) },
            first: 2
        ) { $0.head["x-amz-copy-source"] != nil }
        _ = try await bench.converge()
        #expect(store.objects[bench.path("key")]?.body == bytes(600_000, seed: 2))
        #expect(store.uploads.isEmpty)
    }

    /// A layout that was guessed wrongly, over an object with a version before it.
    @Test func aWrongGuessOverAnOlderVersionIsMadeGood() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.readsParts = false
        quirks.isVersioned = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store), isOneEndpoint: true)
        store.seed(bench.sourcePath("key"), bytes(900_000), parts: [300_000, 500_000, 100_000])
        store.seed(bench.path("key"), bytes(10))
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(store.objects[bench.path("key")]?.body == bytes(900_000))
    }
}
