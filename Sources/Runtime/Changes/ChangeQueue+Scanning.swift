import FoundationEssentials
import GRDB

/// What a scan of both sides adds, and what is kept of it.
extension ChangeQueue {
    /// A scan waits while more than this wait of what it has found.
    static let backlogMaximum = 20_000
    private static let backlogPause = Duration.milliseconds(200)

    /// Adds what a scan has found, and notes how far it has come; returns when that is on disk. Waits while too many wait.
    ///
    /// - Parameter checkpoint: what the scan's function needs to go on behind these; nil: as before.
    /// - Throws: when it cannot be written, and when cancelled.
    public func acceptScanned(
        _ keys: [[UInt8]], subscription: String, isDeleteAllowed: Bool, checkpoint: [UInt8]?
    ) async throws {
        guard let lane = byName[subscription] else { return }
        while try await waiting(subscription, .backfill, limit: Self.backlogMaximum + 1)
            > Self.backlogMaximum
        {
            try await Task.sleep(for: Self.backlogPause)
        }
        let now = clock()
        let id = lane.id
        try await database.write { database in
            for key in keys {
                try ChangeRow.tell(
                    Change(
                        subscription: subscription, key: key, happenedAt: now, priority: .backfill,
                        isDeleteAllowed: isDeleteAllowed), id, now: now, database)
            }
            if let checkpoint { try ScanState.keep(checkpoint, id, database) }
        }
        lane.raise()
    }
}

/// What is kept of a subscription's scans.
struct ScanState: Sendable {
    var createdAt: Int64
    var endedAt: Int64?
    var begunAt: Int64?
    var checkpoint: [UInt8]?

    static func read(_ subscription: Int64, _ database: Database) throws -> ScanState {
        let row = try Row.fetchOne(
            database,
            sql:
                "SELECT created_ms, scanned_ms, scan_begun_ms, scan_checkpoint FROM subscriptions WHERE id = ?",
            arguments: [subscription])
        return ScanState(
            createdAt: row?[0] ?? 0, endedAt: row?[1], begunAt: row?[2],
            checkpoint: (row?[3] as Data?).map { [UInt8](blob: $0) })
    }

    static func begin(_ subscription: Int64, at now: Int64, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE subscriptions SET scan_begun_ms = coalesce(scan_begun_ms, ?) WHERE id = ?",
            arguments: [now, subscription])
    }

    static func keep(
        _ checkpoint: [UInt8], _ subscription: Int64, _ database: Database
    ) throws {
        try database.execute(
            sql: "UPDATE subscriptions SET scan_checkpoint = ? WHERE id = ?",
            arguments: [checkpoint.blob, subscription])
    }

    static func end(
        _ subscription: Int64, at now: Int64, report: String, _ database: Database
    ) throws {
        try database.execute(
            sql: """
                UPDATE subscriptions SET scanned_ms = ?, scan_begun_ms = NULL, scan_checkpoint = NULL,
                    scan_report = ? WHERE id = ?
                """, arguments: [now, report, subscription])
    }
}
