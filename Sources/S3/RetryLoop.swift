import Signing
import Transport

/// The attempts of one operation: counts them, puts right what can be put right once, waits, gives up.
struct RetryLoop {
    let client: S3Client
    let request: S3Request
    let start = ContinuousClock.now
    private(set) var attempts = 0
    private var repairs = Repairs()

    init(client: S3Client, request: S3Request) {
        self.client = client
        self.request = request
    }

    var elapsed: Duration { ContinuousClock.now - start }

    /// Fetches what an attempt needs. Called once before each.
    mutating func begin(payload: PayloadHash) async throws(S3Error) -> S3Client.Attempt {
        attempts += 1
        let credentials: Credentials
        do {
            credentials = try await client.state.connection.credentials.credentials()
        } catch {
            if Task.isCancelled { throw cancelled() }
            var refusal = Refusal(kind: .noCredentials, message: Self.words(error, client))
            refusal.mayHaveBeenSent = false
            throw failure(refusal)
        }
        return S3Client.Attempt(
            target: client.state.target(bucket: request.bucket), credentials: credentials,
            payload: payload)
    }

    /// Providers of others may say less than ours, which name their source.
    private static func words(_ error: any Error, _ client: S3Client) -> String {
        if let error = error as? CredentialsError {
            return error.description + (error.advice.map { ". " + $0 } ?? "")
        }
        return "\(client.state.connection.credentials.origin): \(error)"
    }

    /// Returns when another attempt may be made; throws when there is none to make.
    mutating func recover(
        from refusal: Refusal, _ attempt: S3Client.Attempt
    ) async throws(S3Error) {
        var refusal = refusal
        if refusal.kind == .cancelled || Task.isCancelled { throw cancelled() }
        if refusal.status != nil { client.state.noteAnswer() }
        if await repair(&refusal, attempt) { return }
        var policy = client.retry
        if let maximum = request.attemptsMaximum { policy.attempts = min(policy.attempts, maximum) }
        let isRepeatable =
            !refusal.mayHaveBeenSent
            || (refusal.kind == .conflict
                ? request.retriesConflict && request.isIdempotent : request.isIdempotent)
        let decision = Retry.decision(
            refusal.kind, isRepeatable: isRepeatable, attempt: attempts, elapsed: elapsed,
            policy: policy, retryAfter: refusal.retryAfter,
            hasAnswered: client.state.hasAnswered, random: .random(in: 0..<1))
        guard case .retry(let delay) = decision else { throw failure(refusal) }
        do {
            try await Task.sleep(for: delay)
        } catch {
            throw cancelled()
        }
    }

    /// Puts right what a second attempt would fail at too: place, clock, credentials; each once.
    private mutating func repair(
        _ refusal: inout Refusal, _ attempt: S3Client.Attempt
    ) async -> Bool {
        let state = client.state
        if !repairs.clock,
            refusal.kind == .clockSkew || refusal.status == 403 || refusal.status == 400
        {
            let now = Timestamps.nowMilliseconds() / 1000
            if attempt.target.clockOffsetSeconds != state.clockOffsetSeconds
                || state.learnClock(date: refusal.date, now: now)
            {
                repairs.clock = true
                return true
            }
        }
        if let advice = refusal.advice, reroute(advice, &refusal, attempt) { return true }
        if refusal.kind == .expiredCredentials, !repairs.credentials {
            repairs.credentials = true
            return await hasNewCredentials(attempt.credentials)
        }
        return false
    }

    private mutating func reroute(
        _ advice: RouteAdvice, _ refusal: inout Refusal, _ attempt: S3Client.Attempt
    ) -> Bool {
        let state = client.state
        let route = state.route(bucket: request.bucket)
        // Another task has learnt it meanwhile.
        let isStale =
            route.region != attempt.target.region
            || (state.connection.style(bucket: request.bucket) == .path
                && route.authority != attempt.target.host)
        if isStale, !repairs.route {
            repairs.route = true
            return true
        }
        let rerouting = Rerouting.decide(
            advice, current: route, scheme: state.connection.scheme, bucket: request.bucket)
        switch rerouting {
        case .to(let route) where !repairs.route:
            repairs.route = true
            state.setRoute(route, bucket: request.bucket)
            return true
        case .foreign(let host):
            refusal.kind = .invalidRequest
            refusal.message =
                "the store sends this bucket's requests to \(host), which gets no credentials of "
                + "connection \(state.connection.name): configure a connection with that endpoint"
                + (advice.region.map { " and region \($0)" } ?? "")
            return false
        case .to, .nowhere: return false
        }
    }

    private func hasNewCredentials(_ old: Credentials) async -> Bool {
        // Best effort: when the provider fails, the store's refusal is what to report.
        guard let new = try? await client.state.connection.credentials.credentials() else {
            return false
        }
        return new != old
    }

    func failure(_ refusal: Refusal) -> S3Error {
        refusal.error(
            request, connection: client.state.connection.name, attempts: attempts,
            elapsed: elapsed)
    }

    func cancelled() -> S3Error {
        failure(Refusal(kind: .cancelled, message: ""))
    }
}
