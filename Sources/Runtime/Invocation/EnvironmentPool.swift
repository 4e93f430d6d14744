import Transport

/// The execution environments of all functions: one event each at a time, as many as there are events, up to the limits.
///
/// Never waits for room: who is over a limit is throttled at once, as Lambda does it. But an environment that has given its
/// response and is about to be free is waited for, a moment at most: else a caller who asks again at once would be
/// throttled by its own last invocation, or start a process that nobody needs. Thread-safe.
public final class EnvironmentPool: Sendable {
    /// Makes an environment that nobody has initialised yet. `isProvisioned`: it is to be kept warm.
    public typealias Maker =
        @Sendable (_ version: FunctionVersion, _ isProvisioned: Bool) -> any ExecutionEnvironment

    /// An environment that is the holder's until it is given back.
    struct Lease: Sendable {
        let number: Int
        let environment: any ExecutionEnvironment
        /// It has not been initialised.
        let isCold: Bool
        let isReserved: Bool
        let generation: Int
    }

    private struct Idle {
        var environment: any ExecutionEnvironment
        var since: ContinuousClock.Instant
        var generation: Int
    }

    /// Who waits for an environment that is about to be free.
    private struct Waiter {
        var until: ContinuousClock.Instant
        var isReserved: Bool
        var continuation: CheckedContinuation<Lease?, Never>
    }

    private struct Function {
        var running = 0
        /// Of those that run: how many have given their response.
        var settling: [FunctionVersion: Int] = [:]
        /// Never more of a version than settle.
        var soon: [FunctionVersion: [Waiter]] = [:]
        var allowance: ScalingAllowance
        /// Environments of an older one are not used again. Of all versions, and of each besides.
        var generation = 0
        var generations: [String: Int] = [:]
        /// By version, the most recently used last, so that what is not needed grows old.
        var idle: [FunctionVersion: [Idle]] = [:]
        var provisioned: [FunctionVersion: Int] = [:]

        func generation(of version: FunctionVersion) -> Int {
            generation + (generations[version.version] ?? 0)
        }
    }

    private struct Leased {
        var environment: any ExecutionEnvironment
        var generation: Int
        var isSettling = false
    }

    private struct State {
        var functions: [String: Function] = [:]
        var runningUnreserved = 0
        var running = 0
        var isClosed = false
        /// Those that run an event, by the number of their lease.
        var leased: [Int: Leased] = [:]
        var nextLease = 0
        /// A task looks after those who wait.
        var isDismissing = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())
    private let limits: ScalingLimits
    private let make: Maker
    /// How long one waits for an environment that has given its response, before another one is started.
    static let settlingPatience = Duration.milliseconds(5)
    /// The same, before one is throttled: a runtime that is a script, or a busy machine, takes longer to its next `/next`.
    static let throttlingPatience = Duration.milliseconds(500)
    /// The sum of all functions' reserved concurrency.
    private let reservedTotal: @Sendable () -> Int

    public init(
        limits: ScalingLimits, reservedTotal: @escaping @Sendable () -> Int = { 0 },
        make: @escaping Maker
    ) {
        self.limits = limits
        self.reservedTotal = reservedTotal
        self.make = make
    }

    /// How many environments run an event now.
    public var running: Int { state.withLock { $0.running } }

    private enum Found {
        case lease(Lease)
        /// One is about to be free; it is waited for as long as this.
        case soon(Duration)
        case refused(LambdaServiceError)
    }

    /// A warm environment, or a new one.
    ///
    /// - Throws: ``LambdaServiceError``: `.tooManyRequests` with the reason; `.service` while shutting down.
    func acquire(_ resolved: ResolvedFunction) async throws(LambdaServiceError) -> Lease {
        var mayWait = true
        while true {
            switch find(resolved, mayWait: mayWait) {
            case .lease(let lease): return lease
            case .refused(let error): throw error
            case .soon(let patience):
                if let lease = await settled(resolved, patience) { return lease }
                mayWait = false
            }
        }
    }

