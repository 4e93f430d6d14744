import GRDB

/// Which bill is asked for: one run, or whole days.
public struct BillSelection: Sendable {
    public enum Failure: Error, Sendable {
        case noRuns
        /// With the last runs.
        case unknownRun([LedgerRun])
        case ambiguous([LedgerRun])
    }

    /// A run's id or how it begins; nil: the last run, unless days are given.
    public var run: String?
    public var days: ClosedRange<Int64>?

    public init(run: String?, days: ClosedRange<Int64>?) {
        self.run = run
        self.days = days
    }

    /// One bill for each card, of one consistent state of the ledger.
    ///
    /// - Throws: ``Failure``, or what the database throws.
    public func bills(
        _ cards: [RateCard], on database: StateDatabase,
        prices: @escaping @Sendable (String) -> StorePrices
    ) async throws -> (run: LedgerRun?, bills: [Bill]) {
        try await database.read { [self] database in
            let found = days == nil ? try findRun(in: database) : nil
            let range = try days.map { days in
                // Nothing before the first day that there is.
                let known = try LedgerReader.days(of: nil, in: database) ?? days
                return known.overlaps(days) ? days.clamped(to: known) : days
            }
            let bills = try cards.map { card in
                let reader = LedgerReader(card: card, prices: prices)
                if let found { return try Bill.of(found, reader, card: card, in: database) }
                return try Bill.of(days: range!, reader, card: card, in: database)
            }
            return (found, bills)
        }
    }

    private func findRun(in database: Database) throws -> LedgerRun {
        let last = try LedgerReader.lastRuns(5, in: database)
        guard let first = last.first else { throw Failure.noRuns }
        guard let run else { return first }
        let found = try LedgerReader.runs(beginning: run, in: database)
        guard let one = found.first else { throw Failure.unknownRun(last) }
        guard found.count == 1 || one.run == run else { throw Failure.ambiguous(found) }
        return one
    }
}
