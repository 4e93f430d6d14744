import S3
import Testing
import Transport

@testable import Replication

@Suite struct ComparisonTests {
    static let md5A = "0cc175b9c0f1b6a831c399e269772661"
    static let md5B = "92eb5ffee6ae2fec3ad71c777531578f"

    static func object(
        _ key: String, size: Int64 = 1, eTag: String = md5A, at milliseconds: Int64 = 5000
    ) -> ListedObject {
        ListedObject(
            key: ObjectKey(key), size: size, eTag: ETag(eTag), lastModified: milliseconds)
    }

    /// The same, written a second later.
    static func copies(_ objects: [ListedObject]) -> [ListedObject] {
        objects.map { object in
            var copy = object
            copy.lastModified += 1000
            return copy
        }
    }

    static func comparison(
        _ source: ModelListing, _ destination: ModelListing, filter: ObjectFilter = ObjectFilter(),
        isFull: Bool = false, keysPerPage: Int = 3
    ) -> Comparison {
        var comparison = Comparison(
            filter: filter, isFull: isFull, source: source, destination: destination)
        comparison.now = { 100_000 }
        comparison.keysPerPage = keysPerPage
        return comparison
    }

    static func run(
        _ comparison: Comparison, extraLimit: Int = 1000
    ) async throws -> (result: ComparisonResult, differences: [Difference]) {
        let collected = Collected()
        let result = try await comparison.run(
            extraLimit: extraLimit, progress: { _ in }, each: { collected.add($0) })
        return (result, collected.all)
    }

    /// The whole table of what two listings say of a pair.
    @Test(arguments: [
        (object("k"), object("k", at: 6000), Difference.Verdict.same),
        (object("k"), object("k", at: 9000), .same),
        (object("k", at: 5001), object("k", at: 5002), .same),
        (
            object("k"), object("k"),
            .look(reason: "source is not older: metadata may differ")
        ),
        (
            object("k", at: 5999), object("k", at: 5000),
            .look(reason: "source is not older: metadata may differ")
        ),
        (
            object("k", at: 6000), object("k", at: 5999),
            .look(reason: "source is not older: metadata may differ")
        ),
        (object("k", size: 2), object("k"), .copy(reason: "size differs")),
        (object("k", eTag: md5A), object("k", eTag: md5B), .copy(reason: "content differs")),
        (object("k", eTag: md5A + "-2"), object("k", eTag: md5A + "-2", at: 6000), .same),
        (
            object("k", eTag: md5A + "-2"), object("k", eTag: md5B + "-2"),
            .copy(reason: "content differs")
        ),
        (
            object("k", eTag: md5A + "-2"), object("k", eTag: md5A + "-3"),
            .look(reason: "ETags cannot be compared")
        ),
        (
            object("k", eTag: md5A + "-1"), object("k", eTag: md5A),
            .look(reason: "ETags cannot be compared")
        ),
        (
            object("k", eTag: "opaque"), object("k", eTag: "opaque"),
            .look(reason: "ETags cannot be compared")
        ),
        (object("k", eTag: ""), object("k", eTag: ""), .look(reason: "ETags cannot be compared")),
    ])
    func verdict(source: ListedObject, destination: ListedObject, expected: Difference.Verdict) {
        let rules = PairRules(source: Dialect(), destination: Dialect(), isFull: false)
        #expect(rules.verdict(source, destination) == expected)
    }

    @Test func learntDialectsMakeETagsIncomparable() {
        var odd = Dialect()
        odd.singleETagIsMD5 = .no
        odd.multipartETag = .opaque
        for eTag in [Self.md5A, Self.md5A + "-4"] {
            let object = Self.object("k", eTag: eTag)
            for rules in [
                PairRules(source: odd, destination: Dialect(), isFull: false),
                PairRules(source: Dialect(), destination: odd, isFull: false),
            ] {
                #expect(rules.verdict(object, object) == .look(reason: "ETags cannot be compared"))
            }
        }
    }

    @Test func fullLooksAtEveryPair() async throws {
        let objects = [Self.object("a"), Self.object("b")]
        let comparison = Self.comparison(
            ModelListing(objects), ModelListing(objects), isFull: true)
        let (result, differences) = try await Self.run(comparison)
        #expect(differences.map(\.key) == ["a", "b"])
        #expect(result.tally.unchanged == 0)
    }

