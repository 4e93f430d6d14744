/// Holds a run's work against its budget, as the work goes on. Pure: whoever asks says what time it is.
///
/// What is in flight counts with the time that it has taken so far and a reserve for the time that it may still take, and with
/// the requests that it was expected to make, or those that it has made where these are more. So the account always knows a
/// cost that the run stays within, if it were told now to stop.
///
/// Microseconds throughout, from any beginning. A few dozen nanoseconds a call, whatever is in flight.
struct BudgetAccount: Sendable {
    /// Requests and bytes at stores that charge for them.
    struct StoreUse: Sendable, Equatable {
        var requests = Money.zero
        var bytes: Int64 = 0

        static func + (a: Self, b: Self) -> Self {
            Self(requests: a.requests + b.requests, bytes: a.bytes + b.bytes)
        }

        static func - (a: Self, b: Self) -> Self {
            Self(requests: a.requests - b.requests, bytes: a.bytes - b.bytes)
        }

        /// The larger of both, each for itself.
        func orMore(_ other: Self) -> Self {
            Self(requests: max(requests, other.requests), bytes: max(bytes, other.bytes))
        }
    }

    struct Request: Sendable {
        var memoryMB: Int
        var expected: StoreUse
        /// Asked for by another invocation, that waits for it.
        var isInner: Bool
    }

    enum Verdict: Equatable {
        case admitted
        /// There may be room when something in flight has ended.
        case mustWait
        case refused(Budget.Limit)
    }

    enum Watch: Equatable {
        case goOn
        /// Begin nothing more.
        case stop
        /// Cancel what is in flight.
        case cut
    }

    var budget: Budget {
        didSet { ceilings = Self.ceilings(budget) }
    }
    /// By limit: what the month may cost with the work, prepared.
    private var ceilings: [Money]
    /// Within which an invocation ends that is cancelled, the time until it is noticed included.
    var ending: Int64
    /// How long what is in flight has at least to end by itself.
    static let leastGrace: Int64 = 200_000

    private(set) var done = Budget.Work()
    private(set) var stopped: Budget.Limit?
    private(set) var innerRunning = 0
    private var running = 0
    private var runningMB: Int64 = 0
    /// Memory times the moment of the beginning, of all in flight: their time so far is one product and one difference.
    private var startedMB: Int128 = 0
    private var expected = StoreUse()
    /// Requests of those in flight that have been seen: listings, and all others.
    private var listed = StoreUse()
    private var seen = StoreUse()
    private var ended = StoreUse()
    private var endedListed = StoreUse()
    /// Of the invocations that another waited for.
    private var longest: Int64 = 0

    init(_ budget: Budget, ending: Int64) {
        self.budget = budget
        ceilings = Self.ceilings(budget)
        self.ending = ending
    }

    /// For those in flight to end by themselves, and then by being cut off.
    private var grace: Int64 { ending + max(Self.leastGrace, longest) }

    /// What the run will have cost at most, when all that is in flight ends within `reserve`, and `more` with it.
    private func bound(_ now: Int64, reserve: Int64, more: Request? = nil) -> Budget.Work {
        let memory = Int128(runningMB + Int64(more?.memoryMB ?? 0))
        let soFar = Int128(runningMB) * Int128(now) - startedMB
        let store = listed + seen.orMore(expected) + (more?.expected ?? StoreUse())
        return Budget.Work(
            invocations: done.invocations + Int64(running) + (more == nil ? 0 : 1),
            // Billed in whole steps: each may take one more.
            megabyteMilliseconds: done.megabyteMilliseconds
                + (soFar + memory * Int128(reserve) + 999) / 1000
                + memory * Int128(budget.card.roundingMilliseconds),
            transferBytes: done.transferBytes + store.bytes,
            storeRequests: done.storeRequests + store.requests)
    }

    private static func ceilings(_ budget: Budget) -> [Money] {
        budget.limits.map { $0.amount - $0.spent + $0.earlier.cost(on: budget.card) }
    }

    /// As ``Budget/limit(exceededBy:)``, without what is the same each time.
    private func limit(exceededBy work: Budget.Work) -> Budget.Limit? {
        for index in ceilings.indices {
            let month = budget.limits[index].earlier.with(work)
            if month.cost(on: budget.card) + work.storeRequests > ceilings[index] {
                return budget.limits[index]
            }
        }
        return nil
    }

    func exceeded(by request: Request, now: Int64) -> Budget.Limit? {
        limit(exceededBy: bound(now, reserve: grace, more: request))
    }

    mutating func begin(_ request: Request, now: Int64) -> Verdict {
        if let stopped { return .refused(stopped) }
        if let limit = exceeded(by: request, now: now) {
            // Nothing will end that waits for this one.
            if !request.isInner { stopped = limit }
            return request.isInner ? .mustWait : .refused(limit)
        }
        running += 1
        if request.isInner { innerRunning += 1 }
        runningMB += Int64(request.memoryMB)
        startedMB += Int128(request.memoryMB) * Int128(now)
        expected = expected + request.expected
        return .admitted
    }

    /// - Parameters:
    ///   - began: as `now` was said to ``begin(_:now:)``.
    ///   - listed, used: what it used at stores, listings apart.
    mutating func end(
        _ request: Request, began: Int64, took: Int64, billedMilliseconds: Int64,
        listed: StoreUse, used: StoreUse
    ) {
        running -= 1
        if request.isInner {
            innerRunning -= 1
            longest = max(longest, took)
        }
        runningMB -= Int64(request.memoryMB)
        startedMB -= Int128(request.memoryMB) * Int128(began)
        expected = expected - request.expected
        done.invocations += 1
        done.megabyteMilliseconds += Int128(request.memoryMB) * Int128(billedMilliseconds)
        ended = ended + used
        endedListed = endedListed + listed
        add(listed + used)
    }

    /// Requests beside the invocations.
    mutating func add(_ use: StoreUse) {
        done.transferBytes += use.bytes
        done.storeRequests += use.requests
    }

    /// - Parameters:
    ///   - listed, used: of all invocations, ended or not, up to now; nil: it is not known.
    ///   - waiting: those that were told to wait and have not asked again.
    ///   - isStuck: nothing has ended for so long that nothing will.
    mutating func look(
        listed all: StoreUse?, used: StoreUse?, waiting: [Request], isStuck: Bool, now: Int64
    ) -> Watch {
        if let all, let used {
            listed = (all - endedListed).orMore(StoreUse())
            seen = (used - ended).orMore(StoreUse())
        }
        if let limit = limit(exceededBy: bound(now, reserve: ending)) {
            stopped = stopped ?? limit
            return .cut
        }
        // While inner ones are in flight there may be room again when they have ended.
        if stopped == nil, innerRunning == 0 {
            stopped = limit(exceededBy: bound(now, reserve: grace))
        }
        if stopped == nil, innerRunning == 0 || isStuck, !waiting.isEmpty {
            var limit: Budget.Limit?
            for request in waiting {
                limit = exceeded(by: request, now: now)
                if limit == nil { break }
            }
            stopped = limit
        }
        return stopped == nil ? .goOn : .stop
    }
}
