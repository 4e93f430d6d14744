import Transport

/// Keeps what a source gave, and asks it again in time. One request at a time, whoever waits for it.
///
/// While the old credentials are valid nobody waits: a refresh runs beside, and when it fails they serve on.
public final class RefreshingCredentials: CredentialsProvider {
    /// How long before their end credentials are renewed.
    static let aheadSeconds: Int64 = 300
    /// How long after a refresh the next one may start: a source that fails, or gives minutes, is not hammered.
    static let pauseSeconds: Int64 = 30
    /// How long a failure answers all who ask. A run has thousands of objects, and each would try anew.
    static let failureSeconds: Int64 = 5

    public typealias Fetch = @Sendable () async throws(CredentialsError) -> Credentials
    fileprivate typealias Waiter = CheckedContinuation<Credentials, any Error>

    fileprivate struct State {
        var value: Credentials?
        var failure: (error: CredentialsError, until: Int64)?
        var nextRefresh: Int64 = .min
        var isFetching = false
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    fileprivate enum Step {
        case use(Credentials, refresh: Bool)
        case fail(CredentialsError)
        case wait(fetch: Bool)
    }

    public let origin: String
    private let now: @Sendable () -> Int64
    private let fetch: Fetch
    private let state = Locked(State())

    /// - Parameters:
    ///   - now: Unix seconds.
    ///   - fetch: asks the source; it must end by itself, for nobody cancels it.
    public init(
        origin: String, now: @escaping @Sendable () -> Int64, fetch: @escaping Fetch
    ) {
        self.origin = origin
        self.now = now
        self.fetch = fetch
    }

    /// - Throws: ``CredentialsError``, or `CancellationError` when the task was cancelled while it waited.
    public func credentials() async throws -> Credentials {
        let time = now()
        let step = state.withLock { $0.step(time) }
        switch step {
        case .use(let value, let mustRefresh):
            if mustRefresh { start() }
            return value
        case .fail(let error): throw error
        case .wait(let mustFetch):
            if mustFetch { start() }
            return try await wait()
        }
    }

    private func wait() async throws -> Credentials {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { waiter in
                let time = now()
                let step = state.withLock { state in
                    let step = state.step(time)
                    if case .wait = step { state.waiters[id] = waiter }
                    return step
                }
                switch step {
                case .use(let value, let mustRefresh):
                    if mustRefresh { start() }
                    waiter.resume(returning: value)
                case .fail(let error): waiter.resume(throwing: error)
                case .wait(let mustFetch):
                    if mustFetch { start() }
                    // A cancellation before the waiter was there has found nothing to resume.
                    if Task.isCancelled { leave(id) }
                }
            }
        } onCancel: {
            leave(id)
        }
    }

    private func leave(_ id: UInt64) {
        let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
        waiter?.resume(throwing: CancellationError())
    }

    private func start() {
        // Unstructured: the task that happened to ask first may be cancelled, and the others wait on.
        Task {
            let result: Result<Credentials, CredentialsError>
            do throws(CredentialsError) {
                result = .success(try await fetch())
            } catch {
                result = .failure(error)
            }
            finish(result)
        }
    }

    private func finish(_ result: Result<Credentials, CredentialsError>) {
        let time = now()
        let result = result.flatMap { value -> Result<Credentials, CredentialsError> in
            guard let end = value.expiration, end <= time else { return .success(value) }
            return .failure(
                CredentialsError(
                    .malformedAnswer, origin: origin,
                    problem: "the credentials had expired when they came",
                    advice: "Is this machine's clock right?"))
        }
        let waiters = state.withLock { state in
            state.isFetching = false
            state.nextRefresh = time + Self.pauseSeconds
            switch result {
            case .success(let value):
                state.value = value
                state.failure = nil
            case .failure(let error): state.failure = (error, time + Self.failureSeconds)
            }
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(with: result) }
    }
}

extension RefreshingCredentials.State {
    /// What to do for one who asks; notes that a fetch begins where it says so.
    fileprivate mutating func step(_ now: Int64) -> RefreshingCredentials.Step {
        if let value, value.expiration.map({ $0 > now }) ?? true {
            let isDue =
                value.expiration.map { $0 - now <= RefreshingCredentials.aheadSeconds } ?? false
            let mustRefresh = isDue && !isFetching && now >= nextRefresh
            if mustRefresh { isFetching = true }
            return .use(value, refresh: mustRefresh)
        }
        if isFetching { return .wait(fetch: false) }
        if let failure, now < failure.until { return .fail(failure.error) }
        isFetching = true
        return .wait(fetch: true)
    }
}
