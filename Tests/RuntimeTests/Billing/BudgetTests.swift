import Lambda
import TestSupport
import Testing

@testable import Runtime

struct BudgetTests {
    @Test(
        arguments: [
            ("5", 5_000_000_000_000, "$5.00"), ("5.00", 5_000_000_000_000, "$5.00"),
            ("0", 0, "$0.00"), ("0.5", 500_000_000_000, "$0.50"),
            ("0.000165", 165_000_000, "$0.000165"), ("0.000000000001", 1, "$0.000000000001"),
            ("1000000", 1_000_000_000_000_000_000, "$1000000.00"),
        ] as [(String, Int64, String)])
    func readsAmountsExactly(_ text: String, _ picodollars: Int64, _ exact: String) {
        let money = Money(decimal: text)
        #expect(money?.picodollars == picodollars)
        #expect(money?.exact == exact)
    }

    @Test(arguments: [
        "", "-1", "+1", "abc", "5 EUR", "$5", "1e3", ".5", "5.", "1.0000000000001", "1000000.01",
        "1000001", "9999999999", "5,00", "٥", " 5", "0x5", "1.2.3",
    ])
    func takesNothingElse(_ text: String) {
        #expect(Money(decimal: text) == nil)
    }

    @Test func debtsReadAsSuch() {
        #expect(Money(picodollars: -1_500_000_000_000).exact == "-$1.50")
    }

    /// The month's free allowances and tiers count as in the bill.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func pricesAsTheBillDoes(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let card = BudgetCards.any(&random)
        let earlier = MonthToDate(
            requests: Int64.random(in: 0...3000, using: &random),
            megabyteMilliseconds: Int128(Int64.random(in: 0...9_000_000_000, using: &random)),
            transferBytes: Int128(Int64.random(in: 0...9 << 30, using: &random)))
        let tallies = (0..<3).map { number in
            var tally = InvocationTally(function: "f\(number)", memoryMB: 128 << number)
            tally.invocations = Int.random(in: 0...2000, using: &random)
            tally.billedMilliseconds = Int64.random(in: 0...5_000_000, using: &random)
            return tally
        }
        let usage = ["PUT", "GET", "DELETE"].flatMap { requestClass in
            ["paid", "own"].map {
                InvocationUsage.Line(
                    connection: $0, requestClass: requestClass,
                    requests: Int.random(in: 0...900, using: &random),
                    bytesIn: Int64.random(in: 0...4 << 30, using: &random), bytesOut: 5)
            }
        }
        let statement = Statement(
            run: "r", card: card, tallies: tallies, usage: usage, prices: ["paid": .s3Standard],
            earlier: earlier)
        let spent = Money(picodollars: 77)
        let limit = Budget.Limit(
            .run, amount: statement.total + spent, spent: spent, earlier: earlier)
        var budget = Budget(card: card, limits: [limit])
        let work = Budget.Work(statement)
        #expect(budget.spent(of: limit, with: work) == statement.total + spent)
        #expect(budget.limit(exceededBy: work) == nil)
        budget.limits[0].amount = statement.total + spent - Money(picodollars: 1)
        #expect(budget.limit(exceededBy: work)?.scope == .run)
    }

    @Test func isSpentWhenNothingIsLeft() {
        let cent = Money(picodollars: 10_000_000_000)
        #expect(Budget.Limit(.run, amount: cent, spent: cent).isSpent)
        #expect(!Budget.Limit(.run, amount: cent, spent: cent - Money(picodollars: 1)).isSpent)
        // Nothing may be spent, and nothing is: what is free of charge may run.
        #expect(!Budget.Limit(.run, amount: .zero).isSpent)
        #expect(Budget.Limit(.run, amount: .zero, spent: cent).isSpent)
    }

    @Test func saysWhoseItIs() {
        let november = CalendarDay.number(year: 2026, month: 11, day: 1)
        #expect("\(Budget.Scope.run)" == "for one run")
        #expect("\(Budget.Scope.month(november))" == "for 2026-11")
        #expect("\(Budget.Scope.rule("photos"))" == "of the rule photos for a month")
    }
}

enum BudgetCards {
    /// With steps, free allowances and tiers that rise or fall.
    static func any(_ random: inout SeededRandom) -> RateCard {
        func price() -> Int64 { Int64.random(in: 0...90_000_000, using: &random) }
        return RateCard(
            name: "any", roundingMilliseconds: [1, 7, 100].randomElement(using: &random)!,
            billsInit: false,
            picodollarsPerRequest: Int64.random(in: 0...900_000, using: &random),
            freeRequestsPerMonth: Int64.random(in: 0...2000, using: &random),
            freeGBSecondsPerMonth: Int64.random(in: 0...20, using: &random),
            tiers: [
                .init(upToGBSeconds: 10, picodollarsPerGBSecond: price()),
                .init(upToGBSeconds: 400, picodollarsPerGBSecond: price()),
                .init(upToGBSeconds: nil, picodollarsPerGBSecond: price()),
            ],
            requests: RequestPrices(write: 5_000_000, read: 400_000),
            freeTransferGBPerMonth: Int64.random(in: 0...2, using: &random),
            transfer: [
                .init(upToGB: 3, picodollarsPerGB: price() * 1000),
                .init(upToGB: nil, picodollarsPerGB: price() * 1000),
            ])
    }
}
