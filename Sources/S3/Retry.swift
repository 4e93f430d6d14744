import Signing

/// How often and how long an operation is tried.
public struct RetryPolicy: Sendable {
    /// In all, the first one included.
    public var attempts = 8
    public var firstDelay = Duration.milliseconds(200)
    public var longestDelay = Duration.seconds(10)
    /// No retry starts later than this after the first attempt.
    public var budget = Duration.seconds(60)
    /// An attempt without a byte in either direction for so long has failed; what the store works at by itself, such as
    /// a completion, may take longer.
    public var patience = Duration.seconds(30)

    public init() {}
}

/// Whether to try again: the one table.
enum Retry {
    enum Decision: Equatable {
        case retry(after: Duration)
        case no
    }

    /// An endpoint that never answered is a wrong address more often than an outage: told early.
    static let firstContactBudget = Duration.milliseconds(1500)

    /// - Parameters:
    ///   - isRepeatable: trying twice does what trying once does, or not a byte of the request was sent.
    ///   - attempt: how many were made; 1 after the first.
    ///   - retryAfter: what the store asked for.
    ///   - hasAnswered: the endpoint has answered anything before.
    ///   - random: 0..<1, for full jitter.
    static func decision(
        _ kind: S3Error.Kind, isRepeatable: Bool, attempt: Int, elapsed: Duration,
        policy: RetryPolicy, retryAfter: Duration? = nil, hasAnswered: Bool = true,
        random: Double
    ) -> Decision {
        switch kind {
        // The store did nothing: safe to ask again whatever it was.
        case .throttled, .unreachable: break
        case .unavailable, .timedOut, .interrupted, .conflict:
            guard isRepeatable else { return .no }
        // A provider has tried for itself. Expired credentials, clocks and regions are put right once, elsewhere. All else stays as it is.
        case .noSuchBucket, .noSuchKey, .noSuchUpload, .preconditionFailed, .notModified,
            .accessDenied, .badCredentials, .expiredCredentials, .noCredentials, .clockSkew,
            .untrusted, .archived, .noSpace, .tooLarge, .notSupported, .invalidRequest,
            .malformedAnswer,
            .integrity, .cancelled:
            return .no
        }
        guard attempt < policy.attempts else { return .no }
        let ceiling = min(
            policy.longestDelay, policy.firstDelay * (1 << min(attempt - 1, 20)))
        let delay = max(ceiling * random, retryAfter ?? .zero)
        let budget =
            kind == .unreachable && !hasAnswered
            ? min(policy.budget, firstContactBudget) : policy.budget
        guard elapsed + delay <= budget else { return .no }
        return .retry(after: delay)
    }

    /// `Retry-After` in seconds or as a date.
    static func after(_ value: String?, now: Int64) -> Duration? {
        guard let value else { return nil }
        if let seconds = Int64(value) { return seconds >= 0 ? .seconds(seconds) : nil }
        return Timestamps.parseHTTPDate(value).map { .seconds(max(0, $0 - now)) }
    }
}
