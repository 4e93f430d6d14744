import Lambda
import Testing
import Transport

@testable import Runtime

struct BudgetMeterTests {
    struct Question: Codable, Sendable { var number: Int }

    /// Only requests cost: a picodollar each.
    private static let requests = RateCard(
        name: "requests", roundingMilliseconds: 1, billsInit: false, picodollarsPerRequest: 1,
        freeRequestsPerMonth: 0, freeGBSecondsPerMonth: 0,
        tiers: [.init(upToGBSeconds: nil, picodollarsPerGBSecond: 0)])

    /// Only time costs: a gigabyte-second a million.
    private static let time = RateCard(
        name: "time", roundingMilliseconds: 1, billsInit: false, picodollarsPerRequest: 0,
        freeRequestsPerMonth: 0, freeGBSecondsPerMonth: 0,
        tiers: [.init(upToGBSeconds: nil, picodollarsPerGBSecond: 1_000_000)])

    private func meter(_ card: RateCard, _ amount: Int64) -> BudgetMeter {
        BudgetMeter(
            Budget(card: card, limits: [.init(.run, amount: Money(picodollars: amount))]),
            ending: .milliseconds(500))
    }

    private func invoker(_ meter: BudgetMeter) -> InProcessInvoker {
        InProcessInvoker(
            meter: RunMeter(card: meter.soFar.budget.card), budget: meter, logger: testLogger)
    }

    private func spent(_ meter: BudgetMeter) -> Int64 {
        let (budget, work) = meter.soFar
        return budget.spent(of: budget.limits[0], with: work).picodollars
    }

    @Test func refusesTheOneThatWouldExceedAndCountsTheOthers() async throws {
        let meter = meter(Self.requests, 3)
        let invoker = invoker(meter)
        invoker.register("one", memoryMB: 128, Closure { (event: Question, _) in event.number })
        for number in 0..<3 {
            let answer = try await invoker.invoke(
                "one", Question(number: number), returning: Int.self, parent: nil)
            #expect(answer == number)
        }
        #expect(!meter.isStopped)
        let error = await #expect(throws: FunctionError.self) {
            try await invoker.invoke(
                "one", Question(number: 4), returning: Int.self, parent: nil)
        }
        #expect(error?.kind == .overBudget)
        #expect(error?.message.contains("$0.000000000003 for one run") == true)
        #expect(meter.isStopped)
        #expect(meter.reached?.scope == .run)
        #expect(spent(meter) == 3)
        #expect(invoker.meter.statement(run: "r", prices: [:]).invocations == 3)
    }

    /// Inner ones wait while others are in flight, begin when these have ended, and are refused when nothing more can.
    @Test func innerOnesWaitForOthersAndThenStop() async throws {
        let meter = meter(Self.requests, 4)
        let invoker = invoker(meter)
        let gate = Gate()
        invoker.register(
            "inner", memoryMB: 128,
            Closure { (event: Question, _) in
                await gate.pass()
                return event.number
            })
        invoker.register(
            "outer", memoryMB: 128,
            Closure { (event: Question, context) in
                await withTaskGroup(of: String.self) { group in
                    for number in 0..<event.number {
                        group.addTask {
                            do {
                                _ = try await context.invoker.invoke(
                                    "inner", Question(number: number), returning: Int.self,
                                    parent: context)
                                return "done"
                            } catch let error as FunctionError {
                                return error.kind.rawValue
                            } catch {
                                return "\(error)"
                            }
                        }
                    }
                    return await group.reduce(into: [String]()) { $0.append($1) }
                }
            })
        let answer = Task {
            try await meter.during {
                try await invoker.invoke(
                    "outer", Question(number: 9), returning: [String].self, parent: nil)
            }
        }
        await gate.arrival(of: 3)
        #expect(!meter.isStopped)
        await gate.open()
        let outcomes = try await answer.value
        #expect(outcomes.filter { $0 == "done" }.count == 3)
        #expect(outcomes.filter { $0 == "overBudget" }.count == 6)
        #expect(spent(meter) == 4)
        #expect(!meter.isCut)
    }

    /// What takes longer than is left to pay for is cancelled in time.
    @Test func cutsOffWhatIsTooLong() async throws {
        let meter = meter(Self.time, 1_200_000)
        let invoker = invoker(meter)
        invoker.register(
            "long", memoryMB: 1024,
            Closure { (event: Question, _) in
                try await forever()
                return event.number
            })
        await #expect(throws: CancellationError.self) {
            try await meter.during {
                try await invoker.invoke(
                    "long", Question(number: 1), returning: Int.self, parent: nil)
            }
        }
        #expect(meter.isCut)
        #expect(spent(meter) > 0)
    }

    /// Requests of those in flight count as they are made, and listings stop the run without an invocation.
    @Test func seesRequestsAsTheyAreMade() {
        let meter = BudgetMeter(
            Budget(
                card: RateCard(
                    name: "stores", roundingMilliseconds: 1, billsInit: false,
                    picodollarsPerRequest: 0, freeRequestsPerMonth: 0, freeGBSecondsPerMonth: 0,
                    tiers: [.init(upToGBSeconds: nil, picodollarsPerGBSecond: 0)],
                    requests: RequestPrices(write: 10, read: 1)),
                limits: [.init(.run, amount: Money(picodollars: 50))]),
            prices: ["paid": .s3Standard, "own": .free])
        func line(_ connection: String, _ requestClass: String, _ requests: Int)
            -> InvocationUsage.Line
        {
            InvocationUsage.Line(
                connection: connection, requestClass: requestClass, requests: requests, bytesIn: 0,
                bytesOut: 0)
        }
        meter.record(usage: [line("paid", "LIST", 1), line("own", "LIST", 100)])
        #expect(!meter.look([line("paid", "LIST", 4), line("own", "PUT", 9)], now: 1))
        #expect(!meter.isStopped)
        #expect(meter.look([line("paid", "LIST", 4), line("paid", "GET", 1)], now: 2))
        #expect(meter.isStopped)
        #expect(meter.isCut)
    }

    @Test func saysBeforehandWhatHasNoRoom() {
        #expect(meter(Self.requests, 1).limit(refusing: 256, with: 128)?.scope == .run)
        let enough = meter(Self.requests, 2)
        #expect(enough.limit(refusing: 256, with: 128) == nil)
        // Asking takes nothing.
        #expect(enough.limit(refusing: 256, with: 128) == nil)
    }
}
