import Lambda

/// A run's bill: measured lines in, priced lines out. Pure, and exact: the total is the sum of its lines.
public struct Statement: Sendable, Equatable {
    /// What one function's invocations cost.
    public struct FunctionLine: Sendable, Equatable {
        public var tally: InvocationTally
        /// Of the invocations, how many were within the month's free ones.
        public var freeRequests: Int64
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
        /// What its bytes out of the store cost.
        public var transferCost: Money
        /// At a connection that charges.
        public var isCharged = false
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
        prices: [String: StorePrices], earlier: MonthToDate = MonthToDate()
    ) {
        self.run = run
        self.card = card
        var month = earlier
        functions = tallies.map { Self.price($0, card, &month) }
        requests = usage.map {
            Self.price($0, prices[$0.connection] ?? .free, card, &month)
        }
    }

    /// Of lines that are priced already.
    init(run: String, card: RateCard, functions: [FunctionLine], requests: [RequestLine]) {
        self.run = run
        self.card = card
        self.functions = functions
        self.requests = requests
    }

    static func price(
        _ tally: InvocationTally, _ card: RateCard, _ month: inout MonthToDate
    ) -> FunctionLine {
        let charged = month.chargedRequests(tally.invocations, card)
        let compute = month.charge(
            megabyteMilliseconds: Int128(tally.memoryMB) * Int128(tally.billedMilliseconds), card)
        return FunctionLine(
            tally: tally, freeRequests: Int64(tally.invocations) - charged,
            requestCost: Money(picodollars: charged * card.picodollarsPerRequest),
            computeCost: compute)
    }

    static func price(
        _ usage: InvocationUsage.Line, _ prices: StorePrices, _ card: RateCard,
        _ month: inout MonthToDate
    ) -> RequestLine {
        guard prices != .free else {
            return RequestLine(usage: usage, cost: .zero, transferCost: .zero)
        }
        return RequestLine(
            usage: usage,
            cost: Money(
                picodollars: Int64(usage.requests) * card.requests.price(of: usage.requestClass)),
            transferCost: month.charge(transferBytes: usage.bytesIn, card), isCharged: true)
    }

    public var invocations: Int { functions.reduce(0) { $0 + $1.tally.invocations } }
    public var milliGBSeconds: Int64 { functions.reduce(0) { $0 + $1.milliGBSeconds } }
    public var freeRequests: Int64 { functions.reduce(0) { $0 + $1.freeRequests } }
    public var requestCost: Money { functions.reduce(.zero) { $0 + $1.requestCost } }
    public var computeCost: Money { functions.reduce(.zero) { $0 + $1.computeCost } }

    public var total: Money {
        requests.reduce(requestCost + computeCost) { $0 + $1.cost + $1.transferCost }
    }

    static func milliGBSeconds(memoryMB: Int, _ milliseconds: Int64) -> Int64 {
        Int64((Int128(memoryMB) * Int128(milliseconds) + 512) / 1024)
    }
}
