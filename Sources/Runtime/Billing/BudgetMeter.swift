import Lambda
import Synchronization
import Transport

/// Keeps a run within its budget: is asked before each of its invocations, and watches those in flight. Thread-safe.
///
/// Before a limit is reached nothing new is begun; what is in flight may end, and is cancelled only when it takes longer than
/// what is left can pay for. The bill stays within the budget as long as what is cancelled ends within ``ending`` and no invocation
/// makes more requests than it was registered to make within one round of the watch (repeated ones are such requests).
///
/// Near a limit, invocations wait for others to end rather than be refused: the run gets narrower before it stops.
public final class BudgetMeter: Sendable {
    /// What an invocation is expected to ask of stores that charge for it, at most.
    public struct Estimate: Sendable, Equatable {
        public var storeRequests: Money
        /// Received from the store.
        public var transferBytes: Int64

        public init(storeRequests: Money = .zero, transferBytes: Int64 = 0) {
            self.storeRequests = storeRequests
            self.transferBytes = transferBytes
        }
    }

    /// An invocation that has begun.
    struct Ticket: Sendable {
        var request: BudgetAccount.Request
        var began: Int64
    }

    private struct Waiter {
        var request: BudgetAccount.Request
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var account: BudgetAccount
        var waiters: [Waiter] = []
        var isWatched = false
        var isCut = false
        /// When an invocation ended last.
        var lastEnd: Int64 = 0

        mutating func takeWaiters() -> [Waiter] {
            defer { waiters = [] }
            return waiters
        }
    }

    /// In which an invocation has ended that is cancelled, the watch's own time included.
    public static let ending = Duration.milliseconds(1500)
    /// Turns to a store that what is cancelled may take to clean up.
    static let endingTurns = 8
    static let pause = Duration.milliseconds(20)
    /// How long what waits believes that something will end: for functions that wait for each other in more than two levels.
    static let patience: Int64 = 300_000_000
    /// How often others' spending is read again.
    static let readingPause: Int64 = 2_000_000

    private let state: Locked<State>
    private let stops = Atomic(false)
    private let origin = ContinuousClock.now
    /// The connections that charge; mostly none or one.
    private let charging: [String]
    private let card: RateCard

    /// - Parameter prices: by connection; one that is not in it is free of charge.
    public init(
        _ budget: Budget, prices: [String: StorePrices] = [:], ending: Duration = BudgetMeter.ending
    ) {
        state = Locked(
            State(account: BudgetAccount(budget, ending: ending.nanoseconds / 1000)))
        charging = prices.filter { $0.value != .free }.map(\.key)
        card = budget.card
    }

    /// What is cancelled cleans up at stores that answer in this time.
    public func expect(latency: Duration) {
        let more = (latency * Self.endingTurns).nanoseconds / 1000
        state.withLock {
            $0.account.ending = max($0.account.ending, Self.ending.nanoseconds / 1000 + more)
        }
    }

    /// The limit that does not even let this begin, or nil: for a run's first function with the first that it invokes.
    public func limit(refusing memoryMB: Int, with innerMB: Int) -> Budget.Limit? {
        let now = time(.now)
        return state.withLock { state in
            var account = state.account
            let first = BudgetAccount.Request(
                memoryMB: memoryMB, expected: BudgetAccount.StoreUse(), isInner: false)
            if case .refused(let limit) = account.begin(first, now: now) { return limit }
            let second = BudgetAccount.Request(
                memoryMB: innerMB, expected: BudgetAccount.StoreUse(), isInner: true)
            return account.exceeded(by: second, now: now)
        }
    }

    /// True once nothing new is begun. Cheap: for loops.
    public var isStopped: Bool { stops.load(ordering: .relaxed) }

    /// Why nothing new is begun; nil: it is not so.
    public var reached: Budget.Limit? { state.withLock { $0.account.stopped } }

    /// Whether what was in flight had to be cancelled.
    public var isCut: Bool { state.withLock { $0.isCut } }

    /// The limits with what others had spent when that was read last, and the run's own work so far.
    public var soFar: (budget: Budget, work: Budget.Work) {
        state.withLock { ($0.account.budget, $0.account.done) }
    }

    /// Requests beside the invocations.
    public func record(usage: [InvocationUsage.Line]) {
        let (listed, used) = priced(usage)
        state.withLock { $0.account.add(listed + used) }
    }

    private func time(_ instant: ContinuousClock.Instant) -> Int64 {
        (instant - origin).nanoseconds / 1000
    }

    /// Listings, and all the rest, at connections that charge.
    private func priced(
        _ lines: [InvocationUsage.Line]
    ) -> (listed: BudgetAccount.StoreUse, used: BudgetAccount.StoreUse) {
        var listed = BudgetAccount.StoreUse()
        var used = BudgetAccount.StoreUse()
        if charging.isEmpty { return (listed, used) }
        for line in lines where charging.contains(line.connection) {
            let use = BudgetAccount.StoreUse(
                requests: Money(
                    picodollars: Int64(line.requests) * card.requests.price(of: line.requestClass)),
                bytes: line.bytesIn)
            if line.requestClass == "LIST" { listed = listed + use } else { used = used + use }
        }
        return (listed, used)
    }

    // MARK: Invocations

