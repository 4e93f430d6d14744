import Functions
import Lambda
import Runtime

/// One run's budget: refuses it, keeps it within, and tells what became of it.
struct RunBudget: Sendable {
    let meter: BudgetMeter
    /// Nil: neither side charges.
    let estimate: RequestEstimate?
    /// With the limit that a dry run only plans for.
    private let planned: Budget
    private let read: @Sendable () async throws -> Budget

    /// Nil when no budget is set.
    ///
    /// - Parameters:
    ///   - isDryRun: then the limit of a run is that of the run to come.
    ///   - memoryMB: of the run's first function, and of those that it invokes.
    /// - Throws: ``CommandFailure``: `guardStopped` when there is no room for the run.
    static func begin(
        _ amounts: BudgetAmounts, run: String, isDryRun: Bool = false,
        memoryMB: (first: Int, inner: Int), _ compose: Compose, _ sides: [Preflight.Side],
        partSizeBytes: Int64? = nil, _ database: StateDatabase
    ) async throws(CommandFailure) -> RunBudget? {
        guard !amounts.isEmpty else { return nil }
        let start = LedgerWriter.now()
        let (card, book) = (compose.card, compose.book)
        let read: @Sendable (BudgetAmounts) async throws -> Budget = { amounts in
            try await Budget.read(
                amounts, run: run, rule: TransferRun.ruleName, startMicroseconds: start,
                card: card, prices: { book.configuredPrices($0) ?? .free }, from: database)
        }
        var enforced = amounts
        if isDryRun { enforced.run = nil }
        let planned: Budget
        do {
            planned = try await read(amounts)
        } catch {
            throw RunLedger.failure(error, database.path)
        }
        var budget = planned
        if isDryRun { budget.limits.removeAll { $0.scope == .run } }
        let prices = compose.prices(sides)
        let meter = BudgetMeter(budget, prices: prices)
        if let limit = budget.limits.first(where: \.isSpent)
            ?? meter.limit(refusing: memoryMB.first, with: memoryMB.inner)
        {
            throw BudgetWords.refusal(limit)
        }
        let names = sides.map { $0.place.client.connection.name }
        return RunBudget(
            meter: meter,
            estimate: RequestEstimate(
                source: prices[names[0]] ?? .free, destination: prices[names[1]] ?? .free,
                card: card, partSizeBytes: partSizeBytes),
            planned: planned, read: { [enforced] in try await read(enforced) })
    }

    /// Runs `body` within the budget.
    ///
    /// - Parameter live: what all invocations have used at stores up to now.
    static func during<Value: Sendable>(
        _ budget: RunBudget?, live: @escaping @Sendable () -> [InvocationUsage.Line],
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        guard let budget else { return try await body() }
        do {
            return try await budget.meter.during(live: live, others: budget.read, body)
        } catch let error as FunctionError {
            // Its first function did not begin.
            guard error.kind == .overBudget, let limit = budget.meter.reached else { throw error }
            throw BudgetWords.refusal(limit)
        }
    }

    /// An end that the budget made.
    func ending(_ ending: ReconcileResult.Ending) -> ReconcileResult.Ending {
        guard ending == .cancelled, meter.isCut, !Task.isCancelled, let limit = meter.reached else {
            return ending
        }
        return .overBudget(message: "\(limit.scope)")
    }

    /// - Parameter planning: the work that a dry run has found to come.
    func report(_ statement: Statement, planning: Budget.Work? = nil) -> BudgetReport {
        let (budget, work) = meter.soFar
        var report = BudgetReport(reached: meter.reached?.scope, isCut: meter.isCut)
        report.lines = budget.limits.map { limit in
            BudgetReport.Line(
                scope: limit.scope, amount: limit.amount,
                spent: limit.scope == .run
                    ? statement.total : budget.spent(of: limit, with: work))
        }
        if let planning {
            let all = work + planning
            report.plannedOver =
                planned.limits.compactMap { limit in
                    // The run to come has not spent what the dry run has.
                    let work = limit.scope == .run ? planning : all
                    let spent = planned.spent(of: limit, with: work)
                    return spent > limit.amount
                        ? BudgetReport.Line(scope: limit.scope, amount: limit.amount, spent: spent)
                        : nil
                }.first
        }
        return report
    }

    /// What the month had used before the run, for the price of what is to come.
    var earlier: MonthToDate { planned.limits.first?.earlier ?? MonthToDate() }
}
