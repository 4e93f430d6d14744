import Functions
import Replication
import Runtime
import S3
import Testing

@testable import brigade

struct BudgetReportTests {
    private static let november = CalendarDay.number(year: 2026, month: 11, day: 1)

    private static func money(_ text: String) -> Money { Money(decimal: text)! }

    private static func report(
        _ scope: Budget.Scope, spent: String = "0.93", cut: Bool = false, reached: Bool = true
    ) -> BudgetReport {
        BudgetReport(
            lines: [.init(scope: scope, amount: money("1"), spent: money(spent))],
            reached: reached ? scope : nil, isCut: cut)
    }

    private func result(remaining: Int, isListed: Bool) -> ReconcileResult {
        var result = ReconcileResult()
        result.remaining = remaining
        result.isListed = isListed
        return result
    }

    @Test(
        arguments: [
            (1480, false, "1,480 objects remain, and what was not listed yet."),
            (1, true, "1 object remains."), (0, false, "What was not listed yet remains."),
            (0, true, "Nothing that was found remains."),
        ] as [(Int, Bool, String)])
    func saysWhatRemains(_ remaining: Int, _ isListed: Bool, _ words: String) {
        #expect(
            BudgetWords.remaining(result(remaining: remaining, isListed: isListed)) == words)
    }

    @Test func namesTheBudgetWhatWasSpentAndTheWayOut() throws {
        let run = try #require(
            Self.report(.run).failure(result(remaining: 3, isListed: true)))
        #expect(run.status == .guardStopped)
        #expect(
            run.message
                == "stopped before the budget of $1.00 for one run was exceeded: $0.930000 is spent"
        )
        #expect(run.advice[0].hasPrefix("3 objects remain. Raise it with --budget"))
        let month = try #require(
            Self.report(.month(Self.november), cut: true).failure(
                result(remaining: 3, isListed: false)))
        #expect(month.message.contains("$1.00 for 2026-11"))
        #expect(month.advice[0].hasPrefix("What was under way was cancelled. 3 objects remain"))
        #expect(month.advice[0].contains("billing.budget.month"))
        #expect(month.advice[0].contains("wait for 2026-12-01 (UTC)"))
        #expect(
            Self.report(.run, reached: false).failure(result(remaining: 0, isListed: true)) == nil)
    }

    @Test func aRunThatTheBudgetStoppedEndsAsAGuardDoes() {
        var report = Sample.report {
            $0.copied = 2
            $0.remaining = 7
            $0.ending = .overBudget(message: "words")
        }
        report.budget = Self.report(.run)
        #expect(report.status == .guardStopped)
        #expect(report.text.contains("Budget $0.930000 of $1.00 for one run"))
        let json = report.json(failureList: nil).text
        #expect(json.contains(#""status": "budgetReached""#))
        #expect(
            json.contains(
                #""limits": [{"scope": "run", "amount": 1, "spent": 0.93, "left": 0.07}]"#))
        #expect(json.contains(#""reached": "run", "remaining": 7"#))
        #expect(json.contains("stopped before the budget of $1.00 for one run was exceeded"))
    }

    @Test func aPlanBeyondTheBudgetIsSaid() {
        var report = Sample.report { $0.copied = 2 }
        report.isDryRun = true
        report.budget = Self.report(.run, reached: false)
        #expect(report.status == .done)
        report.budget?.plannedOver = .init(
            scope: .run, amount: Self.money("1"), spent: Self.money("2.5"))
        #expect(report.status == .guardStopped)
        #expect(
            report.budget?.plannedFailure?.message
                == "the run would cost about $2.500000, more than the budget of $1.00 for one run")
        #expect(report.json(failureList: nil).text.contains(#""plannedOver": {"scope": "run""#))
    }

    @Test func refusesWhatHasNoRoom() {
        func words(_ amount: String, _ spent: String) -> String {
            BudgetWords.refusal(
                .init(
                    .month(Self.november), amount: Self.money(amount), spent: Self.money(spent))
            )
            .message
        }
        #expect(
            words("5", "5.01")
                == "the budget of $5.00 for 2026-11 is spent: $5.010000 until now: nothing was begun"
        )
        #expect(words("5", "4.999").contains("leaves $0.001, less than the least"))
        #expect(words("5", "0").contains("is less than the least that a run takes"))
    }

    @Test func theBillShowsWhatIsLeft() {
        var document = BillDocument(
            title: "Month 2026-11", bill: Bill([], card: .notes) { _ in true }, compared: nil,
            grouping: nil)
        #expect(!document.table.contains("Budget"))
        document.budget = .init(
            scope: .month(Self.november), amount: Self.money("5"), spent: Self.money("3.25"))
        #expect(
            document.table.hasSuffix(
                "\n  Budget for 2026-11: $3.250000 of $5.00 spent, $1.750000 left"))
        #expect(
            document.json.text.contains(
                #""budget": {"scope": "month 2026-11", "amount": 5, "spent": 3.25, "left": 1.75}"#))
    }

    @Test func estimatesWhatAnObjectAsksFor() {
        let card = RateCard.notes
        #expect(RequestEstimate(source: .free, destination: .free, card: card) == nil)
        let estimate = RequestEstimate(source: .s3Standard, destination: .free, card: card)!
        let big = ListedObject(
            key: "k", size: 160 << 20, eTag: ETag("0123456789abcdef0123456789abcdef-20"),
            lastModified: 0)
        func asked(_ object: ListedObject?, dryRun: Bool = false) -> Int64 {
            estimate.replicate(
                ReplicateEvent(
                    rule: "r", key: "k",
                    evidence: Evidence(source: object, destination: nil, seenAt: 0),
                    dryRun: dryRun)
            ).storeRequests.picodollars
        }
        #expect(asked(big, dryRun: true) == 8 * 400_000)
        #expect(asked(nil) == 8 * 400_000 + 2 * 400_000)
        #expect(asked(big) == 8 * 400_000 + 20 * 2 * 400_000)
    }
}
