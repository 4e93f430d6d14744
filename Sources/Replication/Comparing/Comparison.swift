import S3
import Signing

/// A streaming merge-join of two sorted listings in constant memory; the two sides, and key ranges
/// where that helps, are listed in parallel.
///
/// Requests: one LIST a side for each 1,000 keys. A listing that turns out long and slow is split into
/// key ranges, which costs at most `RangeFinder.probeLimit` requests for one key each, and one page a
/// side and range where ranges meet. What a range finds beyond its end must be what the next one begins
/// with: so the ranges together are one listing, whose order is checked throughout. Where they do not
/// meet, the comparison starts again without ranges. One thing is the store's word, as for the tokens
/// between pages: that what it lists after a key is what it lists there without being asked.
///
/// A listing that is not in byte order is detected, the store's dialect learns it, and the comparison
/// starts again over an external sort of that side on disk: differences may then come twice, and those that
/// came before the disorder showed may be wrong (they are hints, and whoever acts on one looks again);
/// extras come only once, after both listings are complete.
public struct Comparison: Sendable {
    public struct Tally: Sendable, Codable, Equatable {
        /// Objects the rule is about; the filter's others are `filtered`.
        public var sourceObjects = 0
        public var destinationObjects = 0
        /// Pairs that the listings prove to be the same.
        public var unchanged = 0
        /// Keys that the rule's filter leaves alone, on either side.
        public var filtered = 0
        /// Of `sourceObjects`.
        public var sourceBytes: Int64 = 0
        public init() {}
    }

    /// Also delivers the pairs that are the same, with the verdict `.same`: for audits.
    public var everyPair = false
    /// Key ranges that are listed at once when a listing is long and slow: 1 to 4. 1 never splits.
    public var listingRanges = 4
    /// Leaves out what comes up to and with this relative key: a comparison goes on where an earlier one was. Whoever deletes
    /// must not use it: its extras are not all. A side that is not sorted is read whole.
    public var startAfter: ObjectKey?

    private let filter: ObjectFilter
    private let isFull: Bool
    private let source: any ListingSource
    private let destination: any ListingSource
    /// For tests: page size, when to split, where to, and the clock.
    var keysPerPage = ListingReader.keysPerPage
    var rangePolicy = RangePolicy()
    var boundaries: (@Sendable (_ reached: ObjectKey) -> [ObjectKey])?
    var now: @Sendable () -> Int64 = { Timestamps.nowMilliseconds() }
    var sortRunBytes = ExternalSort.defaultRunBytes

    public init(rule: ReplicationRule, meter: UsageMeter? = nil) {
        self.init(
            filter: rule.filter, isFull: rule.copying.full,
            source: PlaceListing(rule.source, meter: meter),
            destination: PlaceListing(rule.destination, meter: meter))
    }

    init(
        filter: ObjectFilter, isFull: Bool, source: any ListingSource,
        destination: any ListingSource
    ) {
        self.filter = filter
        self.isFull = isFull
        self.source = source
        self.destination = destination
    }

    /// Calls `each` for every difference: in key order within a key range, one at a time per range, so
    /// from up to `listingRanges` tasks at once. Listing waits while it runs (that is the
    /// back-pressure), but for one page read ahead per side. Calls `progress` about once a page; its
    /// numbers start again when a listing turns out to be unsorted.
    ///
    /// Extras are reported when and only when both listings ended well. Keys at the destination that
    /// the rule's filter excludes are not extras. An object named exactly as the source's prefix cannot
    /// be named under an empty destination prefix: it is left out, with a note.
    ///
    /// Memory: two pages a side and range, `extraLimit` keys a range, and no more.
    /// - Throws: `S3Error` when either listing fails: nothing may then be deleted. `ComparisonError`
    ///   for a glob that cannot be read or a temporary file that cannot be written. What `progress` and `each` throw.
    public func run(
        extraLimit: Int,
        progress: @escaping @Sendable (Tally) throws -> Void,
        each: @escaping @Sendable (Difference) async throws -> Void
    ) async throws -> ComparisonResult {
        let matcher = try ObjectMatcher(filter, nowMilliseconds: now())
        var policy = rangePolicy
        policy.count = min(max(listingRanges, 1), 4)
        var sorted = Set(Side.allCases.filter { listing($0).dialect.sortedListing == .no })
        while true {
            let context = JoinContext(
                source: source, destination: destination, matcher: matcher,
                isFull: isFull, everyPair: everyPair, extraLimit: extraLimit,
                ranges: policy, keysPerPage: keysPerPage, now: now, each: each,
                progress: ComparisonProgress(progress))
            do {
                let results = try await attempt(context, sorting: sorted)
                return await result(results, context, sorted)
            } catch is RangesDisagree {
                policy.count = 1
            } catch let disorder as ListingOutOfOrder {
                // A sorted side cannot come out of order, so this happens at most once a side.
                listing(disorder.side).learn { $0.sortedListing = .no }
                sorted.insert(disorder.side)
            }
        }
    }

