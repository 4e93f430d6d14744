import GRDB
import Lambda

/// What a batch adds to the ledger's sums: collected first, then merged row by row.
struct LedgerSums {
    struct Key: Hashable {
        var run: Int64
        var function: Int64
        var day: Int64
    }

    struct Sum {
        var invocations: Int64 = 0
        var errors: Int64 = 0
        var cold: Int64 = 0
        var durationNanoseconds: Int64 = 0
        var billed = BilledSteps()
        var buckets = [Int](repeating: 0, count: InvocationTally.bucketCount)
    }

    private struct UsageKey: Hashable {
        var key: Key
        var account: Int64
    }

    private var sums: [Key: Sum] = [:]
    private var usage: [UsageKey: InvocationUsage.Line] = [:]

    mutating func add(_ entry: LedgerEntry, _ key: Key) {
        Self.add(entry, to: &sums[key, default: Sum()])
    }

    private static func add(_ entry: LedgerEntry, to sum: inout Sum) {
        sum.invocations += 1
        if entry.status != .success { sum.errors += 1 }
        if entry.isColdStart { sum.cold += 1 }
        sum.durationNanoseconds += entry.durationNanoseconds
        sum.billed.add(
            durationNanoseconds: entry.durationNanoseconds, initNanoseconds: entry.initNanoseconds)
        sum.buckets[InvocationTally.bucket(ofNanoseconds: entry.durationNanoseconds)] += 1
    }

    mutating func add(_ line: InvocationUsage.Line, account: Int64, _ key: Key) {
        usage[UsageKey(key: key, account: account)].add(line)
    }

    func write(in database: Database) throws {
        for (key, sum) in sums { try Self.write(sum, key, in: database) }
        for (key, line) in usage {
            try database.execute(
                sql: """
                    INSERT INTO ledger_usage (day, run_id, function_id, account_id, requests, bytes_in, bytes_out)
                    VALUES (?, ?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET requests = requests + excluded.requests,
                        bytes_in = bytes_in + excluded.bytes_in, bytes_out = bytes_out + excluded.bytes_out
                    """,
                arguments: [
                    key.key.day, key.key.run, key.key.function, key.account, line.requests,
                    line.bytesIn, line.bytesOut,
                ])
        }
    }

    private static func write(_ sum: Sum, _ key: Key, in database: Database) throws {
        let earlier = try String.fetchOne(
            database,
            sql: "SELECT buckets FROM ledger_sums WHERE day = ? AND run_id = ? AND function_id = ?",
            arguments: [key.day, key.run, key.function])
        var buckets = sum.buckets
        for (index, count) in InvocationTally.buckets(from: earlier ?? "").enumerated() {
            buckets[index] += count
        }
        try database.execute(
            sql: """
                INSERT INTO ledger_sums (day, run_id, function_id, invocations, errors, cold, duration_ns,
                    plain_1ms, plain_100ms, init_1ms, init_100ms, buckets)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET invocations = invocations + excluded.invocations,
                    errors = errors + excluded.errors, cold = cold + excluded.cold,
                    duration_ns = duration_ns + excluded.duration_ns,
                    plain_1ms = plain_1ms + excluded.plain_1ms,
                    plain_100ms = plain_100ms + excluded.plain_100ms,
                    init_1ms = init_1ms + excluded.init_1ms,
                    init_100ms = init_100ms + excluded.init_100ms, buckets = excluded.buckets
                """,
            arguments: [
                key.day, key.run, key.function, sum.invocations, sum.errors, sum.cold,
                sum.durationNanoseconds, sum.billed.plain1, sum.billed.plain100, sum.billed.init1,
                sum.billed.init100, InvocationTally.text(of: buckets),
            ])
    }
}

extension InvocationUsage.Line? {
    fileprivate mutating func add(_ line: InvocationUsage.Line) {
        if self == nil { self = line } else { self!.add(line) }
    }
}

/// Billed milliseconds in the steps that the known rate cards use, with the init phase and without.
struct BilledSteps: Sendable, Equatable {
    var plain1: Int64 = 0
    var plain100: Int64 = 0
    var init1: Int64 = 0
    var init100: Int64 = 0

    mutating func add(durationNanoseconds duration: Int64, initNanoseconds: Int64) {
        plain1 += RateCard.billedMilliseconds(nanoseconds: duration, step: 1)
        plain100 += RateCard.billedMilliseconds(nanoseconds: duration, step: 100)
        init1 += RateCard.billedMilliseconds(nanoseconds: duration + initNanoseconds, step: 1)
        init100 += RateCard.billedMilliseconds(nanoseconds: duration + initNanoseconds, step: 100)
    }
}
