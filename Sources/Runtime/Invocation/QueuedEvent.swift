import FoundationEssentials
import GRDB

/// An asynchronous event as the queue holds it.
struct QueuedEvent: Sendable, Equatable {
    /// 0 before it is stored.
    var id: Int64 = 0
    var requestID: String
    var functionName: String
    var qualifier: String?
    var payload: [UInt8]
    var clientContext: [UInt8]?
    var traceHeader: String
    var parent: String?
    /// Unix milliseconds, as all its times.
    var acceptedAt: Int64
    var dueAt: Int64
    /// Attempts that ran and failed.
    var attempts = 0
    /// Attempts that were throttled since the last that ran.
    var throttles = 0
}

extension QueuedEvent {
    /// Stores a new one.
    func insert(_ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO events (request_id, function, qualifier, payload, client_context, trace, parent,
                    accepted_ms, due_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """)
        try statement.execute(arguments: [
            requestID, functionName, qualifier, payload.blob, clientContext?.blob, traceHeader,
            parent, acceptedAt, dueAt,
        ])
    }

    /// Keeps its counts and when it is due next.
    func postpone(_ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "UPDATE events SET due_ms = ?, attempts = ?, throttles = ? WHERE id = ?")
        try statement.execute(arguments: [dueAt, attempts, throttles, id])
    }

    func delete(_ database: Database) throws {
        let statement = try database.cachedStatement(sql: "DELETE FROM events WHERE id = ?")
        try statement.execute(arguments: [id])
    }

    /// Due events in their order, those in `claimed` left out.
    static func due(
        _ database: Database, at now: Int64, limit: Int, claimed: Set<Int64>
    ) throws -> [QueuedEvent] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT id, request_id, function, qualifier, payload, client_context, trace, parent,
                    accepted_ms, due_ms, attempts, throttles
                FROM events WHERE due_ms <= ? ORDER BY due_ms, id LIMIT ?
                """)
        let rows = try Row.fetchCursor(statement, arguments: [now, limit + claimed.count])
        var events: [QueuedEvent] = []
        while events.count < limit, let row = try rows.next() {
            guard !claimed.contains(row[0]) else { continue }
            events.append(
                QueuedEvent(
                    id: row[0], requestID: row[1], functionName: row[2], qualifier: row[3],
                    payload: [UInt8](blob: row[4]),
                    clientContext: (row[5] as Data?).map { [UInt8](blob: $0) },
                    traceHeader: row[6], parent: row[7], acceptedAt: row[8], dueAt: row[9],
                    attempts: row[10], throttles: row[11]))
        }
        return events
    }

    /// When the next event is due that is not in `claimed`; nil: none waits.
    static func nextDue(_ database: Database, claimed: Set<Int64>) throws -> Int64? {
        let statement = try database.cachedStatement(
            sql: "SELECT id, due_ms FROM events ORDER BY due_ms, id LIMIT ?")
        let rows = try Row.fetchCursor(statement, arguments: [claimed.count + 1])
        while let row = try rows.next() {
            if !claimed.contains(row[0]) { return row[1] }
        }
        return nil
    }
}
