import GRDB
import Lambda

/// Numbers for the names that repeat in the ledger, looked up once a batch. The last one found is tried first: the
/// invocations of a run follow one another.
struct LedgerNames {
    private struct Function {
        var name: String
        var version: String
        var alias: String?
        var rule: String?
        var memoryMB: Int
        var id: Int64

        func isOf(_ entry: LedgerEntry) -> Bool {
            name == entry.functionName && memoryMB == entry.memoryMB && version == entry.version
                && alias == entry.alias && rule == entry.rule
        }
    }

    private struct Account {
        var connection: String
        var requestClass: String
        var id: Int64
    }

    private let prices: [String: String]
    private var runs: [String: Int64] = [:]
    private var lastRun: (name: String, id: Int64)?
    private var functions: [Function] = []
    private var lastFunction = 0
    private var accounts: [Account] = []

    init(prices: [String: String]) {
        self.prices = prices
    }

    /// 0 for a trace that is not a run.
    mutating func run(_ name: String, in database: Database) throws -> Int64 {
        if let lastRun, lastRun.name == name { return lastRun.id }
        var id = runs[name]
        if id == nil {
            id =
                try Int64.fetchOne(
                    database.cachedStatement(sql: "SELECT id FROM ledger_runs WHERE run = ?"),
                    arguments: [name]) ?? 0
            runs[name] = id
        }
        lastRun = (name, id!)
        return id!
    }

    mutating func function(_ entry: LedgerEntry, in database: Database) throws -> Int64 {
        if lastFunction < functions.count, functions[lastFunction].isOf(entry) {
            return functions[lastFunction].id
        }
        if let index = functions.firstIndex(where: { $0.isOf(entry) }) {
            lastFunction = index
            return functions[index].id
        }
        let arguments: StatementArguments = [
            entry.functionName, entry.version, entry.alias ?? "", entry.rule ?? "", entry.memoryMB,
        ]
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO ledger_functions (function, version, alias, rule, memory_mb)
                VALUES (?, ?, ?, ?, ?)
                """, arguments: arguments)
        let id = try Int64.fetchOne(
            database,
            sql: """
                SELECT id FROM ledger_functions
                WHERE function = ? AND version = ? AND alias = ? AND rule = ? AND memory_mb = ?
                """, arguments: arguments)!
        functions.append(
            Function(
                name: entry.functionName, version: entry.version, alias: entry.alias,
                rule: entry.rule, memoryMB: entry.memoryMB, id: id))
        lastFunction = functions.count - 1
        return id
    }

    mutating func account(_ line: InvocationUsage.Line, in database: Database) throws -> Int64 {
        for account in accounts
        where account.requestClass == line.requestClass && account.connection == line.connection {
            return account.id
        }
        let arguments: StatementArguments = [
            line.connection, line.requestClass, prices[line.connection] ?? "",
        ]
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO ledger_accounts (connection, class, prices) VALUES (?, ?, ?)
                """, arguments: arguments)
        let id = try Int64.fetchOne(
            database,
            sql: """
                SELECT id FROM ledger_accounts WHERE connection = ? AND class = ? AND prices = ?
                """, arguments: arguments)!
        accounts.append(
            Account(connection: line.connection, requestClass: line.requestClass, id: id))
        return id
    }
}