    @Test func everyPairDeliversTheSameOnesToo() async throws {
        let objects = ["a", "b", "c", "d"].map { Self.object($0) }
        var comparison = Self.comparison(
            ModelListing(objects), ModelListing(Self.copies(objects)))
        comparison.everyPair = true
        let (result, differences) = try await Self.run(comparison)
        #expect(differences.map(\.verdict) == [.same, .same, .same, .same])
        #expect(result.tally.unchanged == 4)
    }

    @Test func smallBucketCostsOneRequestASide() async throws {
        let source = ModelListing((0..<1000).map { Self.object("k\($0)") })
        let destination = ModelListing([])
        let comparison = Self.comparison(source, destination, keysPerPage: 1000)
        let (result, differences) = try await Self.run(comparison)
        #expect(differences.count == 1000 && result.tally.sourceObjects == 1000)
        #expect(source.pages == 1 && destination.pages == 1)
    }

    @Test func listingThatFailsGivesNoResult() async throws {
        let objects = (0..<20).map { Self.object("k\($0)") }
        var faults = ModelListing.Faults()
        faults.failsAtPage = 3
        let broken = ModelListing(objects, faults: faults)
        await #expect(throws: S3Error.self) {
            _ = try await Self.run(Self.comparison(broken, ModelListing(objects)))
        }
        let brokenToo = ModelListing(objects, faults: faults)
        await #expect(throws: S3Error.self) {
            _ = try await Self.run(Self.comparison(ModelListing(objects), brokenToo))
        }
    }

    @Test func listingWithoutEndIsRefused() async throws {
        var faults = ModelListing.Faults()
        faults.repeatsToken = true
        let endless = ModelListing((0..<20).map { Self.object("k\($0)") }, faults: faults)
        let error = await #expect(throws: S3Error.self) {
            _ = try await Self.run(Self.comparison(endless, ModelListing([])))
        }
        #expect(error?.kind == .malformedAnswer)
    }

    @Test func overlappingPagesCountKeysOnce() async throws {
        var faults = ModelListing.Faults()
        faults.overlaps = true
        let objects = (10..<30).map { Self.object("k\($0)") }
        let source = ModelListing(objects, faults: faults)
        let (result, differences) = try await Self.run(
            Self.comparison(source, ModelListing([], faults: faults)))
        #expect(result.tally.sourceObjects == 20)
        #expect(differences.map(\.key) == objects.map(\.key))
        #expect(result.notes.isEmpty)
    }

    @Test func excludedKeysAreNoExtras() async throws {
        var filter = ObjectFilter()
        filter.exclude = ["*.tmp"]
        filter.maxSize = 10
        let source = ModelListing([
            Self.object("a"), Self.object("b.tmp"), Self.object("big", size: 11),
        ])
        let destination = ModelListing([
            Self.object("big", size: 3), Self.object("c.tmp"), Self.object("d"),
        ])
        let (result, differences) = try await Self.run(
            Self.comparison(source, destination, filter: filter))
        #expect(differences.map(\.key) == ["a"])
        #expect(result.extras == ["d"])
        #expect(result.extraCount == 1)
        #expect(result.tally.filtered == 3)
        #expect(result.tally.sourceObjects == 1 && result.tally.destinationObjects == 1)
    }

    @Test func extrasAreLimitedAndAllCounted() async throws {
        let destination = ModelListing((10..<40).map { Self.object("k\($0)") })
        let (result, _) = try await Self.run(
            Self.comparison(ModelListing([]), destination), extraLimit: 4)
        #expect(result.tally.sourceObjects == 0)
        #expect(result.extras == ["k10", "k11", "k12", "k13"])
        #expect(result.extraCount == 30)
    }

    @Test func objectNamedAsThePrefixIsLeftOutWithANote() async throws {
        let source = ModelListing(
            [Self.object("photos/"), Self.object("photos/a")], prefix: "photos/")
        let (result, differences) = try await Self.run(
            Self.comparison(source, ModelListing([])))
        #expect(differences.map(\.key) == ["a"])
        #expect(result.notes.count == 1)
        // And the other way round it is nothing that could be missing at the source.
        let (back, _) = try await Self.run(
            Self.comparison(
                ModelListing([]),
                ModelListing([Self.object("photos/")], prefix: "photos/")))
        #expect(back.extraCount == 0)
    }

    @Test func whatEachThrowsEndsTheRun() async throws {
        struct Stop: Error {}
        let source = ModelListing((0..<20).map { Self.object("k\($0)") })
        await #expect(throws: Stop.self) {
            _ = try await Self.comparison(source, ModelListing([])).run(
                extraLimit: 1, progress: { _ in }, each: { _ in throw Stop() })
        }
    }
}
