import S3
import TestSupport
import Testing

@testable import Replication

@Suite struct ComparisonPropertyTests {
    /// Odd bytes, and the two normal forms of the same letter.
    private static let pieces: [[UInt8]] = [
        Array("a".utf8), Array("b".utf8), Array("/".utf8), Array("//".utf8), Array("+".utf8),
        Array("%2F".utf8), [0x0d], [0x01], Array("\u{e9}".utf8), Array("e\u{301}".utf8),
        Array("\u{10ffff}".utf8), [0xff], Array(".".utf8), Array("0".utf8), Array("9".utf8),
        Array("A".utf8), Array("\u{ff5e}".utf8),
    ]

    private static func bucket(
        prefix: ObjectKey, _ random: inout SeededRandom
    ) -> [ObjectKey: ListedObject] {
        var objects: [ObjectKey: ListedObject] = [:]
        for _ in 0..<Int.random(in: 0...40, using: &random) {
            var relative: [UInt8] = []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                relative += pieces.randomElement(using: &random)!
            }
            let eTags = [
                ComparisonTests.md5A, ComparisonTests.md5B, ComparisonTests.md5A + "-2", "odd",
            ]
            let key = ObjectKey(relative)
            objects[key] = ListedObject(
                key: prefix + key, size: Int64.random(in: 0...1, using: &random),
                eTag: ETag(eTags.randomElement(using: &random)!),
                lastModified: Int64.random(in: 0...4, using: &random) * 700)
        }
        return objects
    }

    private static func mayFollow(_ source: Int64, _ copy: Int64) -> Bool {
        let haveMilliseconds = source % 1000 != 0 && copy % 1000 != 0
        return haveMilliseconds ? source >= copy : source / 1000 >= copy / 1000
    }

    /// What a join must say, from two dictionaries.
    private static func expected(
        _ source: [ObjectKey: ListedObject], _ destination: [ObjectKey: ListedObject]
    ) -> (differences: [ObjectKey: Difference.Verdict], extras: [ObjectKey], unchanged: Int) {
        var differences: [ObjectKey: Difference.Verdict] = [:]
        var unchanged = 0
        for (key, object) in source {
            guard let copy = destination[key] else {
                differences[key] = .copy(reason: "absent at destination")
                continue
            }
            let isComparable =
                object.eTag.value.count == copy.eTag.value.count
                && object.eTag.value != "odd"
            if object.size != copy.size {
                differences[key] = .copy(reason: "size differs")
            } else if !isComparable {
                differences[key] = .look(reason: "ETags cannot be compared")
            } else if object.eTag != copy.eTag {
                differences[key] = .copy(reason: "content differs")
            } else if Self.mayFollow(object.lastModified, copy.lastModified) {
                differences[key] = .look(reason: "source is not older: metadata may differ")
            } else {
                unchanged += 1
            }
        }
        let extras = destination.keys.filter { source[$0] == nil }.sorted()
        return (differences, extras, unchanged)
    }

    @Test(arguments: Array(0..<400) + [5631, 5828] as [UInt64])
    func sameAsTwoDictionaries(seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let prefixes: [ObjectKey] = ["", "p/", "a much longer prefix/"]
        let sourcePrefix = prefixes.randomElement(using: &random)!
        let destinationPrefix = prefixes.randomElement(using: &random)!
        let source = Self.bucket(prefix: sourcePrefix, &random)
        var destination = Self.bucket(prefix: destinationPrefix, &random)
        for (key, object) in source where Bool.random(using: &random) {
            destination[key] = ListedObject(
                key: destinationPrefix + key, size: object.size, eTag: object.eTag,
                lastModified: Int64.random(in: 0...4, using: &random) * 700)
        }
        var isFaithful = true
        func listing(
            _ objects: [ObjectKey: ListedObject], _ prefix: ObjectKey
        ) -> ModelListing {
            var faults = ModelListing.Faults()
            if Int.random(in: 0..<3, using: &random) == 0 {
                faults.order = ModelListing.Order.allCases.randomElement(using: &random)!
            }
            if Int.random(in: 0..<3, using: &random) == 0 {
                faults.startAfter = ModelListing.StartAfter.allCases.randomElement(using: &random)!
            }
            isFaithful = isFaithful && faults.isFaithful
            faults.overlaps = Int.random(in: 0..<4, using: &random) == 0
            return ModelListing(Array(objects.values), prefix: prefix, faults: faults, seed: seed)
        }
        var comparison = ComparisonTests.comparison(
            listing(source, sourcePrefix), listing(destination, destinationPrefix),
            keysPerPage: Int.random(in: 1...7, using: &random))
        comparison.listingRanges = Int.random(in: 1...4, using: &random)
        comparison.rangePolicy.afterPages = Int.random(in: 1...3, using: &random)
        comparison.rangePolicy.abovePageTime = .zero
        comparison.sortRunBytes = Int.random(in: 1...2000, using: &random)
        if Bool.random(using: &random) {
            let keys = Set(Array(source.keys) + Array(destination.keys))
            let boundaries = keys.shuffled(using: &random).prefix(3).sorted()
            comparison.boundaries = { _ in boundaries }
        }

        var (result, differences) = try await ComparisonTests.run(comparison)
        let expected = Self.expected(source, destination)
        if !isFaithful {
            // What came before the disorder showed may be wrong; what came after must not be.
            let last = Dictionary(
                differences.map { ($0.key, $0.verdict) }, uniquingKeysWith: { $1 })
            for (key, verdict) in expected.differences {
                #expect(last[key] == verdict, "seed \(seed)")
            }
            #expect(result.extras == expected.extras, "seed \(seed)")
            #expect(result.tally.sourceObjects == source.count, "seed \(seed)")
            #expect(result.tally.destinationObjects == destination.count, "seed \(seed)")
            // What was learnt spares a second comparison the restart; ranges would need another.
            comparison.listingRanges = 1
            (result, differences) = try await ComparisonTests.run(comparison)
        }
        var found: [ObjectKey: Difference.Verdict] = [:]
        for difference in differences {
            found[difference.key] = difference.verdict
            #expect(difference.evidence.source == source[difference.key])
            #expect(difference.evidence.destination == destination[difference.key])
        }
        #expect(found == expected.differences, "seed \(seed)")
        #expect(differences.count == found.count, "a difference came twice, seed \(seed)")
        #expect(result.extras == expected.extras, "seed \(seed)")
        #expect(result.extraCount == expected.extras.count)
        #expect(result.tally.unchanged == expected.unchanged, "seed \(seed)")
        #expect(result.tally.sourceObjects == source.count)
        #expect(result.tally.destinationObjects == destination.count)
    }

    /// Listed out of order just where ranges meet, so that each range alone is in order.
    @Test(arguments: [
        // The page ends with the last key of the range, and an earlier key follows.
        (["1", "2", "a", "m", "b", "z"], "m", ModelListing.Order.partlyShuffled),
        // The first range ends at "d", the second one begins at "n", and "E" is between.
        (["A", "B", "C", "d", "E", "n"], "M", .ignoringCase),
    ])
    func keyBetweenTwoRangesIsNotMissed(
        keys: [String], boundary: String, order: ModelListing.Order
    ) async throws {
        let objects = keys.map { ComparisonTests.object($0) }
        var faults = ModelListing.Faults()
        faults.order = order
        let source =
            order == .partlyShuffled
            ? ModelListing(listed: objects) : ModelListing(objects, faults: faults)
        var comparison = ComparisonTests.comparison(source, ModelListing([]), keysPerPage: 2)
        comparison.rangePolicy.afterPages = 1
        comparison.rangePolicy.abovePageTime = .zero
        comparison.boundaries = { _ in [ObjectKey(boundary)] }
        let (result, differences) = try await ComparisonTests.run(comparison)
        #expect(Set(differences.map(\.key)) == Set(objects.map(\.key)))
        #expect(result.tally.sourceObjects == keys.count)
        #expect(source.dialect.sortedListing == .no && result.notes.count == 1)
    }

    @Test func unsortedListingIsLearntAndNoted() async throws {
        var faults = ModelListing.Faults()
        faults.order = .shuffled
        let objects = (0..<500).map { ComparisonTests.object("k\($0)") }
        let source = ModelListing(objects, connection: "odd", faults: faults, seed: 7)
        var comparison = ComparisonTests.comparison(
            source, ModelListing(ComparisonTests.copies(objects)))
        // More runs than are merged at once: several generations of files.
        comparison.sortRunBytes = 256
        let (result, differences) = try await ComparisonTests.run(comparison)
        #expect(differences.allSatisfy { $0.verdict == .copy(reason: "absent at destination") })
        #expect(result.tally.unchanged == 500 && result.extraCount == 0)
        #expect(source.dialect.sortedListing == .no)
        #expect(
            result.notes == ["odd lists keys out of order: its listing was sorted on disk"])
        // What was learnt spares the second comparison the restart: its differences come once.
        let (again, none) = try await ComparisonTests.run(comparison)
        #expect(none.isEmpty && again.tally.unchanged == 500)
    }

    /// Keys as they are commonly named; ranges must be found, and cost a handful of requests.
    @Test(arguments: ["obj-%", "photos/2024/%.jpg", "%/x"])
    func rangesCostAHandfulOfRequests(pattern: String) async throws {
        let count = 20_000
        let objects = (0..<count).map { number in
            let digits = String(repeating: "0", count: 8 - "\(number)".count) + "\(number)"
            return ComparisonTests.object(pattern.replacing("%", with: digits))
        }
        let source = ModelListing(objects)
        let destination = ModelListing(ComparisonTests.copies(objects))
        var comparison = ComparisonTests.comparison(source, destination, keysPerPage: 100)
        comparison.rangePolicy.afterPages = 4
        comparison.rangePolicy.abovePageTime = .zero
        let (result, differences) = try await ComparisonTests.run(comparison)
        #expect(differences.isEmpty && result.tally.unchanged == count)
        let pages = count / 100
        // Four ranges: three more first pages, three pages cut at a bound, and one read ahead of it.
        #expect(source.pages <= pages + RangeFinder.probeLimit + 8)
        #expect(destination.pages <= pages + 8)
        let found = await RangeFinder(source: source, destination: destination, count: 4)
            .boundaries(first: objects[99].key, reached: objects[399].key)
        #expect(found.count == 1 || found.count == 3, "\(found)")
        #expect(found == found.sorted() && found.allSatisfy { objects[399].key < $0 })
    }
}
