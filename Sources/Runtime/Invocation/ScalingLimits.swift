/// How far and how fast the pool grows. The defaults are a new AWS account's.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html>,
/// <https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html>
public struct ScalingLimits: Sendable {
    /// Environments that run at once, of all functions together.
    public var accountConcurrency: Int
    /// New environments that one function may have at once before the rate bounds it, and per 10 seconds after that.
    public var environmentBurst: Int
    /// How long an environment waits for another event before it is stopped. Lambda promises nothing here.
    public var idleLifetime: Duration

    public init(
        accountConcurrency: Int = 1000, environmentBurst: Int = 1000,
        idleLifetime: Duration = .seconds(300)
    ) {
        self.accountConcurrency = accountConcurrency
        self.environmentBurst = environmentBurst
        self.idleLifetime = idleLifetime
    }
}

/// One function's allowance of new environments: refilled continuously, never above the burst.
struct ScalingAllowance {
    private var available: Double
    private var asOf: ContinuousClock.Instant

    init(burst: Int, now: ContinuousClock.Instant) {
        available = Double(burst)
        asOf = now
    }

    /// Takes one, or says that there is none yet.
    mutating func take(burst: Int, now: ContinuousClock.Instant) -> Bool {
        let (seconds, attoseconds) = (now - asOf).components
        let elapsed = Double(seconds) + Double(attoseconds) / 1e18
        available = min(Double(burst), available + elapsed * Double(burst) / 10)
        asOf = now
        guard available >= 1 else { return false }
        available -= 1
        return true
    }
}
