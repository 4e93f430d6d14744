/// What a time zone's clocks show: the changes that its table lists, and the rule for the years after.
///
/// Foundation would know it too, and brings 30 MiB of ICU. All times are Unix seconds; all offsets are seconds east of Greenwich.
public struct ZoneRules: Sendable, Equatable, CustomStringConvertible {
    /// When a time on the wall is, as a moment.
    public enum Moments: Sendable, Equatable {
        case once(Int64)
        /// The clock was set back over it.
        case twice(first: Int64, second: Int64)
        /// The clock was set forward over it: the first moment after the gap.
        case skipped(until: Int64)
    }

    /// A stretch of time in which the offset does not change: from `start`, to but without `end`.
    struct Stretch: Equatable {
        var offset: Int64
        var start: Int64
        var end: Int64
    }

    /// A change of the clock: from `moment` on, the offset is `offset`.
    struct Change: Sendable, Equatable {
        var moment: Int64
        var offset: Int64
    }

    /// "Europe/Berlin".
    public let description: String
    /// Before the first change.
    var firstOffset: Int64
    /// Ordered by moment, each moment once.
    var changes: [Change] = []
    /// After the last change; nil: its offset stays.
    var rule: POSIXZone?

    /// Needs no file.
    public static let utc = ZoneRules(description: "UTC", firstOffset: 0)

    /// No zone's clock is further from Greenwich: RFC 8536, section 3.2.
    static let offsets: ClosedRange<Int64> = -89_999...93_599
    /// Longer than the two furthest offsets are apart.
    private static let reach: Int64 = 200_000

    /// Thirty thousand million years each way: no sum below overflows.
    private static func bounded(_ second: Int64) -> Int64 { min(max(second, -1 << 60), 1 << 60) }

    init(description: String, firstOffset: Int64, changes: [Change] = [], rule: POSIXZone? = nil) {
        self.description = description
        self.firstOffset = firstOffset
        self.changes = changes
        self.rule = rule
    }

    /// Seconds east of Greenwich at a moment in Unix seconds.
    public func offset(at second: Int64) -> Int64 { stretch(at: Self.bounded(second)).offset }

    /// The moments, in Unix seconds, at which a clock on the wall shows a time.
    /// - Parameter wallTime: seconds from midnight of 1 January 1970 to it, as that clock counts them, without its changes.
    public func moments(of wallTime: Int64) -> Moments {
        let wallTime = Self.bounded(wallTime)
        var found: [Int64] = []
        var stretch = stretch(at: wallTime - Self.reach)
        while stretch.end < wallTime + Self.reach {
            let next = self.stretch(at: stretch.end)
            add(wallTime, in: stretch, to: &found)
            if found.isEmpty, stretch.end + stretch.offset <= wallTime,
                wallTime < next.start + next.offset
            {
                return .skipped(until: next.start)
            }
            stretch = next
        }
        add(wallTime, in: stretch, to: &found)
        return found.count > 1
            ? .twice(first: found[0], second: found[1])
            : .once(found.first ?? wallTime - stretch.offset)
    }

    private func add(_ wallTime: Int64, in stretch: Stretch, to found: inout [Int64]) {
        let moment = wallTime - stretch.offset
        if stretch.start <= moment, moment < stretch.end { found.append(moment) }
    }

    func stretch(at second: Int64) -> Stretch {
        var low = 0
        var high = changes.count
        while low < high {
            let middle = (low + high) / 2
            if changes[middle].moment <= second { low = middle + 1 } else { high = middle }
        }
        let start = low == 0 ? Int64.min : changes[low - 1].moment
        let offset = low == 0 ? firstOffset : changes[low - 1].offset
        if low < changes.count {
            return Stretch(offset: offset, start: start, end: changes[low].moment)
        }
        guard let rule else { return Stretch(offset: offset, start: start, end: .max) }
        var stretch = rule.stretch(at: second)
        stretch.start = max(stretch.start, start)
        return stretch
    }
}