    /// Returns when the invocation may begin, and has: to be followed by ``end(_:took:usage:)``. What waits here ends with what
    /// is in flight, cancelled or not.
    ///
    /// - Throws: ``FunctionError`` of the kind `overBudget`.
    func begin(
        _ function: String, memoryMB: Int, expected: Estimate, isInner: Bool
    ) async throws -> Ticket {
        let request = BudgetAccount.Request(
            memoryMB: memoryMB,
            expected: BudgetAccount.StoreUse(
                requests: expected.storeRequests, bytes: expected.transferBytes),
            isInner: isInner)
        while true {
            let now = time(.now)
            let (verdict, isWatched) = state.withLock { state in
                (state.account.begin(request, now: now), state.isWatched)
            }
            switch verdict {
            case .admitted: return Ticket(request: request, began: now)
            case .refused(let limit):
                stops.store(true, ordering: .relaxed)
                throw Self.refusal(function, limit)
            case .mustWait:
                try Task.checkCancellation()
                guard isWatched else {
                    guard let limit = state.withLock({ $0.account.exceeded(by: request, now: now) })
                    else { continue }
                    throw Self.refusal(function, limit)
                }
                await room(for: request)
            }
        }
    }

    private func room(for request: BudgetAccount.Request) async {
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                if state.account.stopped != nil || !state.isWatched { return false }
                state.waiters.append(Waiter(request: request, continuation: continuation))
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }

    private static func refusal(_ function: String, _ limit: Budget.Limit) -> FunctionError {
        FunctionError(
            kind: .overBudget, function: function, errorType: "BudgetReached",
            message: "the budget of \(limit.amount.exact) \(limit.scope) leaves no room for it")
    }

    func end(_ ticket: Ticket, took: Duration, usage: [InvocationUsage.Line]) {
        let billed = card.billedMilliseconds(duration: took)
        let (listed, used) = priced(usage)
        let microseconds = took.nanoseconds / 1000
        let waiters = state.withLock { state in
            state.account.end(
                ticket.request, began: ticket.began, took: microseconds,
                billedMilliseconds: billed, listed: listed, used: used)
            state.lastEnd = max(state.lastEnd, ticket.began + microseconds)
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.continuation.resume() }
    }

    // MARK: The watch

    /// Runs `body` under the watch, and returns or throws what it does, cancelled or not.
    ///
    /// - Parameters:
    ///   - live: what all invocations have used at stores up to now; nil: it is known at their ends only.
    ///   - others: reads the budget again, with what others have spent since; nil: nobody else spends.
    public func during<Value: Sendable>(
        live: (@Sendable () -> [InvocationUsage.Line])? = nil,
        others: (@Sendable () async throws -> Budget)? = nil,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        state.withLock { $0.isWatched = true }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                await self.watch(live)
                return nil
            }
            if let others {
                group.addTask {
                    await self.reread(others)
                    return nil
                }
            }
            defer { release() }
            while let ended = try await group.next() {
                // The watch ends when what is in flight must; else it is the body's end.
                if ended != nil || isCut { group.cancelAll() }
                if let ended { return ended }
            }
            throw CancellationError()
        }
    }

    private func watch(_ live: (@Sendable () -> [InvocationUsage.Line])?) async {
        // Without it nobody would be woken who waits for the last in flight.
        defer { release() }
        while !Task.isCancelled {
            if look(live?(), now: time(.now)) { return }
            // Cancelled with the body's end.
            try? await Task.sleep(for: Self.pause)
        }
    }

    /// - Returns: true when what is in flight must be cancelled.
    func look(_ lines: [InvocationUsage.Line]?, now: Int64) -> Bool {
        let live = lines.map { priced($0) }
        let (watch, waiters) = state.withLock { state in
            let watch = state.account.look(
                listed: live?.listed, used: live?.used, waiting: state.waiters.map(\.request),
                isStuck: now - state.lastEnd > Self.patience, now: now)
            if watch == .cut { state.isCut = true }
            return (watch, state.takeWaiters())
        }
        if watch != .goOn { stops.store(true, ordering: .relaxed) }
        for waiter in waiters { waiter.continuation.resume() }
        return watch == .cut
    }

    /// Others' spending, now and then: the less often, the longer it takes to read. What cannot be read stays as it was.
    private func reread(_ others: @Sendable () async throws -> Budget) async {
        var pause = Self.readingPause
        while !Task.isCancelled {
            // Cancelled with the body's end.
            try? await Task.sleep(for: .microseconds(pause))
            let begun = ContinuousClock.now
            if !Task.isCancelled, let budget = try? await others() {
                state.withLock { $0.account.budget = budget }
            }
            pause = max(Self.readingPause, (ContinuousClock.now - begun).nanoseconds / 1000 * 50)
        }
    }

    private func release() {
        let waiters = state.withLock { state in
            state.isWatched = false
            return state.takeWaiters()
        }
        for waiter in waiters { waiter.continuation.resume() }
    }
}

extension Budget.Scope: CustomStringConvertible {
    /// "for one run", "for 2026-11", "of the rule photos for a month".
    public var description: String {
        switch self {
        case .run: "for one run"
        case .month(let day): "for \(CalendarDay.text(day).dropLast(3))"
        case .rule(let name): "of the rule \(name) for a month"
        }
    }
}
