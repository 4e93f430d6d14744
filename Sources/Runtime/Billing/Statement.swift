import Lambda

/// A run's bill: measured lines in, priced lines out. Pure, and exact: the total is the sum of its lines.
public struct Statement: Sendable, Equatable {
    /// What one function's invocations cost.
    public struct FunctionLine: Sendable, Equatable {
        public var tally: InvocationTally
        public var requestCost: Money
        public var computeCost: Money

        /// GB-seconds in thousandths, rounded.
        public var milliGBSeconds: Int64 {
            Statement.milliGBSeconds(memoryMB: tally.memoryMB, tally.billedMilliseconds)
        }
    }

    /// What one connection's requests of one class cost.
    public struct RequestLine: Sendable, Equatable {
        public var usage: InvocationUsage.Line
        public var cost: Money
    }

    public var run: String
    public var card: RateCard
    public var functions: [FunctionLine]
    public var requests: [RequestLine]

    public static let currency = "USD"

    /// - Parameters:
    ///   - prices: by connection; one that is not in it is free of charge.
    ///   - earlier: what the month's free requests, free GB-seconds and tiers have already seen.
    public init(
        run: String, card: RateCard, tallies: [InvocationTally], usage: [InvocationUsage.Line],
        prices: [String: RequestPrices], earlier: MonthToDate = MonthToDate()
    ) {
        self.run = run
        self.card = card
        var month = earlier
        functions = tallies.map { tally in
            let requests = month.chargedRequests(tally.invocations, card)
            let compute = month.charge(
                megabyteMilliseconds: Int128(tally.memoryMB) * Int128(tally.billedMilliseconds),
                card)
            return FunctionLine(
                tally: tally,
                requestCost: Money(picodollars: requests * card.picodollarsPerRequest),
                computeCost: compute)
        }
        self.requests = usage.map { line in
            let price = prices[line.connection]?.price(of: line.requestClass) ?? 0
            return RequestLine(
                usage: line, cost: Money(picodollars: Int64(line.requests) * price))
        }
    }

    public var invocations: Int { functions.reduce(0) { $0 + $1.tally.invocations } }
    public var milliGBSeconds: Int64 { functions.reduce(0) { $0 + $1.milliGBSeconds } }
    public var requestCost: Money { functions.reduce(.zero) { $0 + $1.requestCost } }
    public var computeCost: Money { functions.reduce(.zero) { $0 + $1.computeCost } }

    public var total: Money {
        requests.reduce(requestCost + computeCost) { $0 + $1.cost }
    }

    static func milliGBSeconds(memoryMB: Int, _ milliseconds: Int64) -> Int64 {
        Int64((Int128(memoryMB) * Int128(milliseconds) + 512) / 1024)
    }
}
