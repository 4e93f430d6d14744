import GRDB
import GRDBSQLite
import Lambda

/// One prepared statement, bound without the detour by way of boxed values: a run of a million small objects writes a
/// million rows beside its work.
final class LedgerRowWriter {
    private let statement: GRDB.Statement
    private var usage: [UInt8] = []

    private static let sql = """
        INSERT INTO ledger_invocations (run_id, function_id, request, start_us, duration_ns, init_ns, status,
            attempt, usage, parent, cold, max_memory_mb, error_type, trace)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """

    init(_ database: Database) throws {
        statement = try database.cachedStatement(sql: Self.sql)
    }

    func beginUsage() { usage.removeAll(keepingCapacity: true) }

    func add(_ line: InvocationUsage.Line, account: Int64) {
        usage.append(usage.isEmpty ? UInt8(ascii: "[") : UInt8(ascii: ","))
        usage.append(UInt8(ascii: "["))
        append(account)
        for number in [Int64(line.requests), line.bytesIn, line.bytesOut] {
            usage.append(UInt8(ascii: ","))
            append(number)
        }
        usage.append(UInt8(ascii: "]"))
    }

    private func append(_ number: Int64) {
        if (0..<10).contains(number) {
            usage.append(UInt8(ascii: "0") + UInt8(number))
        } else {
            usage.append(contentsOf: String(number).utf8)
        }
    }

    func write(_ entry: LedgerEntry, run: Int64, function: Int64) throws {
        let row = statement.sqliteStatement
        defer {
            sqlite3_reset(row)
            sqlite3_clear_bindings(row)
        }
        sqlite3_bind_int64(row, 1, run)
        sqlite3_bind_int64(row, 2, function)
        Self.bind(row, 3, identifier: entry.requestID)
        sqlite3_bind_int64(row, 4, entry.startMicroseconds)
        sqlite3_bind_int64(row, 5, entry.durationNanoseconds)
        sqlite3_bind_int64(row, 6, entry.initNanoseconds)
        sqlite3_bind_int64(row, 7, Self.number(entry.status))
        sqlite3_bind_int64(row, 8, Int64(entry.attempt))
        if !usage.isEmpty {
            usage.append(UInt8(ascii: "]"))
            Self.bind(row, 9, text: usage)
        }
        if let parent = entry.parent { Self.bind(row, 10, identifier: parent) }
        if entry.isColdStart { sqlite3_bind_int64(row, 11, 1) }
        if let memory = entry.maxMemoryUsedMB { sqlite3_bind_int64(row, 12, Int64(memory)) }
        if let type = entry.errorType { Self.bind(row, 13, text: Array(type.utf8)) }
        if run == 0 { Self.bind(row, 14, text: Array(entry.run.utf8)) }
        let code = sqlite3_step(row)
        guard code == SQLITE_DONE else {
            throw DatabaseError(
                resultCode: ResultCode(rawValue: code),
                message: String(cString: sqlite3_errmsg(sqlite3_db_handle(row))))
        }
    }

    /// As stored; never change one.
    static func number(_ status: InvocationAnswer.Status) -> Int64 {
        switch status {
        case .success: 0
        case .error: 1
        case .failure: 2
        case .timeout: 3
        }
    }

    /// SQLite copies what it is given before it returns.
    private static var transient: sqlite3_destructor_type {
        unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    private static func bind(_ row: OpaquePointer, _ index: Int32, text: [UInt8]) {
        text.withUnsafeBytes { bytes in
            _ = sqlite3_bind_text(
                row, index, bytes.baseAddress?.assumingMemoryBound(to: CChar.self) ?? nil,
                Int32(bytes.count), transient)
        }
    }

    /// A UUID as its 16 bytes; any other text as its own bytes.
    private static func bind(_ row: OpaquePointer, _ index: Int32, identifier: String) {
        if let (high, low) = bits(of: identifier) {
            var bytes = (high.bigEndian, low.bigEndian)
            withUnsafeBytes(of: &bytes) { bytes in
                _ = sqlite3_bind_blob(row, index, bytes.baseAddress, 16, transient)
            }
        } else {
            Array(identifier.utf8).withUnsafeBytes { bytes in
                _ = sqlite3_bind_blob(
                    row, index, bytes.baseAddress, Int32(bytes.count), transient)
            }
        }
    }

    static func bits(of identifier: String) -> (UInt64, UInt64)? {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        for byte in identifier.utf8 {
            let digit: UInt64
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                digit = UInt64(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "-"): continue
            default: return nil
            }
            if digits < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
            digits += 1
        }
        return digits == 32 && identifier.utf8.count == 36 ? (high, low) : nil
    }
}
