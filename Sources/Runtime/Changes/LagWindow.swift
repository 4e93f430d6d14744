import Transport

/// How long changes took until they were in step, over the last hour. 100 KiB, whatever the traffic.
final class LagWindow: Sendable {
    /// Percentiles in milliseconds, to within 5 %; nil: there was nothing.
    struct Reading: Sendable, Equatable {
        var count = 0
        var p50, p99: Int64?
        /// Of all, within the target: 0...1.
        var shareInTime: Double?
    }

    private struct Minute {
        var minute: Int64 = -1
        var counts: [UInt32] = []
    }

    private static let minutes = 60
    /// Bounds of the buckets, in milliseconds: each a twentieth above the one before, up to a fortnight.
    private static let bounds: [Int64] = {
        var bounds: [Int64] = []
        var bound: Int64 = 0
        while bound < 14 * 86_400_000 {
            bounds.append(bound)
            bound = max(bound + 1, bound + bound / 20)
        }
        return bounds
    }()

    private let state = Locked([Minute](repeating: Minute(), count: minutes))

    func record(_ milliseconds: Int64, at now: Int64) {
        let minute = now / 60_000
        let bucket = Self.bucket(milliseconds)
        state.withLock { state in
            let index = Int(minute % Int64(Self.minutes))
            if state[index].minute != minute {
                state[index].minute = minute
                state[index].counts = [UInt32](repeating: 0, count: Self.bounds.count)
            }
            state[index].counts[bucket] += 1
        }
    }

    func reading(at now: Int64, target: Int64) -> Reading {
        let first = now / 60_000 - Int64(Self.minutes) + 1
        var sums = [Int](repeating: 0, count: Self.bounds.count)
        state.withLock { state in
            for minute in state where minute.minute >= first {
                for (index, count) in minute.counts.enumerated() { sums[index] += Int(count) }
            }
        }
        let count = sums.reduce(0, +)
        guard count > 0 else { return Reading() }
        let inTime = zip(sums, Self.bounds).reduce(0) { $1.1 <= target ? $0 + $1.0 : $0 }
        return Reading(
            count: count, p50: Self.percentile(50, sums, count),
            p99: Self.percentile(99, sums, count), shareInTime: Double(inTime) / Double(count))
    }

    private static func percentile(_ percent: Int, _ sums: [Int], _ count: Int) -> Int64 {
        let rank = (count * percent + 99) / 100
        var seen = 0
        for (index, sum) in sums.enumerated() {
            seen += sum
            if seen >= rank { return bounds[index] }
        }
        return bounds[bounds.count - 1]
    }

    /// The last bucket whose bound is not above it.
    private static func bucket(_ milliseconds: Int64) -> Int {
        var (low, high) = (0, bounds.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if bounds[middle] <= milliseconds { low = middle } else { high = middle }
        }
        return low
    }
}
