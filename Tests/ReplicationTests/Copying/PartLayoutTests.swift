import TestSupport
import Testing

@testable import Replication

@Suite struct PartLayoutTests {
    private static func lengths(_ layout: PartLayout) -> [Int64] {
        (1...layout.count).map(layout.length)
    }

    /// The parts follow each other without gap or overlap, from the first byte to the last.
    private static func expectWhole(_ layout: PartLayout) {
        var next: Int64 = 0
        for number in 1...layout.count {
            if let range = layout.range(of: number) {
                #expect(range.lowerBound == next)
                #expect(Int64(range.count) == layout.length(of: number))
                next = range.upperBound + 1
            } else {
                #expect(layout.length(of: number) == 0)
            }
        }
        #expect(next == layout.size)
    }

    @Test(arguments: [
        ([10] as [Int64], true), ([0], true), ([10, 10], true), ([10, 3], true), ([3, 10], false),
        ([10, 0], false), ([0, 10], false), ([5, 5, 4, 5], false), ([5, 5, 5, 1], true),
    ])
    func sizesComeBack(_ sizes: [Int64], _ isRegular: Bool) throws {
        let layout = try #require(PartLayout(sizes: sizes))
        #expect(Self.lengths(layout) == sizes)
        #expect(layout.isRegular == isRegular)
        Self.expectWhole(layout)
    }

    @Test func impossibleSizesAreNone() {
        #expect(PartLayout(sizes: []) == nil)
        #expect(PartLayout(sizes: [-1]) == nil)
        #expect(PartLayout(sizes: [Int64](repeating: 1, count: 10_001)) == nil)
        #expect(PartLayout(sizes: [Int64](repeating: 1, count: 10_000)) != nil)
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func regularLayoutsCoverEveryByte(_ seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        let size = Int64.random(in: 0...10_000, using: &generator)
        let layout = PartLayout(
            size: size, partBytes: Int64.random(in: 50...12_000, using: &generator))
        Self.expectWhole(layout)
        #expect(PartLayout(sizes: Self.lengths(layout)) == layout || size == 0, "seed \(seed)")
    }

    /// Trap 19: between 5 MiB and 5 GiB a part, 10,000 parts at most, for every size that can be stored.
    @Test(
        arguments: [
            (0, nil), (1, nil), (16 << 20, nil), ((16 << 20) + 1, nil), (160_000 << 20, nil),
            ((160_000 << 20) + 1, nil), (5 << 40, nil), (48 << 40, nil),
            ((5 << 30) * 10_000, nil), (100 << 20, 1), (100 << 20, 5 << 20), (1 << 40, 5 << 20),
            (100 << 30, 6 << 30),
        ] as [(Int64, Int64?)])
    func ourOwnLayoutKeepsTheLimits(_ size: Int64, _ wanted: Int64?) {
        let layout = PartLayout.chosen(size: size, wanted: wanted)
        #expect(layout.size == size)
        #expect(layout.count <= PartLayout.maxParts)
        let first = layout.length(of: 1)
        #expect(first <= PartLayout.maxPartBytes)
        #expect(layout.count == 1 || first >= PartLayout.minPartBytes)
        #expect(layout.isRegular)
    }

    @Test func ourOwnPartsAreAsWanted() {
        #expect(PartLayout.chosen(size: 100 << 20, wanted: nil).length(of: 1) == 16 << 20)
        #expect(PartLayout.chosen(size: 100 << 20, wanted: 30 << 20).length(of: 1) == 30 << 20)
        #expect(PartLayout.chosen(size: 100 << 20, wanted: 1).length(of: 1) == 5 << 20)
    }

    @Test(
        arguments: [
            (100, 4, 30, true), (100, 4, 25, true), (100, 3, 25, false), (100, 4, 0, false),
            (0, 1, 0, true), (100, 1, 100, true), (100, 2, 99, true), (100, 2, 100, false),
        ] as [(Int64, Int, Int64, Bool)])
    func theFirstPartMayTellAll(
        _ size: Int64, _ count: Int, _ first: Int64, _ isPossible: Bool
    ) {
        let layout = PartLayout.regular(size: size, count: count, firstPartBytes: first)
        #expect((layout != nil) == isPossible)
        if let layout {
            #expect(layout.count == count)
            #expect(layout.size == size)
        }
    }

    /// Part sizes that clients use are found again, from the size and the number alone.
    @Test(
        arguments: [5 << 20, 8 << 20, 16 << 20, 64 << 20, 50 << 20, 10_000_000, 100 << 20],
        [2, 3, 17, 1000] as [Int64])
    func clientsLayoutsAreAmongTheCandidates(_ partBytes: Int64, _ count: Int64) {
        for rest in [1, partBytes / 2, partBytes] as [Int64] {
            let layout = PartLayout(size: partBytes * (count - 1) + rest, partBytes: partBytes)
            let found = PartLayout.candidates(size: layout.size, count: layout.count, limit: 60)
            #expect(found.contains(layout))
        }
    }

    @Test(arguments: 0..<200 as Range<UInt64>)
    func everyCandidateFits(_ seed: UInt64) {
        var generator = SeededRandom(seed: seed)
        let size = Int64.random(in: 0...(1 << 36), using: &generator)
        let count = Int.random(in: 1...300, using: &generator)
        let found = PartLayout.candidates(size: size, count: count)
        #expect(found.count <= 6)
        for (index, layout) in found.enumerated() {
            #expect(layout.size == size && layout.count == count, "seed \(seed)")
            #expect(!found[..<index].contains(layout), "seed \(seed)")
        }
    }

    @Test func whatCannotBeHasNoCandidates() {
        #expect(PartLayout.candidates(size: 100, count: 0).isEmpty)
        #expect(PartLayout.candidates(size: 100, count: 10_001).isEmpty)
        #expect(PartLayout.candidates(size: (5 << 30) + 1, count: 1).isEmpty)
        #expect(PartLayout.candidates(size: 0, count: 1).count == 1)
        #expect(PartLayout.candidates(size: -1, count: 1).isEmpty)
    }
}
