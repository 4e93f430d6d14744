import S3
import Testing

@testable import Replication

/// What a copy lacks of its source, by what the answers tell without a request of their own.
@Suite struct NotKeptTests {
    @Test(arguments: MetadataCopyTests.Way.allCases, [String?.none, "AES256", "aws:kms"])
    func classAndEncryption(_ way: MetadataCopyTests.Way, encryption: String?) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.encryption = encryption
        let store = try QuirkyStore()
        let other = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(store), to: .quirky(other))
        let (body, sizes): ([UInt8], [Int]?) =
            switch way {
            case .buffered: (bytes(Sizes.small), nil)
            case .relayed: (bytes(Sizes.relayed), nil)
            case .inParts: (bytes(600_000), [300_000, 300_000])
            }
        for (key, source) in [("plain", "AES256"), ("keyed", "aws:kms")] {
            store.seed(
                bench.sourcePath(key), body,
                headers: [
                    "x-amz-storage-class": "GLACIER_IR", "x-amz-server-side-encryption": source,
                ], parts: sizes)
            let outcome = try await bench.converge(ObjectKey(key))
            #expect(outcome.action == .copied)
            let isKept = encryption == source || source == "AES256" && encryption != nil
            let expected: Set<NotKept> =
                isKept
                ? [.init(.storageClass, "GLACIER_IR")]
                : [.init(.storageClass, "GLACIER_IR"), .init(.encryption, source)]
            #expect(Set(outcome.notKept) == expected, "\(key)")
            #expect(outcome.notKept.count == expected.count)
            // What is in step is not told of again.
            #expect(try await bench.converge(ObjectKey(key)).notKept == [])
        }
    }

    /// The object goes, its tags are counted, and tags of the next object are tried.
    @Test(
        arguments: [QuirkyStore.Quirks.Tagging.invalid, .invalidLate],
        [Sizes.small, Sizes.relayed])
    func tagsThatAStoreRefuses(_ tagging: QuirkyStore.Quirks.Tagging, size: Int) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.tagging = tagging
        let store = try QuirkyStore(quirks)
        var bench = try await Bench(to: .quirky(store))
        let lost = [NotKept(.tags, "refused by there: InvalidTag")]
        for overwrites in [false, true] {
            try await bench.source.put(bytes(size, seed: overwrites ? 2 : 1)) {
                $0.metadata.contentType = "text/plain"
                $0.metadata.tags = [Tag("a", "1")]
            }
            let outcome = try await bench.converge()
            #expect(outcome.action == .copied && outcome.proof == .eTag)
            #expect(outcome.notKept == lost)
            #expect(!outcome.notes.contains { $0.contains("tags") })
            #expect(bench.destination.client.dialect.tagging != .no)
            #expect(try await bench.destination.body() == bench.source.body())
        }
        // Who asks for tags is told each time.
        bench.rule.copying.full = true
        let again = try await bench.converge()
        #expect(again.action == .skipped && again.notKept == lost)
        store.change { $0.quirks.tagging = .kept }
        let mended = try await bench.converge()
        #expect(mended.action == .updated && mended.notKept == [])
        #expect(try await bench.destination.head().tagCount == 1)
    }

    /// What was left out in vain, to find what is refused, is no loss.
    @Test func onlyWhatIsRefusedIsNoted() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.locks = .refused
        let from = try QuirkyStore(.locking)
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(from: .quirky(from), to: .quirky(store))
        try await bench.source.put(bytes(10)) {
            $0.metadata.tags = [Tag("a", "1")]
            $0.metadata.lock = .held
        }
        let outcome = try await bench.converge()
        #expect(outcome.notes.count == 1 && outcome.notes[0].hasPrefix("object lock is not"))
        #expect(try await bench.destination.head().tagCount == 1)
    }

    @Test func tagsAloneThatCannotBeSetAreToldFromTheContent() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.tagging = .denied
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(bytes(10)) {
            $0.metadata.contentType = "text/plain"
            $0.metadata.tags = [Tag("a", "1")]
        }
        try await bench.destination.put(bytes(10)) { $0.metadata.contentType = "text/plain" }
        let failure = try await bench.failure()
        #expect(failure.kind == .tagsNotStored)
        #expect(failure.cause?.kind == .accessDenied)
        #expect(
            failure.message.hasPrefix("key: the content is in step at there, the tags are not: "))
    }

    @Test func aClassThatTheRuleSetsIsItsWish() async throws {
        var bench = try await Bench()
        bench.rule.copying.storageClass = "STANDARD_IA"
        try await bench.source.put(bytes(10)) { $0.metadata.storageClass = "GLACIER_IR" }
        #expect(try await bench.converge().notKept == [])
    }

    /// The class stands in listings; a copy that the store makes by itself asks for no more.
    @Test func aServerSideCopyTellsWhatTheListingSays() async throws {
        let bench = try await Bench(isOneEndpoint: true)
        try await bench.source.put(bytes(10)) { $0.metadata.storageClass = "GLACIER_IR" }
        var evidence = try await bench.evidence()
        evidence.source?.storageClass = "GLACIER_IR"
        let outcome = try await bench.converge(evidence: evidence)
        #expect(outcome.proof == .eTag && outcome.notKept == [.init(.storageClass, "GLACIER_IR")])
    }
}