    private func listing(_ side: Side) -> any ListingSource {
        side == .source ? source : destination
    }

    private func attempt(
        _ context: JoinContext, sorting sorted: Set<Side>
    ) async throws -> [MergeJoin.Result] {
        guard sorted.isEmpty else {
            async let source = reader(.source, context, isSorted: sorted.contains(.source))
            async let destination = reader(
                .destination, context, isSorted: sorted.contains(.destination))
            let readers = try await (source: source, destination: destination)
            return try await MergeJoin(context: context, lower: startAfter, readers: readers).run()
        }
        let bound = RangeBound()
        func first(_ source: any ListingSource) -> ListingReader {
            ListingReader(
                source, startAfter: startAfter.map { source.prefix + $0 }, maxKeys: keysPerPage)
        }
        var join = MergeJoin(
            context: context, lower: startAfter, bound: bound,
            readers: (first(source), first(destination)))
        if context.ranges.count > 1 {
            join.split = { [boundaries] first, reached in
                let wanted =
                    if let boundaries {
                        boundaries(reached)
                    } else {
                        await RangeFinder(
                            source: context.source, destination: context.destination,
                            count: context.ranges.count
                        ).boundaries(first: first, reached: reached)
                    }
                let ahead = await bound.split(at: wanted)
                return try await Self.joinRanges(ahead, context)
            }
        }
        let results = try await join.run()
        for (range, next) in zip(results, results.dropFirst()) {
            for (end, start) in zip(range.seams, next.seams) where end.beyond != start.first {
                throw RangesDisagree()
            }
        }
        return results
    }

    private func reader(
        _ side: Side, _ context: JoinContext, isSorted: Bool
    ) async throws -> any PageReader {
        let reader = ListingReader(listing(side), maxKeys: keysPerPage)
        guard isSorted else { return reader }
        return try await ExternalSort.sorting(
            reader, pageObjects: keysPerPage, runBytes: sortRunBytes)
    }

    /// Joins the ranges that begin after each boundary, all at once.
    private static func joinRanges(
        _ boundaries: [ObjectKey], _ context: JoinContext
    ) async throws -> [MergeJoin.Result] {
        try await withThrowingTaskGroup(of: (Int, [MergeJoin.Result]).self) { group in
            for (index, lower) in boundaries.enumerated() {
                let upper = index + 1 < boundaries.count ? boundaries[index + 1] : nil
                group.addTask {
                    func reader(_ source: any ListingSource) -> ListingReader {
                        ListingReader(
                            source, startAfter: source.prefix + lower, maxKeys: context.keysPerPage)
                    }
                    let join = MergeJoin(
                        context: context, lower: lower, bound: RangeBound(upper: upper),
                        readers: (reader(context.source), reader(context.destination)))
                    return (index, try await join.run())
                }
            }
            var results = [[MergeJoin.Result]](repeating: [], count: boundaries.count)
            for try await (index, result) in group { results[index] = result }
            return results.flatMap { $0 }
        }
    }

    private func result(
        _ results: [MergeJoin.Result], _ context: JoinContext, _ sorted: Set<Side>
    ) async -> ComparisonResult {
        var notes: [String] = []
        for side in Side.allCases where sorted.contains(side) {
            let note =
                "\(listing(side).connection) lists keys out of order: its listing was sorted on disk"
            if !notes.contains(note) { notes.append(note) }
        }
        if results.contains(where: \.leftOutUnnamed) {
            notes.append(
                "the object named exactly as the prefix \(source.prefix) is left out: it has no name "
                    + "at the destination")
        }
        var extras: [ObjectKey] = []
        for result in results {
            extras.append(contentsOf: result.extras.prefix(context.extraLimit - extras.count))
        }
        return ComparisonResult(
            tally: await context.progress.total, extras: extras,
            extraCount: results.reduce(0) { $0 + $1.extraCount }, notes: notes)
    }
}
