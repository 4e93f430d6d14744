import GRDB
import Lambda

/// The ledger's tables: what was measured, never what it cost. Synchronous: to be called inside a transaction
/// (`StateDatabase.write`), the caller's own.
public enum Ledger {
    /// Begins a run, so that its invocations are its own in every sum.
    ///
    /// - Parameters:
    ///   - run: the trace root, as in ``LedgerEntry/run``; a second beginning of the same changes nothing.
    ///   - command: "copy", "sync", "verify".
    ///   - label: for people: "minio/photos → offsite/photos-copy".
    public static func beginRun(
        _ run: String, command: String, label: String, startMicroseconds: Int64,
        in database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO ledger_runs (run, command, label, start_us) VALUES (?, ?, ?, ?)
                """, arguments: [run, command, label, startMicroseconds])
    }

    public static func endRun(
        _ run: String, endMicroseconds: Int64, in database: Database
    ) throws {
        try database.execute(
            sql: "UPDATE ledger_runs SET end_us = ? WHERE run = ?",
            arguments: [endMicroseconds, run])
    }

    /// Writes one row for each entry, and adds them to the sums. About two microseconds an entry.
    ///
    /// - Parameter prices: the name of what a connection charges ("free", "s3-standard"), by connection: what is not
    ///   named is decided when the bill is made.
    public static func append(
        _ entries: [LedgerEntry], prices: [String: String] = [:], in database: Database
    ) throws {
        guard !entries.isEmpty else { return }
        var names = LedgerNames(prices: prices)
        var sums = LedgerSums()
        let rows = try LedgerRowWriter(database)
        for entry in entries {
            let run = try names.run(entry.run, in: database)
            let function = try names.function(entry, in: database)
            let key = LedgerSums.Key(
                run: run, function: function,
                day: CalendarDay.day(ofMicroseconds: entry.startMicroseconds))
            sums.add(entry, key)
            rows.beginUsage()
            for line in entry.usage {
                let account = try names.account(line, in: database)
                sums.add(line, account: account, key)
                rows.add(line, account: account)
            }
            try rows.write(entry, run: run, function: function)
        }
        try sums.write(in: database)
    }

    /// Requests that were made beside a run's invocations.
    public static func append(
        usage: [InvocationUsage.Line], run: String, atMicroseconds time: Int64,
        prices: [String: String] = [:], in database: Database
    ) throws {
        var names = LedgerNames(prices: prices)
        var sums = LedgerSums()
        let key = LedgerSums.Key(
            run: try names.run(run, in: database), function: 0,
            day: CalendarDay.day(ofMicroseconds: time))
        for line in usage {
            sums.add(line, account: try names.account(line, in: database), key)
        }
        try sums.write(in: database)
    }
}
