import TestSupport
import Testing

@testable import Runtime

/// Runs of random work against random budgets, in a time of their own.
struct BudgetAccountTests {
    /// One run: a root that lists, and workers that invoke one function after another.
    private struct Simulation {
        struct Job {
            var request: BudgetAccount.Request
            var microseconds: Int64
            /// What it really asks of stores by its end, never more than expected.
            var used: BudgetAccount.StoreUse
        }

        struct Running {
            var job: Job
            var began: Int64
            var end: Int64
            var isCut = false
        }

        static let ending: Int64 = 500_000
        static let root = BudgetAccount.Request(
            memoryMB: 256,
            expected: .init(requests: Money(picodollars: 16 * 5_000_000)), isInner: false)

        var account: BudgetAccount
        var random: SeededRandom
        var jobs: [Job] = []
        var workers: Int
        var now: Int64 = 0
        var running: [Running] = []
        var waiting: [Job] = []
        var completed = 0
        var cut = 0
        var isCut = false
        var used = BudgetAccount.StoreUse()
        let card: RateCard

        init(seed: UInt64, amountShare: Double?) {
            random = SeededRandom(seed: seed)
            card = BudgetCards.any(&random)
            workers = Int.random(in: 1...48, using: &random)
            let paysRequests = Bool.random(using: &random)
            for _ in 0..<Int.random(in: 1...400, using: &random) {
                // Mostly short, some long, a few that take a minute.
                let scale: Int64 = [4_000, 60_000, 60_000, 2_000_000, 60_000_000][
                    min(4, Int(Double.random(in: 0..<4.15, using: &random)))]
                let price: Int64 = paysRequests ? 6_000_000 : 0
                let bytes = paysRequests ? Int64.random(in: 0...50 << 20, using: &random) : 0
                let share = Double.random(in: 0.2...1, using: &random)
                jobs.append(
                    Job(
                        request: .init(
                            memoryMB: [128, 512].randomElement(using: &random)!,
                            expected: .init(requests: Money(picodollars: price), bytes: bytes),
                            isInner: true),
                        microseconds: Int64.random(in: 200...scale, using: &random),
                        used: .init(
                            requests: Money(picodollars: Int64(Double(price) * share)),
                            bytes: Int64(Double(bytes) * share))))
            }
            let earlier = MonthToDate(
                requests: Int64.random(in: 0...3000, using: &random),
                megabyteMilliseconds: Int128(Int64.random(in: 0...60_000_000, using: &random)),
                transferBytes: Int128(Int64.random(in: 0...4 << 30, using: &random)))
            var work = Budget.Work(invocations: Int64(jobs.count) + 1)
            for job in jobs {
                work.megabyteMilliseconds +=
                    Int128(job.request.memoryMB)
                    * Int128(
                        card.billedMilliseconds(duration: .microseconds(job.microseconds)))
                work.transferBytes += job.used.bytes
                work.storeRequests += job.used.requests
            }
            var limit = Budget.Limit(.run, amount: .zero, earlier: earlier)
            let needed = Budget(card: card, limits: [limit]).spent(of: limit, with: work)
            limit.amount =
                amountShare.map { Money(picodollars: Int64(Double(needed.picodollars) * $0)) }
                ?? Money(picodollars: .max / 4)
            // The month's limit has seen other work.
            let month = Budget.Limit(
                .month(0), amount: limit.amount + Money(picodollars: 1_000_000),
                spent: Money(picodollars: 900_000), earlier: MonthToDate())
            account = BudgetAccount(
                Budget(card: card, limits: [limit, month]), ending: Self.ending)
        }

        /// - Returns: false when not even the root began.
        mutating func run() -> Bool {
            guard account.begin(Self.root, now: 0) == .admitted else { return false }
            var nextLook: Int64 = 0
            jobs.reverse()
            fill()
            while !running.isEmpty || (!waiting.isEmpty && account.stopped == nil) {
                let nextEnd = running.map(\.end).min() ?? .max
                if nextLook <= nextEnd {
                    now = nextLook
                    // Late now and then, as on a busy machine.
                    let late = Int64.random(in: 0...9, using: &random) == 0
                    nextLook += late ? Int64.random(in: 20_000...200_000, using: &random) : 20_000
                    look(until: nextLook)
                } else {
                    now = nextEnd
                    end()
                }
                let again = waiting
                waiting = []
                for job in again { ask(job) }
                fill()
            }
            if account.stopped != nil { waiting = [] }
            account.end(
                Self.root, began: 0, took: now,
                billedMilliseconds: card.billedMilliseconds(duration: .microseconds(now)),
                listed: listed, used: .init())
            return true
        }

        /// The root has listed a page for each 50 ms until it was told to stop.
        private var stoppedAt: Int64 = .max
        private var listed: BudgetAccount.StoreUse {
            .init(requests: Money(picodollars: min(now, stoppedAt) / 50_000 * 5_000_000))
        }

        private mutating func fill() {
            while running.count + waiting.count < workers, account.stopped == nil,
                let job = jobs.popLast()
            {
                ask(job)
            }
        }

        private mutating func ask(_ job: Job) {
            switch account.begin(job.request, now: now) {
            case .admitted:
                running.append(Running(job: job, began: now, end: now + job.microseconds))
            case .mustWait: waiting.append(job)
            case .refused: break
            }
        }

