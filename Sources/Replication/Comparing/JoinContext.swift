import S3

/// What all ranges of one comparison share.
struct JoinContext: Sendable {
    var source: any ListingSource
    var destination: any ListingSource
    var matcher: ObjectMatcher
    var isFull: Bool
    var everyPair: Bool
    var extraLimit: Int
    var ranges: RangePolicy
    var keysPerPage: Int
    /// Unix milliseconds.
    var now: @Sendable () -> Int64
    var each: @Sendable (Difference) async throws -> Void
    var progress: ComparisonProgress

    subscript(side: Side) -> any ListingSource { side == .source ? source : destination }

    /// As learnt so far: asked for again with every page.
    func pairRules() -> PairRules {
        PairRules(source: source.dialect, destination: destination.dialect, isFull: isFull)
    }

    func count(_ tally: Comparison.Tally) async throws { try await progress.add(tally) }
}

/// Adds up what the ranges count, and tells it.
actor ComparisonProgress {
    private(set) var total = Comparison.Tally()
    private let tell: @Sendable (Comparison.Tally) throws -> Void

    init(_ tell: @escaping @Sendable (Comparison.Tally) throws -> Void) { self.tell = tell }

    func add(_ tally: Comparison.Tally) throws {
        total.sourceObjects += tally.sourceObjects
        total.destinationObjects += tally.destinationObjects
        total.unchanged += tally.unchanged
        total.filtered += tally.filtered
        total.sourceBytes += tally.sourceBytes
        try tell(total)
    }
}