    private func find(_ resolved: ResolvedFunction, mayWait: Bool) -> Found {
        let now = ContinuousClock.now
        let version = resolved.version
        let reserved = resolved.reservedConcurrency
        // Taken before the lock: it has one of its own.
        let unreserved =
            reserved == nil ? limits.accountConcurrency - reservedTotal() : Int.max
        return state.withLock { state in
            if state.isClosed { return .refused(Self.closing) }
            var function =
                state.functions.removeValue(forKey: version.functionName)
                ?? Function(
                    allowance: ScalingAllowance(burst: limits.environmentBurst, now: now))
            defer { state.functions[version.functionName] = function }
            let settling = function.settling[version] ?? 0
            let canWait =
                mayWait && settling > (function.soon[version]?.count ?? 0)
            if let reserved {
                if function.running >= reserved {
                    return canWait
                        ? .soon(Self.throttlingPatience)
                        : .refused(Self.throttled(.reservedConcurrentInvocations))
                }
            } else if state.runningUnreserved >= unreserved {
                return canWait
                    ? .soon(Self.throttlingPatience)
                    : .refused(Self.throttled(.concurrentInvocations))
            }
            let idle = function.idle[version]?.popLast()
            if idle == nil {
                if canWait { return .soon(Self.settlingPatience) }
                guard function.allowance.take(burst: limits.environmentBurst, now: now) else {
                    return .refused(
                        Self.throttled(reserved == nil ? .invocationRate : .reservedInvocationRate))
                }
            }
            function.running += 1
            state.running += 1
            if reserved == nil { state.runningUnreserved += 1 }
            return .lease(
                Self.lease(
                    idle?.environment ?? make(version, false), isCold: idle == nil,
                    reserved != nil, idle?.generation ?? function.generation(of: version), &state))
        }
    }

    private static func lease(
        _ environment: any ExecutionEnvironment, isCold: Bool, _ isReserved: Bool,
        _ generation: Int, _ state: inout State
    ) -> Lease {
        state.nextLease += 1
        state.leased[state.nextLease] = Leased(
            environment: environment, generation: generation)
        return Lease(
            number: state.nextLease, environment: environment, isCold: isCold,
            isReserved: isReserved, generation: generation)
    }

    // MARK: Settling

    /// The environment has given its response and is about to be given back.
    func isSettling(_ lease: Lease) {
        let version = lease.environment.version
        state.withLock { state in
            // It may have been given back already.
            guard state.leased[lease.number] != nil else { return }
            state.leased[lease.number]?.isSettling = true
            state.functions[version.functionName]?.settling[version, default: 0] += 1
        }
    }

    /// Looks at all that run.
    var isAnySettling: Bool {
        state.withLock { $0.leased.values.contains { $0.isSettling } }
    }

    /// The next environment of the version that is given back; nil: none came in time.
    private func settled(
        _ resolved: ResolvedFunction, _ patience: Duration
    ) async -> Lease? {
        let (name, version) = (resolved.version.functionName, resolved.version)
        return await withCheckedContinuation { continuation in
            let (isWaiting, starts) = state.withLock { state in
                let settling = state.functions[name]?.settling[version] ?? 0
                // It may have been given back meanwhile.
                guard settling > (state.functions[name]?.soon[version]?.count ?? 0) else {
                    return (false, false)
                }
                state.functions[name]?.soon[version, default: []].append(
                    Waiter(
                        until: .now + patience,
                        isReserved: resolved.reservedConcurrency != nil,
                        continuation: continuation))
                let starts = !state.isDismissing
                state.isDismissing = true
                return (true, starts)
            }
            if !isWaiting { continuation.resume(returning: nil) }
            // Unstructured, because it serves many and belongs to none; it ends by itself when nobody waits.
            if starts { Task { await self.dismissLate() } }
        }
    }

    private func dismissLate() async {
        repeat {
            // Nothing cancels this task, so the sleep cannot throw.
            try? await Task.sleep(for: Self.settlingPatience)
        } while dismiss(now: .now)
    }

    /// - Returns: whether anybody still waits.
    private func dismiss(now: ContinuousClock.Instant) -> Bool {
        let (late, anyWaits) = state.withLock { state in
            var late: [Waiter] = []
            var anyWaits = false
            for (name, function) in state.functions {
                for (version, waiters) in function.soon {
                    late += waiters.filter { $0.until <= now }
                    let rest = waiters.filter { $0.until > now }
                    state.functions[name]?.soon[version] = rest.isEmpty ? nil : rest
                    anyWaits = anyWaits || !rest.isEmpty
                }
            }
            state.isDismissing = anyWaits
            return (late, anyWaits)
        }
        for waiter in late { waiter.continuation.resume(returning: nil) }
        return anyWaits
    }

    // MARK: Giving back

