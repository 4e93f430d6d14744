import Transport

/// The execution environments of all functions: one event each at a time, as many as there are events, up to the limits.
///
/// Never waits for room: who is over a limit is throttled at once, as Lambda does it. Thread-safe.
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

    private struct Leased {
        var environment: any ExecutionEnvironment
        var generation: Int
    }

    private struct Function {
        var running = 0
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

    private struct State {
        var functions: [String: Function] = [:]
        var runningUnreserved = 0
        var running = 0
        var isClosed = false
        /// Those that run an event, by the number of their lease.
        var leased: [Int: Leased] = [:]
        var nextLease = 0
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())
    private let limits: ScalingLimits
    private let make: Maker
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

    /// A warm environment, or room for a new one.
    ///
    /// - Throws: ``LambdaServiceError``: `.tooManyRequests` with the reason; `.service` while shutting down.
    func acquire(_ resolved: ResolvedFunction) throws(LambdaServiceError) -> Lease {
        let now = ContinuousClock.now
        let version = resolved.version
        let reserved = resolved.reservedConcurrency
        // Taken before the lock: it has one of its own.
        let unreserved =
            reserved == nil ? limits.accountConcurrency - reservedTotal() : Int.max
        enum Found {
            case warm(Idle)
            case new(generation: Int)
            case refused(LambdaServiceError)
        }
        let found: Found = state.withLock { state in
            if state.isClosed { return .refused(Self.closing) }
            var function =
                state.functions.removeValue(forKey: version.functionName)
                ?? Function(
                    allowance: ScalingAllowance(burst: limits.environmentBurst, now: now))
            defer { state.functions[version.functionName] = function }
            if let reserved {
                if function.running >= reserved {
                    return .refused(Self.throttled(.reservedConcurrentInvocations))
                }
            } else if state.runningUnreserved >= unreserved {
                return .refused(Self.throttled(.concurrentInvocations))
            }
            let found: Found
            if let idle = function.idle[version]?.popLast() {
                found = .warm(idle)
            } else if function.allowance.take(burst: limits.environmentBurst, now: now) {
                found = .new(generation: function.generation(of: version))
            } else {
                return .refused(
                    Self.throttled(reserved == nil ? .invocationRate : .reservedInvocationRate))
            }
            function.running += 1
            state.running += 1
            if reserved == nil { state.runningUnreserved += 1 }
            return found
        }
        switch found {
        case .warm(let idle):
            return lease(idle.environment, isCold: false, reserved != nil, idle.generation)
        case .new(let generation):
            return lease(make(version, false), isCold: true, reserved != nil, generation)
        case .refused(let error): throw error
        }
    }

    private func lease(
        _ environment: any ExecutionEnvironment, isCold: Bool, _ isReserved: Bool,
        _ generation: Int
    ) -> Lease {
        let number = state.withLock { state in
            state.nextLease += 1
            state.leased[state.nextLease] = Leased(
                environment: environment, generation: generation)
            return state.nextLease
        }
        return Lease(
            number: number, environment: environment, isCold: isCold, isReserved: isReserved,
            generation: generation)
    }

    /// Gives it back for the next event; one of an older code or configuration is stopped.
    func release(_ lease: Lease) async {
        let version = lease.environment.version
        let now = ContinuousClock.now
        let isUsedUp = lease.environment.isUsedUp
        let (isOld, waiters) = state.withLock { state in
            state.running -= 1
            state.leased[lease.number] = nil
            if !lease.isReserved { state.runningUnreserved -= 1 }
            let isOld =
                isUsedUp || state.isClosed
                || state.functions[version.functionName]?.generation(of: version)
                    != lease.generation
            state.functions[version.functionName]?.running -= 1
            if !isOld {
                state.functions[version.functionName]?.idle[version, default: []].append(
                    Idle(environment: lease.environment, since: now, generation: lease.generation))
            }
            var waiters: [CheckedContinuation<Void, Never>] = []
            if state.running == 0 { swap(&waiters, &state.waiters) }
            return (isOld, waiters)
        }
        for waiter in waiters { waiter.resume() }
        if isOld { await lease.environment.stop() }
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
