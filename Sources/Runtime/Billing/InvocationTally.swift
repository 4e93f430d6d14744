import Lambda

/// What was measured of all invocations of one function in one run: sums and a histogram, so that a run
/// of ten million invocations takes no more memory than one of ten.
public struct InvocationTally: Sendable, Equatable {
    public var function: String
    public var memoryMB: Int
    public var invocations = 0
    /// Of them, how many ended in an error, a timeout included.
    public var errors = 0
    public var billedMilliseconds: Int64 = 0
    public var durationNanoseconds: Int64 = 0
    /// `buckets[i]` counts durations below 2^i microseconds that no lower bucket took; the last takes the rest.
    public var buckets = [Int](repeating: 0, count: Self.bucketCount)

    /// 2^35 microseconds are nine and a half hours.
    public static let bucketCount = 36

    public init(function: String, memoryMB: Int) {
        self.function = function
        self.memoryMB = memoryMB
    }

    public mutating func add(duration: Duration, billedMilliseconds: Int64, failed: Bool) {
        let (seconds, attoseconds) = duration.components
        let nanoseconds = seconds * 1_000_000_000 + attoseconds / 1_000_000_000
        invocations += 1
        if failed { errors += 1 }
        self.billedMilliseconds += billedMilliseconds
        durationNanoseconds += nanoseconds
        buckets[Self.bucket(ofNanoseconds: nanoseconds)] += 1
    }

    static func bucket(ofNanoseconds nanoseconds: Int64) -> Int {
        let microseconds = UInt64(max(0, nanoseconds / 1000))
        return min(UInt64.bitWidth - microseconds.leadingZeroBitCount, bucketCount - 1)
    }

    /// As the ledger keeps them: counts with commas between, without the zeros at the end.
    static func text(of buckets: [Int]) -> String {
        let used = (buckets.lastIndex { $0 != 0 } ?? -1) + 1
        return buckets[..<used].map(String.init).joined(separator: ",")
    }

    static func buckets(from text: String) -> [Int] {
        var buckets = text.split(separator: ",").prefix(bucketCount).map { Int($0) ?? 0 }
        buckets += repeatElement(0, count: bucketCount - buckets.count)
        return buckets
    }

    /// The upper bound of the bucket in which the given share of invocations had ended, or nil before the first.
    public func duration(atPercentile percentile: Double) -> Duration? {
        guard invocations > 0 else { return nil }
        let rank = max(1, Int((Double(invocations) * percentile / 100).rounded(.up)))
        var seen = 0
        for (index, count) in buckets.enumerated() {
            seen += count
            if seen >= rank { return .microseconds(1 << index) }
        }
        return nil
    }
}