    /// Gives it back for the next event; one of an older code or configuration is stopped.
    func release(_ lease: Lease) async {
        if takeBack(lease) { await lease.environment.stop() }
    }

    /// ``release(_:)`` for those who cannot wait.
    func giveBack(_ lease: Lease) {
        // Nobody waits for the end of an environment that is of no more use.
        if takeBack(lease) { Task { await lease.environment.stop() } }
    }

    /// - Returns: whether the environment is to be stopped.
    private func takeBack(_ lease: Lease) -> Bool {
        let version = lease.environment.version
        let name = version.functionName
        let now = ContinuousClock.now
        let isUsedUp = lease.environment.isUsedUp
        var isOld = true
        var next: (waiter: Waiter, lease: Lease)?
        var dismissed: [Waiter] = []
        var quiet: [CheckedContinuation<Void, Never>] = []
        state.withLock { state in
            let wasSettling = state.leased.removeValue(forKey: lease.number)?.isSettling ?? false
            state.running -= 1
            if !lease.isReserved { state.runningUnreserved -= 1 }
            if var function = state.functions.removeValue(forKey: name) {
                function.running -= 1
                if wasSettling { function.settling[version, default: 1] -= 1 }
                if function.settling[version] == 0 { function.settling[version] = nil }
                isOld =
                    isUsedUp || state.isClosed
                    || function.generation(of: version) != lease.generation
                var waiters = function.soon.removeValue(forKey: version) ?? []
                if isOld {
                    // What else settles is as old: they look again.
                    dismissed = waiters
                    waiters = []
                } else if waiters.isEmpty {
                    function.idle[version, default: []].append(
                        Idle(
                            environment: lease.environment, since: now,
                            generation: lease.generation))
                } else {
                    let waiter = waiters.removeFirst()
                    function.running += 1
                    state.running += 1
                    if !waiter.isReserved { state.runningUnreserved += 1 }
                    let handedOn = Self.lease(
                        lease.environment, isCold: false, waiter.isReserved, lease.generation,
                        &state)
                    next = (waiter, handedOn)
                }
                if !waiters.isEmpty { function.soon[version] = waiters }
                state.functions[name] = function
            }
            if state.running == 0 { swap(&quiet, &state.waiters) }
        }
        next?.waiter.continuation.resume(returning: next?.lease)
        for waiter in dismissed { waiter.continuation.resume(returning: nil) }
        for waiter in quiet { waiter.resume() }
        return isOld
    }

    /// Stops a function's environments, or those of one version: the idle ones now, the running ones when their event has
    /// ended. For a change of its code or configuration, and for its end.
    ///
    /// - Parameter version: "$LATEST" or a number; nil: all of them.
    public func retire(_ functionName: String, version: String? = nil) async {
        let idle = state.withLock { state -> [any ExecutionEnvironment] in
            guard var function = state.functions.removeValue(forKey: functionName) else {
                return []
            }
            if let version {
                function.generations[version, default: 0] += 1
            } else {
                function.generation += 1
            }
            let isRetired = { (other: FunctionVersion) in version == nil || other.version == version
            }
            let idle = function.idle.filter { isRetired($0.key) }
            function.idle = function.idle.filter { !isRetired($0.key) }
            function.provisioned = function.provisioned.filter { !isRetired($0.key) }
            state.functions[functionName] = function
            return idle.values.flatMap { $0.map(\.environment) }
        }
        await Self.stop(idle)
    }

    /// Keeps `count` initialised environments of a version, those that run an event among them; stops those that were
    /// kept above that. A failed one is not kept.
    ///
    /// - Returns: how many there are now.
    public func provision(_ version: FunctionVersion, count: Int) async -> Int {
        let now = ContinuousClock.now
        let (missing, surplus, generation) = state.withLock { state in
            var function =
                state.functions.removeValue(forKey: version.functionName)
                ?? Function(
                    allowance: ScalingAllowance(burst: limits.environmentBurst, now: now))
            defer { state.functions[version.functionName] = function }
            let before = function.provisioned.updateValue(count, forKey: version) ?? 0
            if count == 0 { function.provisioned[version] = nil }
            let generation = function.generation(of: version)
            let running = state.leased.values.count(where: {
                $0.generation == generation && $0.environment.version == version
            })
            var idle = function.idle[version] ?? []
            let there = idle.count + running
            let extra = max(0, min(before - count, there - count, idle.count))
            let surplus = idle.prefix(extra).map(\.environment)
            idle.removeFirst(extra)
            function.idle[version] = idle.isEmpty ? nil : idle
            return (state.isClosed ? 0 : max(0, count - there), surplus, generation)
        }
        await Self.stop(surplus)
        let made = await initialized(version, missing)
        let unwanted = state.withLock { state -> [any ExecutionEnvironment] in
            guard !made.isEmpty else { return [] }
            guard !state.isClosed,
                state.functions[version.functionName]?.generation(of: version) == generation
            else { return made }
            state.functions[version.functionName]?.idle[version, default: []].append(
                contentsOf: made.map {
                    Idle(environment: $0, since: .now, generation: generation)
                })
            return []
        }
        await Self.stop(unwanted)
        return unwanted.isEmpty ? count - missing + made.count : 0
    }

