/// How far into the month's free allowances and price tiers an account is.
public struct MonthToDate: Sendable, Equatable {
    public var requests: Int64
    /// 1 GB-second is 1,024,000 of these.
    public var megabyteMilliseconds: Int128

    static let megabyteMillisecondsPerGBSecond: Int128 = 1_024_000

    public init(requests: Int64 = 0, megabyteMilliseconds: Int128 = 0) {
        self.requests = requests
        self.megabyteMilliseconds = megabyteMilliseconds
    }

    /// Counts requests; returns how many of them are not free.
    mutating func chargedRequests(_ count: Int, _ card: RateCard) -> Int64 {
        let before = max(requests, card.freeRequestsPerMonth)
        requests += Int64(count)
        return max(0, requests - before)
    }

    /// Counts compute and prices it: free first, then tier by tier; rounded once, half up.
    mutating func charge(megabyteMilliseconds amount: Int128, _ card: RateCard) -> Money {
        let unit = Self.megabyteMillisecondsPerGBSecond
        let free = Int128(card.freeGBSecondsPerMonth) * unit
        var position = max(megabyteMilliseconds, free)
        megabyteMilliseconds += amount
        let end = megabyteMilliseconds
        var cost: Int128 = 0
        for tier in card.tiers where position < end {
            // Tiers are counted from the first GB-second that is charged.
            let limit = tier.upToGBSeconds.map { Int128($0) * unit + free } ?? end
            guard limit > position else { continue }
            let portion = min(limit, end) - position
            cost += portion * Int128(tier.picodollarsPerGBSecond)
            position += portion
        }
        return Money(picodollars: Int64((cost + unit / 2) / unit))
    }
}
