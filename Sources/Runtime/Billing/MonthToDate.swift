/// How far into the month's free allowances and price tiers an account is.
///
/// What a piece of work costs is what the month costs with it less what it cost before, each rounded once: however a
/// month is cut, the parts add up to the whole.
public struct MonthToDate: Sendable, Equatable {
    public var requests: Int64
    /// 1 GB-second is 1,024,000 of these.
    public var megabyteMilliseconds: Int128
    /// Bytes that left stores that charge for it.
    public var transferBytes: Int128

    static let megabyteMillisecondsPerGBSecond: Int128 = 1_024_000
    static let bytesPerGB: Int128 = 1 << 30

    public init(
        requests: Int64 = 0, megabyteMilliseconds: Int128 = 0, transferBytes: Int128 = 0
    ) {
        self.requests = requests
        self.megabyteMilliseconds = megabyteMilliseconds
        self.transferBytes = transferBytes
    }

    /// Counts requests; returns how many of them are not free.
    mutating func chargedRequests(_ count: Int, _ card: RateCard) -> Int64 {
        let before = max(requests, card.freeRequestsPerMonth)
        requests += Int64(count)
        return max(0, requests - before)
    }

    /// Counts compute and prices it: free first, then tier by tier.
    mutating func charge(megabyteMilliseconds amount: Int128, _ card: RateCard) -> Money {
        let before = Self.compute(megabyteMilliseconds, card)
        megabyteMilliseconds += amount
        return Self.compute(megabyteMilliseconds, card) - before
    }

    /// Counts bytes out of a store that charges for them, and prices them.
    mutating func charge(transferBytes amount: Int64, _ card: RateCard) -> Money {
        let before = Self.transfer(transferBytes, card)
        transferBytes += Int128(amount)
        return Self.transfer(transferBytes, card) - before
    }

    /// What all of it costs: a month's, or a part's that begins where the month does.
    public func cost(on card: RateCard) -> Money {
        let charged = max(0, requests - card.freeRequestsPerMonth)
        return Money(picodollars: charged * card.picodollarsPerRequest)
            + Self.compute(megabyteMilliseconds, card) + Self.transfer(transferBytes, card)
    }

    private static func compute(_ amount: Int128, _ card: RateCard) -> Money {
        cost(
            of: amount, unit: megabyteMillisecondsPerGBSecond, free: card.freeGBSecondsPerMonth,
            tiers: card.tiers, end: { $0.upToGBSeconds },
            price: { $0.picodollarsPerGBSecond })
    }

    private static func transfer(_ amount: Int128, _ card: RateCard) -> Money {
        cost(
            of: amount, unit: bytesPerGB, free: card.freeTransferGBPerMonth, tiers: card.transfer,
            end: { $0.upToGB }, price: { $0.picodollarsPerGB })
    }

    /// Tiers are counted from the first unit that is charged. Rounded half up. Asked before each invocation of a run with a
    /// budget: it allocates nothing.
    private static func cost<Tier>(
        of amount: Int128, unit: Int128, free: Int64, tiers: [Tier], end: (Tier) -> Int64?,
        price: (Tier) -> Int64
    ) -> Money {
        let charged = amount - Int128(free) * unit
        guard charged > 0 else { return .zero }
        var position: Int128 = 0
        var cost: Int128 = 0
        for tier in tiers where position < charged {
            let end = min(charged, end(tier).map { Int128($0) * unit } ?? charged)
            guard end > position else { continue }
            cost += (end - position) * Int128(price(tier))
            position = end
        }
        return Money(picodollars: Int64(clamping: (cost + unit / 2) / unit))
    }
}
