import GRDB
import Lambda

/// Reads the ledger's sums, in the order in which a month's free allowances are used up.
public struct LedgerReader: Sendable {
    private let card: RateCard
    private let prices: @Sendable (String) -> StorePrices

    /// - Parameter prices: of a connection of which the ledger does not say it.
    public init(
        card: RateCard, prices: @escaping @Sendable (String) -> StorePrices = { _ in .free }
    ) {
        self.card = card
        self.prices = prices
    }

    /// All pieces of the days given, by day, then by ``LedgerPiece/moment``.
    public func pieces(days: ClosedRange<Int64>, in database: Database) throws -> [LedgerPiece] {
        let runs = try Self.runs(days, in: database)
        let functions = try Self.functions(in: database)
        let usage = try self.usage(days, in: database)
        let billed = try self.billed(days, in: database)
        var found: [(key: LedgerSums.Key, piece: LedgerPiece)] = []
        var seen: Set<LedgerSums.Key> = []
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT run_id, function_id, day, invocations, errors, cold, duration_ns,
                    plain_1ms, plain_100ms, init_1ms, init_100ms, buckets
                FROM ledger_sums WHERE day BETWEEN ? AND ?
                """, arguments: [days.lowerBound, days.upperBound])
        while let row = try rows.next() {
            let key = LedgerSums.Key(run: row[0], function: row[1], day: row[2])
            guard let function = functions[key.function] else { continue }
            var tally = InvocationTally(function: function.name, memoryMB: function.memoryMB)
            tally.invocations = row[3]
            tally.errors = row[4]
            tally.durationNanoseconds = row[6]
            switch (card.roundingMilliseconds, card.billsInit) {
            case (1, false): tally.billedMilliseconds = row[7]
            case (100, false): tally.billedMilliseconds = row[8]
            case (1, true): tally.billedMilliseconds = row[9]
            case (100, true): tally.billedMilliseconds = row[10]
            default: tally.billedMilliseconds = billed[key] ?? 0
            }
            tally.buckets = InvocationTally.buckets(from: row[11])
            seen.insert(key)
            found.append(
                (
                    key,
                    LedgerPiece(
                        run: runs[key.run], day: key.day, version: function.version,
                        alias: function.alias, rule: function.rule, cold: row[5], tally: tally,
                        usage: usage[key] ?? [])
                ))
        }
        for (key, lines) in usage where !seen.contains(key) {
            found.append(
                (
                    key,
                    LedgerPiece(
                        run: runs[key.run], day: key.day, version: "", alias: "", rule: "",
                        cold: 0, tally: InvocationTally(function: "", memoryMB: 0), usage: lines)
                ))
        }
        return found.sorted { Self.order($0) < Self.order($1) }.map(\.piece)
    }

    private struct Order: Comparable {
        var day: Int64
        var moment: Int64
        var key: LedgerSums.Key

        static func < (a: Order, b: Order) -> Bool {
            (a.day, a.moment, a.key.run, a.key.function)
                < (b.day, b.moment, b.key.run, b.key.function)
        }
    }

    private static func order(_ found: (key: LedgerSums.Key, piece: LedgerPiece)) -> Order {
        Order(day: found.key.day, moment: found.piece.moment, key: found.key)
    }

    private struct Function {
        var name: String
        var version: String
        var alias: String
        var rule: String
        var memoryMB: Int
    }

    private static func functions(in database: Database) throws -> [Int64: Function] {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT id, function, version, alias, rule, memory_mb FROM ledger_functions")
        return Dictionary(
            uniqueKeysWithValues: rows.map {
                (
                    $0[0],
                    Function(
                        name: $0[1], version: $0[2], alias: $0[3], rule: $0[4], memoryMB: $0[5])
                )
            })
    }

    private func usage(
        _ days: ClosedRange<Int64>, in database: Database
    ) throws -> [LedgerSums.Key: [LedgerPiece.Usage]] {
        var result: [LedgerSums.Key: [LedgerPiece.Usage]] = [:]
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT run_id, function_id, day, connection, class, prices, requests, bytes_in, bytes_out
                FROM ledger_usage JOIN ledger_accounts ON ledger_accounts.id = account_id
                WHERE day BETWEEN ? AND ? ORDER BY day, run_id, function_id, account_id
                """, arguments: [days.lowerBound, days.upperBound])
        while let row = try rows.next() {
            let connection: String = row[3]
            let named: String = row[5]
            result[LedgerSums.Key(run: row[0], function: row[1], day: row[2]), default: []]
                .append(
                    LedgerPiece.Usage(
                        line: InvocationUsage.Line(
                            connection: connection, requestClass: row[4], requests: row[6],
                            bytesIn: row[7], bytesOut: row[8]),
                        prices: StorePrices(rawValue: named) ?? prices(connection)))
        }
        return result
    }

    /// Counted from the rows, for a card whose steps have no sums: reads every invocation.
    private func billed(
        _ days: ClosedRange<Int64>, in database: Database
    ) throws -> [LedgerSums.Key: Int64] {
        guard card.roundingMilliseconds != 1, card.roundingMilliseconds != 100 else { return [:] }
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT run_id, function_id, start_us / 86400000000 AS day,
                    sum(max(1, (duration_ns + :init * init_ns + :unit - 1) / :unit)) * :step
                FROM ledger_invocations
                WHERE start_us BETWEEN :first AND :last GROUP BY 1, 2, 3
                """,
            arguments: [
                "init": card.billsInit ? 1 : 0, "unit": card.roundingMilliseconds * 1_000_000,
                "step": card.roundingMilliseconds, "first": days.lowerBound * 86_400_000_000,
                "last": (days.upperBound + 1) * 86_400_000_000 - 1,
            ])
        return Dictionary(
            uniqueKeysWithValues: rows.map {
                (LedgerSums.Key(run: $0[0], function: $0[1], day: $0[2]), $0[3])
            })
    }

    private static func runs(
        _ days: ClosedRange<Int64>, in database: Database
    ) throws -> [Int64: LedgerRun] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT id, run, command, label, start_us, end_us FROM ledger_runs
                WHERE id IN (
                    SELECT run_id FROM ledger_sums WHERE day BETWEEN ? AND ?
                    UNION SELECT run_id FROM ledger_usage WHERE day BETWEEN ? AND ?)
                """,
            arguments: [
                days.lowerBound, days.upperBound, days.lowerBound, days.upperBound,
            ])
        return Dictionary(uniqueKeysWithValues: rows.map { ($0[0], run($0)) })
    }

    private static func run(_ row: Row) -> LedgerRun {
        LedgerRun(
            id: row[0], run: row[1], command: row[2], label: row[3], startMicroseconds: row[4],
            endMicroseconds: row[5])
    }

    /// The last runs, the newest first.
    public static func lastRuns(_ limit: Int, in database: Database) throws -> [LedgerRun] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT id, run, command, label, start_us, end_us FROM ledger_runs
                ORDER BY start_us DESC, id DESC LIMIT ?
                """, arguments: [limit]
        ).map(run)
    }

    /// Runs whose id begins so, two at most: one is the answer, two are a question.
    public static func runs(beginning text: String, in database: Database) throws -> [LedgerRun] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT id, run, command, label, start_us, end_us FROM ledger_runs
                WHERE substr(run, 1, length(?1)) = ?1 ORDER BY run = ?1 DESC, id LIMIT 2
                """, arguments: [text]
        ).map(run)
    }

    /// The days of which there are sums of a run (nil: of anything), or nil when there are none.
    public static func days(of run: LedgerRun?, in database: Database) throws -> ClosedRange<Int64>?
    {
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT min(day), max(day) FROM (
                    SELECT day FROM ledger_sums WHERE ?1 IS NULL OR run_id = ?1
                    UNION SELECT day FROM ledger_usage WHERE ?1 IS NULL OR run_id = ?1)
                """, arguments: [run?.id])
        guard let row, let first: Int64 = row[0], let last: Int64 = row[1] else { return nil }
        return first...last
    }
}
