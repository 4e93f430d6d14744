import S3
import Signing
import Testing

@testable import Replication

/// What travels with the bytes, and what is said when it cannot.
@Suite struct MetadataCopyTests {
    static let body = bytes(Sizes.small)

    static func everything(_ options: inout WriteOptions) {
        options.metadata.contentType = "text/x-probe; charset=utf-8"
        options.metadata.contentEncoding = "gzip"
        options.metadata.contentLanguage = "de, en"
        options.metadata.contentDisposition = "attachment; filename=\"a b.txt\""
        options.metadata.cacheControl = "max-age=60, no-transform"
        options.metadata.expires = "Thu, 02 Jan 2031 03:04:05 GMT"
        options.metadata.websiteRedirect = "/elsewhere"
        options.metadata.user = [
            .init("plain", "v"), .init("encoded", "=?UTF-8?Q?=C3=BC?="),
            .init("raw", "gr\u{FC}\u{DF}e"), .init("spaced", "a  b"), .init("empty", ""),
        ]
        options.metadata.tags = [Tag("a", "1"), Tag("b c", "x +/=:@"), Tag("\u{FC}", "")]
    }

    enum Way: CaseIterable { case buffered, relayed, inParts }

    @Test(arguments: Way.allCases)
    func everythingTravels(_ way: Way) async throws {
        let bench = try await Bench()
        switch way {
        case .buffered: try await bench.source.put(Self.body, "key", Self.everything)
        case .relayed:
            try await bench.source.put(bytes(Sizes.relayed), "key", Self.everything)
        case .inParts:
            try await bench.source.put(parts: parts(300_000, 5), "key", Self.everything)
        }
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.notes == [])
        let from = try await bench.source.head()
        let to = try await bench.destination.head()
        #expect(to.metadata == from.metadata)
        #expect(to.metadata.user.contains(.init("raw", "gr\u{FC}\u{DF}e")))
        #expect(to.metadata.user.contains(.init("encoded", "=?UTF-8?Q?=C3=BC?=")))
        let tags = try await bench.destination.direct.tags(bench.destination.at("key"))
        let expected = try await bench.source.direct.tags(bench.source.at("key"))
        #expect(Set(tags) == Set(expected))
        #expect(tags.count == 3)
    }

    @Test func metadataAloneIsRewrittenInPlace() async throws {
        let bench = try await Bench()
        try await bench.destination.put(Self.body) { $0.metadata.tags = [Tag("old", "1")] }
        try await bench.source.put(Self.body, "key", Self.everything)
        let outcome = try await bench.converge()
        #expect(outcome.action == .updated)
        #expect(outcome.proof == .eTag)
        #expect(outcome.bytes == 0)
        #expect(bench.source.count("GET /key") == bench.source.count("GET /key?tagging"))
        #expect(
            try await bench.destination.head().metadata == bench.source.head().metadata)
        #expect(
            try await bench.destination.direct.tags(bench.destination.at("key")).count == 3)
    }

    @Test func metadataOfAMultipartObjectIsCopiedAnew() async throws {
        let bench = try await Bench()
        let pieces = parts(300_000, 300_000)
        try await bench.destination.put(parts: pieces)
        let eTag = try await bench.source.put(parts: pieces) {
            $0.metadata.user = [.init("a", "1")]
        }
        let outcome = try await bench.converge()
        #expect(outcome.action == .updated)
        #expect(outcome.bytes == 600_000)
        let head = try await bench.destination.head()
        #expect(head.eTag == eTag)
        #expect(head.metadata.user == [.init("a", "1")])
    }

    @Test func tagsThatAreGoneGo() async throws {
        let bench = try await Bench()
        try await bench.destination.put(Self.body) { $0.metadata.tags = [Tag("a", "1")] }
        try await bench.source.put(Self.body)
        #expect(try await bench.converge().reason == Decision.Reason.tagsDiffer.rawValue)
        #expect(try await bench.destination.head().tagCount == 0)
    }

    @Test func tagsStayBehindWhenTheRuleSaysSo() async throws {
        var bench = try await Bench()
        bench.rule.copying.copiesTags = false
        try await bench.source.put(Self.body) { $0.metadata.tags = [Tag("a", "1")] }
        #expect(try await bench.converge().notes == [])
        #expect(try await bench.destination.head().tagCount == 0)
        #expect(try await bench.converge().action == .skipped)
    }

    @Test func theClassIsTheRulesAndNeverTheSources() async throws {
        var bench = try await Bench()
        try await bench.source.put(Self.body) { $0.metadata.storageClass = "STANDARD_IA" }
        _ = try await bench.converge()
        #expect(try await bench.destination.head().metadata.storageClass == nil)
        try await bench.destination.direct.deleteObject(bench.destination.at("key"))
        bench.rule.copying.storageClass = "REDUCED_REDUNDANCY"
        _ = try await bench.converge()
        #expect(
            try await bench.destination.head().metadata.storageClass == "REDUCED_REDUNDANCY")
    }

    /// Trap 16.
    @Test func theFramingOfATransferIsNoEncoding() async throws {
        let store = try QuirkyStore()
        let bench = try await Bench(from: .quirky(store))
        store.seed(
            bench.sourcePath("key"), Self.body,
            headers: ["content-encoding": "aws-chunked, gzip", "content-type": "text/plain"])
        _ = try await bench.converge()
        #expect(try await bench.destination.head().metadata.contentEncoding == "gzip")
        #expect(try await bench.converge().action == .skipped)
    }

    @Test(arguments: [QuirkyStore.Quirks.Tagging.refused, .ignored])
    func tagsThatAStoreHasNotAreNoted(_ tagging: QuirkyStore.Quirks.Tagging) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.tagging = tagging
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        for size in [Sizes.small, Sizes.relayed] {
            let key = ObjectKey("key\(size)")
            try await bench.source.put(bytes(size), key) { $0.metadata.tags = [Tag("a", "1")] }
            let outcome = try await bench.converge(key)
            #expect(outcome.action == .copied)
            #expect(outcome.notes.contains("tags are not supported by there"))
            #expect(try await bench.destination.body(key) == bytes(size))
            #expect(try await bench.converge(key).action == .skipped)
        }
    }

    /// Tags alone cannot be set where there are none: that is no update.
    @Test(arguments: [QuirkyStore.Quirks.Tagging.refused, .ignored])
    func tagsAloneAreNotUpdatedWhereTheyCannotBe(
        _ tagging: QuirkyStore.Quirks.Tagging
    ) async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.tagging = tagging
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        try await bench.source.put(Self.body) {
            $0.metadata.contentType = "text/plain"
            $0.metadata.tags = [Tag("a", "1")]
        }
        try await bench.destination.put(Self.body) { $0.metadata.contentType = "text/plain" }
        let outcome = try await bench.converge()
        #expect(outcome.action == .skipped)
        #expect(outcome.notes == ["tags are not supported by there"])
    }

    @Test func metadataThatAStoreForgetsIsNoted() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.stripsMetadata = true
        let store = try QuirkyStore(quirks)
        let bench = try await Bench(to: .quirky(store))
        let replicator = Replicator(rule: bench.rule)
        for key in ["a", "b"] as [ObjectKey] {
            try await bench.source.put(Self.body, key) { $0.metadata.user = [.init("a", "1")] }
            let outcome = try await replicator.converge(key)
            #expect(outcome.action == .copied)
            #expect(outcome.notes.contains("user metadata is not kept by there"), "\(key)")
        }
    }

    @Test func severalThingsMayBeRefusedAtOnce() async throws {
        var quirks = QuirkyStore.Quirks()
        quirks.tagging = .refused
        quirks.locks = .refused
        let store = try QuirkyStore(quirks)
        let from = try QuirkyStore(.locking)
        let bench = try await Bench(from: .quirky(from), to: .quirky(store))
        try await bench.source.put(Self.body) {
            $0.metadata.tags = [Tag("a", "1")]
            $0.metadata.lock = .held
        }
        let outcome = try await bench.converge()
        #expect(outcome.action == .copied)
        #expect(outcome.notes.contains { $0.hasPrefix("tags are not supported by there") })
        #expect(outcome.notes.contains { $0.hasPrefix("object lock is not supported by there") })
        #expect(try await bench.destination.body() == Self.body)
    }
}
