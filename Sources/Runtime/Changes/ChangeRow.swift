import FoundationEssentials
import GRDB

/// A key of one subscription as the queue holds it.
struct ChangeRow: Sendable, Equatable {
    var key: [UInt8]
    /// How often it was told; grows while it runs when it was told again.
    var generation: Int64
    var priority: Int64
    var firstAt: Int64
    var attempts: Int
    var isDeleteAllowed: Bool
}

extension ChangeRow {
    /// How a key that is told of again and again is kept from being copied for every write: so long it waits before it runs once
    /// more, growing with how often it was told, Unix milliseconds from now. One that is told of a few times has the shortest.
    static func pause(told: Int64) -> Int64 { min(pauseMaximum, max(25, 2 * told)) }
    static let pauseMaximum: Int64 = 1000

    /// Adds a change, or notes that a waiting one was told of again: it runs once, and at once, unless it runs soon anyway
    /// because it has just run. One that failed and waits for its next attempt runs at once.
    static func tell(_ change: Change, _ subscription: Int64, now: Int64, _ database: Database)
        throws
    {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO changes (subscription, key, generation, priority, first_ms, due_ms, allowed)
                VALUES (?, ?, 1, ?, ?, ?, ?)
                ON CONFLICT (subscription, key) DO UPDATE SET generation = generation + 1,
                    priority = min(priority, excluded.priority), first_ms = min(first_ms, excluded.first_ms),
                    due_ms = CASE WHEN attempts = 0 AND due_ms <= excluded.due_ms + \(pauseMaximum) THEN due_ms
                        ELSE min(due_ms, excluded.due_ms) END,
                    allowed = max(allowed, excluded.allowed)
                """)
        try statement.execute(arguments: [
            subscription, change.key.blob, change.priority.rawValue, change.happenedAt, now,
            change.isDeleteAllowed ? 1 : 0,
        ])
    }

    /// What is due, the live ones first, then by how long it is due; those in `running` left out.
    static func due(
        _ subscription: Int64, at now: Int64, limit: Int, running: Set<[UInt8]>,
        _ database: Database
    ) throws -> [ChangeRow] {
        var rows: [ChangeRow] = []
        for priority in [Change.Priority.live, .backfill] where rows.count < limit {
            let statement = try database.cachedStatement(
                sql: """
                    SELECT key, generation, priority, first_ms, attempts, allowed FROM changes
                    WHERE subscription = ? AND priority = ? AND due_ms <= ? ORDER BY due_ms LIMIT ?
                    """)
            let cursor = try Row.fetchCursor(
                statement,
                arguments: [subscription, priority.rawValue, now, limit + running.count])
            while rows.count < limit, let row = try cursor.next() {
                let key = [UInt8](blob: row[0])
                guard !running.contains(key) else { continue }
                rows.append(
                    ChangeRow(
                        key: key, generation: row[1], priority: row[2], firstAt: row[3],
                        attempts: row[4], isDeleteAllowed: row[5] != 0))
            }
        }
        return rows
    }

    /// When the next of those that wait is due; nil: nothing waits.
    static func nextDue(
        _ subscription: Int64, after now: Int64, _ database: Database
    ) throws -> Int64? {
        var next: Int64?
        for priority in [Change.Priority.live, .backfill] {
            let statement = try database.cachedStatement(
                sql: """
                    SELECT due_ms FROM changes WHERE subscription = ? AND priority = ? AND due_ms > ?
                    ORDER BY due_ms LIMIT 1
                    """)
            let due = try Int64.fetchOne(
                statement, arguments: [subscription, priority.rawValue, now])
            if let due { next = min(next ?? due, due) }
        }
        return next
    }

    /// Takes it out, unless it was told again since it was claimed: then it waits for its ``pause(told:)``, as one that is new.
    ///
    /// - Parameter claimedAt: what was told since happened later.
    /// - Returns: whether it is out.
    func complete(
        _ subscription: Int64, claimedAt: Int64, now: Int64, _ database: Database
    ) throws -> Bool {
        let delete = try database.cachedStatement(
            sql: "DELETE FROM changes WHERE subscription = ? AND key = ? AND generation = ?")
        try delete.execute(arguments: [subscription, key.blob, generation])
        if database.changesCount > 0 { return true }
        let update = try database.cachedStatement(
            sql: """
                UPDATE changes SET first_ms = max(first_ms, ?), due_ms = ?, attempts = 0,
                    allowed = iif(?, 0, allowed) WHERE subscription = ? AND key = ?
                """)
        // What was agreed to since is for the next run.
        try update.execute(arguments: [
            claimedAt, now + Self.pause(told: generation), isDeleteAllowed, subscription, key.blob,
        ])
        return false
    }

    /// Waits until `due`; one that was told of again since it was claimed not as long: what is new may be what mends it.
    func postpone(
        _ subscription: Int64, to due: Int64, attempts: Int, _ database: Database
    ) throws {
        let statement = try database.cachedStatement(
            sql: """
                UPDATE changes SET due_ms = iif(generation = ?, ?, min(?, due_ms + \(Self.pauseMaximum))),
                    attempts = ? WHERE subscription = ? AND key = ?
                """)
        try statement.execute(arguments: [
            generation, due, due, attempts, subscription, key.blob,
        ])
    }
}
