import FoundationEssentials
import GRDB

/// A key that was given up: it will not go well by itself.
public struct ChangeFailure: Sendable, Equatable {
    public var subscription: String
    public var key: [UInt8]
    /// What code branches on, as in "Replication.archived".
    public var kind: String
    public var message: String
    /// Of the last invocation: its log is under this id.
    public var requestID: String
    public var attempts: Int
    /// Unix milliseconds: of the oldest event, and of the last attempt.
    public var firstAt: Int64
    public var lastAt: Int64

    /// - Parameters:
    ///   - subscriptions: by name; empty: of all.
    ///   - after: goes on behind this one.
    public static func list(
        _ database: StateDatabase, subscriptions: [String] = [], key: [UInt8]? = nil,
        kind: String? = nil, after: (subscription: String, key: [UInt8])? = nil, limit: Int = 1000
    ) async throws -> [ChangeFailure] {
        try await database.read { database in
            var (conditions, arguments) = selection(subscriptions, key, kind)
            if let after {
                conditions.append("(s.name, f.key) > (?, ?)")
                arguments += [after.subscription, after.key.blob]
            }
            let rule = conditions.isEmpty ? "" : "WHERE " + conditions.joined(separator: " AND ")
            arguments += [limit]
            return try Row.fetchAll(
                database,
                sql: """
                    SELECT s.name, f.key, f.kind, f.message, f.request_id, f.attempts, f.first_ms, f.last_ms
                    FROM change_failures f JOIN subscriptions s ON s.id = f.subscription
                    \(rule) ORDER BY s.name, f.key LIMIT ?
                    """, arguments: arguments
            ).map {
                ChangeFailure(
                    subscription: $0[0], key: [UInt8](blob: $0[1]), kind: $0[2], message: $0[3],
                    requestID: $0[4], attempts: $0[5], firstAt: $0[6], lastAt: $0[7])
            }
        }
    }

    /// Puts failures back among the changes, and agrees to what they would delete: a person has looked. A running
    /// ``ChangeQueue`` on the same file sees it within its ``ChangeLane/pollInterval``.
    ///
    /// - Returns: how many.
    public static func replay(
        _ database: StateDatabase, subscriptions: [String] = [], key: [UInt8]? = nil,
        kind: String? = nil
    ) async throws -> Int {
        let now = UnixTime.milliseconds()
        return try await database.write { database in
            let (conditions, arguments) = selection(subscriptions, key, kind)
            // Of a statement that goes on with ON CONFLICT, SQLite asks for a WHERE.
            let rule = (conditions + ["true"]).joined(separator: " AND ")
            try database.execute(
                sql: """
                    INSERT INTO changes (subscription, key, generation, priority, first_ms, due_ms, allowed)
                    SELECT subscription, key, 1, 0, \(now), \(now), 1 FROM change_failures f WHERE \(rule)
                    ON CONFLICT (subscription, key) DO UPDATE SET generation = generation + 1, priority = 0,
                        due_ms = \(now), attempts = 0, allowed = 1
                    """, arguments: arguments)
            try database.execute(
                sql: "DELETE FROM change_failures AS f WHERE \(rule)", arguments: arguments)
            return database.changesCount
        }
    }

    /// Conditions on `change_failures f`, and their values; none: all of them.
    private static func selection(
        _ subscriptions: [String], _ key: [UInt8]?, _ kind: String?
    ) -> (conditions: [String], arguments: StatementArguments) {
        var conditions: [String] = []
        var arguments = StatementArguments()
        if !subscriptions.isEmpty {
            let marks = subscriptions.map { _ in "?" }.joined(separator: ", ")
            conditions.append(
                "f.subscription IN (SELECT id FROM subscriptions WHERE name IN (\(marks)))")
            arguments += StatementArguments(subscriptions)
        }
        if let key {
            conditions.append("f.key = ?")
            arguments += [key.blob]
        }
        if let kind {
            conditions.append("f.kind = ?")
            arguments += [kind]
        }
        return (conditions, arguments)
    }

    static func keep(
        _ row: ChangeRow, _ subscription: Int64, kind: String, message: String, requestID: String,
        now: Int64, _ database: Database
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO change_failures (subscription, key, kind, message, request_id, attempts, first_ms, last_ms)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (subscription, key) DO UPDATE SET kind = excluded.kind, message = excluded.message,
                    request_id = excluded.request_id, attempts = excluded.attempts, last_ms = excluded.last_ms
                """)
        try statement.execute(arguments: [
            subscription, row.key.blob, kind, String(message.prefix(2000)), requestID,
            row.attempts + 1, row.firstAt, now,
        ])
    }

    static func forget(_ key: [UInt8], _ subscription: Int64, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "DELETE FROM change_failures WHERE subscription = ? AND key = ?")
        try statement.execute(arguments: [subscription, key.blob])
    }
}
