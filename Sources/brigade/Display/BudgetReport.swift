import Functions
import Runtime

/// What became of a run's budgets, for people and for tools.
struct BudgetReport: Sendable, Equatable {
    struct Line: Sendable, Equatable {
        var scope: Budget.Scope
        var amount: Money
        /// By everyone.
        var spent: Money

        var left: Money { max(.zero, amount - spent) }

        var json: JSONValue {
            .object([
                "scope": .string(scope.word), "amount": .number(amount.exactDecimal),
                "spent": .number(spent.exactDecimal), "left": .number(left.exactDecimal),
            ])
        }
    }

    var lines: [Line] = []
    /// The one that stopped the run.
    var reached: Budget.Scope?
    /// What was in flight had to be cancelled.
    var isCut = false
    /// The one that planned work would exceed, with what would then be spent.
    var plannedOver: Line?

    /// "Budget $0.000165 of $1.00 for one run, $3.20 of $5.00 for 2026-11"
    var texts: [String] {
        guard !lines.isEmpty else { return [] }
        return [
            "Budget "
                + lines.map { "\($0.spent) of \($0.amount.exact) \($0.scope)" }
                .joined(separator: ", ")
        ]
    }

    /// Why the run stopped; nil: the budget did not stop it.
    ///
    /// - Parameter result: how far it came.
    func failure(_ result: ReconcileResult) -> CommandFailure? {
        guard let reached, let line = lines.first(where: { $0.scope == reached }) else {
            return nil
        }
        return CommandFailure(
            .guardStopped,
            "stopped before the budget of \(line.amount.exact) \(reached) was exceeded:"
                + " \(line.spent) is spent",
            advice: [
                (isCut ? "What was under way was cancelled. " : "")
                    + BudgetWords.remaining(result) + " " + BudgetWords.wayOut(reached)
            ])
    }

    var plannedFailure: CommandFailure? {
        plannedOver.map { line in
            let what: String
            switch line.scope {
            case .run: what = "the run would cost about \(line.spent)"
            case .month: what = "the month would then have cost about \(line.spent)"
            case .rule: what = "the rule would then have cost about \(line.spent)"
            }
            return CommandFailure(
                .guardStopped,
                "\(what), more than the budget of \(line.amount.exact) \(line.scope)",
                advice: "It would stop there. " + BudgetWords.wayOut(line.scope))
        }
    }

    func json(_ result: ReconcileResult?) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init(name: "limits", value: .array(lines.map(\.json))),
            .init(name: "reached", value: .optional(reached?.word)),
        ]
        if reached != nil, let result, let failure = failure(result) {
            members.append(.init(name: "remaining", value: .int(result.remaining)))
            members.append(
                .init(name: "allFound", value: .bool(result.isListed)))
            members.append(.init(name: "message", value: .string(failure.message)))
            members.append(
                .init(name: "advice", value: .array(failure.advice.map { .string($0) })))
        }
        if let plannedOver {
            members.append(.init(name: "plannedOver", value: plannedOver.json))
        }
        return .object(members)
    }
}

/// What is said of budgets.
enum BudgetWords {
    static func wayOut(_ scope: Budget.Scope) -> String {
        switch scope {
        case .run:
            "Raise it with --budget, or billing.budget.run in brigade.yaml: the same command goes on"
                + " from there."
        case .month(let day):
            "Raise billing.budget.month in brigade.yaml, or wait for"
                + " \(CalendarDay.text(CalendarDay.firstOfNextMonth(day))) (UTC): the same command"
                + " goes on from there."
        case .rule: "Raise the rule's budget, or wait for the month's end (UTC)."
        }
    }

    static func refusal(_ limit: Budget.Limit) -> CommandFailure {
        let message: String
        let budget = "the budget of \(limit.amount.exact) \(limit.scope)"
        if limit.isSpent {
            message = "\(budget) is spent: \(limit.spent) until now"
        } else if limit.spent > .zero {
            message =
                "\(budget) leaves \((limit.amount - limit.spent).exact), less than the least that a"
                + " run takes"
        } else {
            message = "\(budget) is less than the least that a run takes"
        }
        return CommandFailure(
            .guardStopped, message + ": nothing was begun", advice: wayOut(limit.scope))
    }

    /// "1,480 objects remain, and what was not listed yet."
    static func remaining(_ result: ReconcileResult) -> String {
        guard result.remaining > 0 else {
            return result.isListed
                ? "Nothing that was found remains." : "What was not listed yet remains."
        }
        return Quantity.count(result.remaining, "object")
            + (result.remaining == 1 ? " remains" : " remain")
            + (result.isListed ? "." : ", and what was not listed yet.")
    }
}

extension Budget.Scope {
    /// For tools: "run", "2026-11", "rule photos".
    var word: String {
        switch self {
        case .run: "run"
        case .month(let day): "month \(CalendarDay.text(day).dropLast(3))"
        case .rule(let name): "rule \(name)"
        }
    }
}
