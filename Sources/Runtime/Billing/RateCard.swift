/// What invocations cost: prices as data.
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

    public var name: String
    /// An invocation's duration is rounded up to a multiple of this.
    public var roundingMilliseconds: Int64
    public var billsInit: Bool
    public var picodollarsPerRequest: Int64
    public var freeRequestsPerMonth: Int64
    public var freeGBSecondsPerMonth: Int64
    /// In rising order; the last one has no end.
    public var tiers: [Tier]

    public init(
        name: String, roundingMilliseconds: Int64, billsInit: Bool, picodollarsPerRequest: Int64,
        freeRequestsPerMonth: Int64, freeGBSecondsPerMonth: Int64, tiers: [Tier]
    ) {
        self.name = name
        self.roundingMilliseconds = roundingMilliseconds
        self.billsInit = billsInit
        self.picodollarsPerRequest = picodollarsPerRequest
        self.freeRequestsPerMonth = freeRequestsPerMonth
        self.freeGBSecondsPerMonth = freeGBSecondsPerMonth
        self.tiers = tiers
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

    /// 100 ms steps, as Lambda was billed until December 2020: 0.00001667 USD a GB-second, the first
    /// million requests a month free and 0.20 USD for each million after that, init free.
    ///
    /// Source: <https://aws.amazon.com/blogs/aws/new-for-aws-lambda-1ms-billing-granularity-adds-cost-savings/>
    public static let notes = RateCard(
        name: "notes", roundingMilliseconds: 100, billsInit: false,
        picodollarsPerRequest: 200_000, freeRequestsPerMonth: 1_000_000,
        freeGBSecondsPerMonth: 0,
        tiers: [Tier(upToGBSeconds: nil, picodollarsPerGBSecond: 16_670_000)])

    /// AWS Lambda on x86 in us-east-1: 1 ms steps, init billed (since August 2025), tiers by month.
    ///
    /// Source: <https://aws.amazon.com/lambda/pricing/>
    public static let lambdaX86 = RateCard(
        name: "lambda-x86", roundingMilliseconds: 1, billsInit: true,
        picodollarsPerRequest: 200_000, freeRequestsPerMonth: 1_000_000,
        freeGBSecondsPerMonth: 400_000,
        tiers: [
            Tier(upToGBSeconds: 6_000_000_000, picodollarsPerGBSecond: 16_666_700),
            Tier(upToGBSeconds: 15_000_000_000, picodollarsPerGBSecond: 15_000_000),
            Tier(upToGBSeconds: nil, picodollarsPerGBSecond: 13_333_400),
        ])

    /// AWS Lambda on arm64 in us-east-1.
    ///
    /// Source: <https://aws.amazon.com/lambda/pricing/>
    public static let lambdaARM = RateCard(
        name: "lambda-arm", roundingMilliseconds: 1, billsInit: true,
        picodollarsPerRequest: 200_000, freeRequestsPerMonth: 1_000_000,
        freeGBSecondsPerMonth: 400_000,
        tiers: [
            Tier(upToGBSeconds: 7_500_000_000, picodollarsPerGBSecond: 13_333_400),
            Tier(upToGBSeconds: 18_750_000_000, picodollarsPerGBSecond: 12_000_100),
            Tier(upToGBSeconds: nil, picodollarsPerGBSecond: 10_666_700),
        ])

    public static let all = [notes, lambdaX86, lambdaARM]
}