        private mutating func look(until next: Int64) {
            // What those in flight have asked for until now grows with their time.
            var seen = used
            for one in running {
                let share = Double(now - one.began) / Double(one.job.microseconds)
                seen =
                    seen
                    + .init(
                        requests: Money(
                            picodollars: Int64(
                                Double(one.job.used.requests.picodollars) * share)),
                        bytes: Int64(Double(one.job.used.bytes) * share))
            }
            let watch = account.look(
                listed: listed, used: seen, waiting: waiting.map(\.request), isStuck: false,
                now: now)
            if watch != .goOn { stoppedAt = min(stoppedAt, now) }
            if watch == .cut, !isCut {
                isCut = true
                // Within what is left of the reserve after the longest time between two looks.
                for index in running.indices {
                    let end = now + Int64.random(in: 0...(Self.ending - 200_000), using: &random)
                    if end < running[index].end {
                        running[index].end = end
                        running[index].isCut = true
                    }
                }
            }
        }

        private mutating func end() {
            let index = running.firstIndex { $0.end == now }!
            let one = running.remove(at: index)
            let took = one.end - one.began
            if one.isCut { cut += 1 } else { completed += 1 }
            used = used + one.job.used
            account.end(
                one.job.request, began: one.began, took: took,
                billedMilliseconds: card.billedMilliseconds(duration: .microseconds(took)),
                listed: .init(), used: one.job.used)
        }
    }

    /// The guarantee: whatever the durations, the bill is within every limit.
    @Test(arguments: 0..<400 as Range<UInt64>)
    func theBillStaysWithinTheBudget(_ seed: UInt64) {
        var share = SeededRandom(seed: seed &+ 77)
        var simulation = Simulation(
            seed: seed, amountShare: Double.random(in: 0.01...1.6, using: &share))
        guard simulation.run() else { return }
        let account = simulation.account
        for limit in account.budget.limits {
            let spent = account.budget.spent(of: limit, with: account.done)
            #expect(spent <= limit.amount, "\(limit.scope), seed \(seed)")
        }
        // Either all of it was done, or it says why not.
        #expect(simulation.jobs.isEmpty || account.stopped != nil, "seed \(seed)")
        #expect(simulation.cut == 0 || simulation.isCut)
    }

    @Test(arguments: 1000..<1040 as Range<UInt64>)
    func whatCanBePaidIsDone(_ seed: UInt64) {
        var simulation = Simulation(seed: seed, amountShare: nil)
        let count = simulation.jobs.count
        let hasBegun = simulation.run()
        #expect(hasBegun)
        #expect(simulation.completed == count)
        #expect(simulation.account.stopped == nil)
        #expect(!simulation.isCut)
    }

    private func account(_ amount: Int64) -> Asked {
        let card = RateCard(
            name: "second", roundingMilliseconds: 1, billsInit: false, picodollarsPerRequest: 0,
            freeRequestsPerMonth: 0, freeGBSecondsPerMonth: 0,
            tiers: [.init(upToGBSeconds: nil, picodollarsPerGBSecond: 1_000_000)])
        return Asked(
            BudgetAccount(
                Budget(card: card, limits: [.init(.run, amount: Money(picodollars: amount))]),
                ending: 500_000))
    }

    /// An account that an expectation may ask.
    private final class Asked {
        private var account: BudgetAccount

        init(_ account: BudgetAccount) { self.account = account }

        func begin(_ request: BudgetAccount.Request, now: Int64) -> BudgetAccount.Verdict {
            account.begin(request, now: now)
        }

        func end(_ request: BudgetAccount.Request, began: Int64, took: Int64) {
            account.end(
                request, began: began, took: took, billedMilliseconds: took / 1000,
                listed: .init(), used: .init())
        }

        func look(_ now: Int64, waiting: [BudgetAccount.Request] = []) -> BudgetAccount.Watch {
            account.look(listed: nil, used: nil, waiting: waiting, isStuck: false, now: now)
        }
    }

    private let inner = BudgetAccount.Request(memoryMB: 1024, expected: .init(), isInner: true)
    private let root = BudgetAccount.Request(memoryMB: 1024, expected: .init(), isInner: false)

    /// A gigabyte-second costs a million; each may need 700 ms in all.
    @Test func getsNarrowerBeforeItStops() {
        let account = account(2_500_000)
        #expect(account.begin(root, now: 0) == .admitted)
        #expect(account.begin(inner, now: 0) == .admitted)
        #expect(account.begin(inner, now: 0) == .admitted)
        #expect(account.begin(inner, now: 0) == .mustWait)
        #expect(account.look(10_000, waiting: [inner]) == .goOn)
        account.end(inner, began: 0, took: 10_000)
        #expect(account.begin(inner, now: 10_000) == .admitted)
    }

    @Test func stopsWhenNothingWillEnd() {
        let account = account(1_200_000)
        #expect(account.begin(root, now: 0) == .admitted)
        #expect(account.begin(inner, now: 0) == .mustWait)
        #expect(account.look(1000, waiting: [inner]) == .stop)
        guard case .refused(let limit) = account.begin(inner, now: 1000) else {
            Issue.record("it was let in")
            return
        }
        #expect(limit.scope == .run)
    }

    /// What it could not have let in any more may still end.
    @Test func cutsOnlyWhenItMust() {
        let account = account(1_500_000)
        #expect(account.begin(root, now: 0) == .admitted)
        #expect(account.begin(inner, now: 0) == .admitted)
        #expect(account.look(20_000) == .goOn)
        #expect(account.begin(inner, now: 100_000) == .mustWait)
        #expect(account.look(200_000) == .goOn)
        #expect(account.look(260_000) == .cut)
    }

    /// A listing alone spends as well.
    @Test func stopsWhatListsBeforeItCuts() {
        let account = account(1_500_000)
        #expect(account.begin(root, now: 0) == .admitted)
        #expect(account.look(700_000) == .goOn)
        #expect(account.look(900_000) == .stop)
        #expect(account.look(1_100_000) == .cut)
    }
}
