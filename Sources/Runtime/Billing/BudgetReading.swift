import GRDB
import Lambda

/// The amounts that somebody has set.
public struct BudgetAmounts: Sendable, Equatable {
    /// For each run.
    public var run: Money?
    /// For each calendar month (UTC).
    public var month: Money?
    /// For each calendar month, of one rule's work.
    public var rules: [String: Money]

    public init(run: Money? = nil, month: Money? = nil, rules: [String: Money] = [:]) {
        self.run = run
        self.month = month
        self.rules = rules
    }

    public var isEmpty: Bool { run == nil && month == nil && rules.isEmpty }
}

extension Budget {
    /// The limits of a run at this moment: what others have spent of them, and where the run's own work stands in the month.
    ///
    /// A run belongs to the month in which it began, to its end.
    /// - Parameters:
    ///   - run: whose own work is left out; nil: nobody's.
    ///   - rule: the rule that the work is for; nil: none.
    ///   - start: the run's beginning, in Unix microseconds.
    public static func read(
        _ amounts: BudgetAmounts, run: String?, rule: String?, startMicroseconds start: Int64,
        card: RateCard, prices: @escaping @Sendable (String) -> StorePrices, in database: Database
    ) throws -> Budget {
        let today = CalendarDay.day(ofMicroseconds: start)
        let first = CalendarDay.firstOfMonth(today)
        let last = CalendarDay.firstOfNextMonth(today) - 1
        let pieces = try LedgerReader(card: card, prices: prices)
            .pieces(days: first...last, in: database)
        let others = pieces.filter { run == nil || $0.run?.run != run }
        // As the bill orders them: by day, then by beginning.
        let before = others.filter { ($0.day, $0.moment) < (today, start) }
        let earlier = MonthToDate(before)
        var limits: [Limit] = []
        if let amount = amounts.run { limits.append(Limit(.run, amount: amount, earlier: earlier)) }
        if let rule, let amount = amounts.rules[rule] {
            let spent = Bill(others, card: card) { $0.rule == rule }.total
            limits.append(Limit(.rule(rule), amount: amount, spent: spent, earlier: earlier))
        }
        if let amount = amounts.month {
            let spent = Bill(others, card: card) { _ in true }.total
            limits.append(
                Limit(
                    .month(first), amount: amount, spent: spent, earlier: MonthToDate(others)))
        }
        return Budget(card: card, limits: limits)
    }

    /// The same, of the state file as it is now.
    public static func read(
        _ amounts: BudgetAmounts, run: String?, rule: String?, startMicroseconds start: Int64,
        card: RateCard, prices: @escaping @Sendable (String) -> StorePrices,
        from database: StateDatabase
    ) async throws -> Budget {
        try await database.read {
            try read(
                amounts, run: run, rule: rule, startMicroseconds: start, card: card,
                prices: prices, in: $0)
        }
    }
}

extension MonthToDate {
    /// What these pieces of one month have used.
    init(_ pieces: [LedgerPiece]) {
        self.init()
        for piece in pieces {
            requests += Int64(piece.tally.invocations)
            megabyteMilliseconds +=
                Int128(piece.tally.memoryMB) * Int128(piece.tally.billedMilliseconds)
            for usage in piece.usage where usage.prices != .free {
                transferBytes += Int128(usage.line.bytesIn)
            }
        }
    }
}
