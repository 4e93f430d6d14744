import S3

/// The join of one key range: both sides are listed at once, each one page ahead of the join.
struct MergeJoin: Sendable {
    /// The other ranges' joins, run once the keys beyond the first boundary were given to them.
    typealias Split = @Sendable (_ first: ObjectKey, _ reached: ObjectKey) async throws -> [Result]

    struct Result: Sendable {
        var extras: [ObjectKey] = []
        var extraCount = 0
        var leftOutUnnamed = false
        /// By side.
        var seams = [RangeSeam(), RangeSeam()]
    }

    private enum Event: Sendable {
        case page(Side, SidePage)
        case ranges([Result])
    }

    var context: JoinContext
    /// Keys up to this one belong to an earlier range.
    var lower: ObjectKey?
    var bound = RangeBound()
    var readers: (source: any PageReader, destination: any PageReader)
    /// nil: this range is never split again.
    var split: Split?

    /// - Returns: this range's result, followed by those of the ranges that were split off it.
    func run() async throws -> [Result] {
        try await withThrowingTaskGroup(of: Event.self) { group in
            do {
                return try await join(&group)
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    private func join(_ group: inout ThrowingTaskGroup<Event, any Error>) async throws -> [Result] {
        var window = JoinWindow(
            source: ListingSide(.source, prefix: context.source.prefix, after: lower),
            destination: ListingSide(
                .destination, prefix: context.destination.prefix, after: lower),
            matcher: context.matcher, everyPair: context.everyPair,
            extraLimit: context.extraLimit)
        var pace = [ListingPace(), ListingPace()]
        var ahead: [SidePage?] = [nil, nil]
        var ranges: [Result]?
        var hasSplit = split == nil
        for side in Side.allCases { fetch(side, &group) }

        while !window.isFinished {
            for side in Side.allCases {
                let needsPage =
                    side == .source ? window.source.needsPage : window.destination.needsPage
                guard needsPage else { continue }
                while ahead[side.rawValue] == nil {
                    switch try await group.next() {
                    case .page(let side, let page): ahead[side.rawValue] = page
                    case .ranges(let results): ranges = results
                    case nil: preconditionFailure("a side waits for a page nobody reads")
                    }
                }
                guard let page = ahead[side.rawValue].take() else { continue }
                let last = try adopt(page, side, &window)
                if let last {
                    pace[side.rawValue].add(page, upTo: last)
                    if let upper = await bound.reach(last) { cut(&window, side, upper) }
                }
                let isLast = side == .source ? window.source.isLast : window.destination.isLast
                guard !isLast else { continue }
                fetch(side, &group)
                if !hasSplit, let split, pace[side.rawValue].isWorthSplitting(context.ranges),
                    let first = pace[side.rawValue].first, let reached = pace[side.rawValue].reached
                {
                    hasSplit = true
                    group.addTask { .ranges(try await split(first, reached)) }
                }
            }
            let found = window.advance(rules: context.pairRules(), seenAt: context.now())
            for difference in found { try await context.each(difference) }
            try await context.count(window.takeTally())
        }

        if hasSplit, split != nil, ranges == nil {
            while let event = try await group.next() {
                if case .ranges(let results) = event { ranges = results }
            }
        }
        // A page read ahead of a bound that came down since is not needed any more.
        group.cancelAll()
        let own = Result(
            extras: window.extras, extraCount: window.extraCount,
            leftOutUnnamed: window.leftOutUnnamed,
            seams: [window.source.seam, window.destination.seam])
        return [own] + (ranges ?? [])
    }

    private func fetch(_ side: Side, _ group: inout ThrowingTaskGroup<Event, any Error>) {
        let reader = side == .source ? readers.source : readers.destination
        group.addTask { .page(side, try await reader.next()) }
    }

    private func adopt(
        _ page: SidePage, _ side: Side, _ window: inout JoinWindow
    ) throws -> ObjectKey? {
        switch side {
        case .source: try window.source.adopt(page, from: context.source)
        case .destination: try window.destination.adopt(page, from: context.destination)
        }
    }

    private func cut(_ window: inout JoinWindow, _ side: Side, _ upper: ObjectKey) {
        switch side {
        case .source: window.source.cut(after: upper)
        case .destination: window.destination.cut(after: upper)
        }
    }
}

/// When a listing is long and slow enough to be split into ranges.
struct RangePolicy: Sendable {
    /// At most this many ranges in all; 1: never split.
    var count = 4
    /// Only after this many pages of one side: the requests that find the boundaries must stay few
    /// beside those that list.
    var afterPages = 8
    /// Only when a page takes at least this long on average: below, listing in ranges costs more
    /// than it hides.
    var abovePageTime = Duration.milliseconds(15)
}

/// How fast one side lists.
struct ListingPace {
    /// Relative keys: the end of the first page, and of the last one.
    private(set) var first: ObjectKey?
    private(set) var reached: ObjectKey?
    private var pages = 0
    private var waited = Duration.zero

    mutating func add(_ page: SidePage, upTo last: ObjectKey) {
        if first == nil { first = last }
        reached = last
        pages += 1
        waited += page.waited
    }

    func isWorthSplitting(_ policy: RangePolicy) -> Bool {
        policy.count > 1 && pages >= policy.afterPages && waited >= policy.abovePageTime * pages
    }
}
