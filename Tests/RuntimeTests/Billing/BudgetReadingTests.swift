import Glibc
import Lambda
import Logging
import Testing
import Transport

@testable import Runtime

struct BudgetReadingTests {
    private static let november = CalendarDay.number(year: 2026, month: 11, day: 1)
    private static let day: Int64 = 86_400_000_000

    private static let card = RateCard(
        name: "ten", roundingMilliseconds: 1, billsInit: false, picodollarsPerRequest: 1_000_000,
        freeRequestsPerMonth: 3, freeGBSecondsPerMonth: 0,
        tiers: [.init(upToGBSeconds: nil, picodollarsPerGBSecond: 0)])

    private static func entry(_ run: String, _ start: Int64, rule: String? = nil) -> LedgerEntry {
        LedgerEntry(
            requestID: RequestID.make(UInt64(start), 7), run: run, functionName: "f", rule: rule,
            startMicroseconds: start, durationNanoseconds: 1_000_000, memoryMB: 128,
            status: .success)
    }

    @Test func countsWhatOthersHaveSpentAndTheFreeOnesThatTheyHaveUsed() async throws {
        let stage = try Stage()
        let database = stage.database
        let start = Self.november * Self.day
        let (first, second, own) = (
            TraceID.makeRoot(), TraceID.makeRoot(), TraceID.makeRoot()
        )
        try await database.write { database in
            for (index, run) in [first, second, own].enumerated() {
                try Ledger.beginRun(
                    run, command: "copy", label: "",
                    startMicroseconds: start + Int64(index) * Self.day, in: database)
            }
            var entries: [LedgerEntry] = []
            // Two on the first day, four on the second, of a rule; five of the run itself; one of the runtime, on its day.
            for number in 0..<2 { entries.append(Self.entry(first, start + Int64(number))) }
            for number in 0..<4 {
                entries.append(Self.entry(second, start + Self.day + Int64(number), rule: "photos"))
            }
            for number in 0..<5 {
                entries.append(Self.entry(own, start + 2 * Self.day + Int64(number)))
            }
            entries.append(Self.entry(TraceID.makeRoot(), start + 2 * Self.day + 9))
            entries.append(Self.entry(TraceID.makeRoot(), start - 1))
            try Ledger.append(entries, in: database)
        }
        let amount = Money(picodollars: 10_000_000)
        let budget = try await Budget.read(
            BudgetAmounts(run: amount, month: amount, rules: ["photos": amount]), run: own,
            rule: "photos", startMicroseconds: start + 2 * Self.day, card: Self.card,
            prices: { _ in .free }, from: database)
        #expect(budget.limits.map(\.scope) == [.run, .rule("photos"), .month(Self.november)])
        // Three of the six before it were free; the runtime's comes after it in its day, and counts in the month.
        #expect(budget.limits.map(\.spent.picodollars) == [0, 3_000_000, 4_000_000])
        #expect(budget.limits.map(\.earlier.requests) == [6, 6, 7])
        let work = Budget.Work(invocations: 6)
        #expect(
            budget.limits.map { budget.spent(of: $0, with: work).picodollars } == [
                6_000_000, 9_000_000, 10_000_000,
            ])
        let none = try await Budget.read(
            BudgetAmounts(), run: own, rule: nil, startMicroseconds: start, card: Self.card,
            prices: { _ in .free }, from: database)
        #expect(none.limits.isEmpty)
    }

    private func budget(_ stage: Stage, _ picodollars: Int64, clock: Locked<Int64>) async throws
        -> RuntimeBudget
    {
        try await RuntimeBudget(
            month: Money(picodollars: picodollars), card: Self.card, prices: { _ in .free },
            database: stage.database,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: { clock.withLock { $0 } })
    }

    @Test func theRuntimeReservesWhatRunsAndBeginsAnewWithTheMonth() async throws {
        let stage = try Stage()
        let start = Self.november * Self.day
        let clock = Locked(start)
        try await stage.database.write {
            try Ledger.append(
                (0..<4).map { Self.entry(TraceID.makeRoot(), start + Int64($0)) }, in: $0)
        }
        // Three are free and one is paid: two more have room.
        let budget = try await budget(stage, 3_000_000, clock: clock)
        let one = try budget.begin(memoryMB: 128, timeoutSeconds: 3)
        _ = try budget.begin(memoryMB: 128, timeoutSeconds: 3)
        let error = #expect(throws: LambdaServiceError.self) {
            try budget.begin(memoryMB: 128, timeoutSeconds: 3)
        }
        #expect(error?.kind == .tooManyRequests)
        #expect(error?.reason == .budget)
        #expect(error?.message.contains("$0.000003 for 2026-11") == true)
        budget.giveBack(one)
        let again = try budget.begin(memoryMB: 128, timeoutSeconds: 3)
        budget.end(again, Self.entry(TraceID.makeRoot(), start + 20))
        #expect(throws: LambdaServiceError.self) {
            try budget.begin(memoryMB: 128, timeoutSeconds: 3)
        }
        clock.withLock { $0 += 31 * Self.day }
        _ = try budget.begin(memoryMB: 128, timeoutSeconds: 3)
    }

    /// A spent budget refuses who waits, and holds events until there is room: however long, and unspent.
    @Test func eventsWaitForTheBudget() async throws {
        let clock = Locked(Self.november * Self.day)
        let stage = try Stage()
        stage.assemble(budget: try await budget(stage, 0, clock: clock))
        let ran = Locked(0)
        stage.add("f") { _ in
            ran.withLock { $0 += 1 }
            return Stage.success()
        }
        // Free of charge so far.
        for _ in 0..<3 {
            _ = try await stage.invoker.invoke(
                InvocationRequest(functionName: "f", payload: []))
        }
        let refused = await #expect(throws: LambdaServiceError.self) {
            try await stage.invoker.invoke(InvocationRequest(functionName: "f", payload: []))
        }
        #expect(refused?.reason == .budget)
        _ = try await stage.invoker.invoke(
            InvocationRequest(functionName: "f", type: .event, payload: []))
        let draining = Task { await stage.queue.drain() }
        while stage.queue.isHeld == false { await Task.yield() }
        #expect(ran.withLock { $0 } == 3)
        let waiting = try await stage.database.read {
            try QueuedEvent.due($0, at: .max, limit: 9, claimed: [])
        }
        #expect(waiting.map(\.throttles) == [0])
        #expect(waiting.map(\.attempts) == [0])
        clock.withLock { $0 += 31 * Self.day }
        while ran.withLock({ $0 }) < 4 { await Task.yield() }
        stage.queue.stop()
        await draining.value
    }
}
