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
