/// What invocations and requests cost: prices as data. `RATES.md` beside this file describes the JSON that it is read from.
public struct RateCard: Sendable, Equatable {
    /// A price that holds up to a month's total.
    public struct Tier: Sendable, Equatable {
        /// GB-seconds a month up to which it holds; nil: no end.
        public var upToGBSeconds: Int64?
        public var picodollarsPerGBSecond: Int64

        public init(upToGBSeconds: Int64?, picodollarsPerGBSecond: Int64) {
            self.upToGBSeconds = upToGBSeconds
            self.picodollarsPerGBSecond = picodollarsPerGBSecond
        }
    }

    /// Bytes that leave a store, by the month's total. A GB is 2^30 bytes.
    public struct TransferTier: Sendable, Equatable {
        /// GB a month up to which it holds, after the free ones; nil: no end.
        public var upToGB: Int64?
        public var picodollarsPerGB: Int64

        public init(upToGB: Int64?, picodollarsPerGB: Int64) {
            self.upToGB = upToGB
            self.picodollarsPerGB = picodollarsPerGB
        }
    }

    public var name: String
    /// "AWS", or whoever asks these prices.
    public var provider: String
    /// "us-east-1"; empty: none.
    public var region: String
    /// An invocation's duration is rounded up to a multiple of this.
    public var roundingMilliseconds: Int64
    public var billsInit: Bool
    public var picodollarsPerRequest: Int64
    public var freeRequestsPerMonth: Int64
    public var freeGBSecondsPerMonth: Int64
    /// In rising order; the last one has no end.
    public var tiers: [Tier]
    /// Of connections that charge (``StorePrices/s3Standard``).
    public var requests: RequestPrices
    public var freeTransferGBPerMonth: Int64
    /// Of connections that charge; empty: transfer costs nothing.
    public var transfer: [TransferTier]

    public init(
        name: String, provider: String = "AWS", region: String = "us-east-1",
        roundingMilliseconds: Int64, billsInit: Bool, picodollarsPerRequest: Int64,
        freeRequestsPerMonth: Int64, freeGBSecondsPerMonth: Int64, tiers: [Tier],
        requests: RequestPrices = .s3Standard, freeTransferGBPerMonth: Int64 = 0,
        transfer: [TransferTier] = []
    ) {
        self.name = name
        self.provider = provider
        self.region = region
        self.roundingMilliseconds = roundingMilliseconds
        self.billsInit = billsInit
        self.picodollarsPerRequest = picodollarsPerRequest
        self.freeRequestsPerMonth = freeRequestsPerMonth
        self.freeGBSecondsPerMonth = freeGBSecondsPerMonth
        self.tiers = tiers
        self.requests = requests
        self.freeTransferGBPerMonth = freeTransferGBPerMonth
        self.transfer = transfer
    }

    /// What is billed for one invocation.
    public func billedMilliseconds(duration: Duration, initDuration: Duration = .zero) -> Int64 {
        let total = billsInit ? duration + initDuration : duration
        let (seconds, attoseconds) = total.components
        return Self.billedMilliseconds(
            nanoseconds: seconds * 1_000_000_000 + attoseconds / 1_000_000_000,
            step: roundingMilliseconds)
    }

    /// Whole steps, rounded up, one at least.
    static func billedMilliseconds(nanoseconds: Int64, step: Int64) -> Int64 {
        let unit = step * 1_000_000
        return max(1, (nanoseconds + unit - 1) / unit) * step
    }

    /// The card of this name, or of a name that it had before.
    public static func named(_ name: String) -> RateCard? {
        switch name {
        case "lambda-x86": lambdaX86
        case "lambda-arm": lambdaARM
        default: all.first { $0.name == name }
        }
    }
}