    /// New environments, ready for an event; fewer where some fail.
    private func initialized(
        _ version: FunctionVersion, _ count: Int
    ) async -> [any ExecutionEnvironment] {
        await withTaskGroup(of: (any ExecutionEnvironment)?.self) { group in
            for _ in 0..<count {
                group.addTask {
                    let environment = self.make(version, true)
                    if await environment.initialize().succeeded { return environment }
                    await environment.stop()
                    return nil
                }
            }
            var made: [any ExecutionEnvironment] = []
            for await environment in group { if let environment { made.append(environment) } }
            return made
        }
    }

    /// Stops what has been idle for longer than its lifetime; what is provisioned stays.
    ///
    /// - Returns: when to look again.
    func reap(now: ContinuousClock.Instant = .now) async -> Duration {
        let lifetime = limits.idleLifetime
        let old: [any ExecutionEnvironment] = state.withLock { state in
            var old: [any ExecutionEnvironment] = []
            for (name, function) in state.functions {
                for (version, idle) in function.idle {
                    // The last one was taken: the version may be one that nobody will ask for again.
                    if idle.isEmpty { state.functions[name]?.idle[version] = nil }
                    let kept = function.provisioned[version] ?? 0
                    let surplus = idle.prefix(max(0, idle.count - kept))
                    let aged = surplus.prefix { now - $0.since >= lifetime }
                    guard !aged.isEmpty else { continue }
                    old += aged.map(\.environment)
                    let rest = Array(idle.dropFirst(aged.count))
                    state.functions[name]?.idle[version] = rest.isEmpty ? nil : rest
                }
            }
            return old
        }
        await Self.stop(old)
        return max(.milliseconds(10), lifetime / 4)
    }

    /// Takes no more events, waits for those that run (for `grace` at most), and stops every environment.
    ///
    /// - Parameter cutOff: called before those that still run are stopped.
    public func close(grace: Duration, cutOff: @Sendable () -> Void = {}) async {
        let idle: [any ExecutionEnvironment] = state.withLock { state in
            state.isClosed = true
            var idle: [any ExecutionEnvironment] = []
            for name in state.functions.keys {
                idle += state.functions[name]?.idle.values.flatMap { $0.map(\.environment) } ?? []
                state.functions[name]?.idle = [:]
            }
            return idle
        }
        await Self.stop(idle)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.whenQuiet() }
            group.addTask {
                // Ends early, by cancellation, when all is quiet.
                try? await Task.sleep(for: grace)
            }
            await group.next()
            group.cancelAll()
            let waiters = state.withLock { state in
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume() }
        }
        cutOff()
        // Their invocations end with that, as failed by the environment.
        await Self.stop(state.withLock { $0.leased.values.map(\.environment) })
    }

    private func whenQuiet() async {
        await withCheckedContinuation { continuation in
            let isQuiet = state.withLock { state in
                if state.running > 0 { state.waiters.append(continuation) }
                return state.running == 0
            }
            if isQuiet { continuation.resume() }
        }
    }

    private static func stop(_ environments: [any ExecutionEnvironment]) async {
        await withTaskGroup(of: Void.self) { group in
            for environment in environments { group.addTask { await environment.stop() } }
        }
    }

    private static let closing = LambdaServiceError(.service, "the runtime is shutting down")

    /// Source of the words: recorded answers of the service.
    private static func throttled(
        _ reason: LambdaServiceError.ThrottleReason
    ) -> LambdaServiceError {
        LambdaServiceError(.tooManyRequests, "Rate Exceeded.", reason: reason)
    }
}
