import FoundationEssentials
import GRDB
import Logging
import Transport

/// What may have changed and is not yet known to be in step: a set on disk, one entry for each subscription and key.
///
/// ``accept(_:)`` returns when its changes are on disk, so that whoever told of them may forget them. Many events of one key
/// are one entry; one that comes while the key runs makes it run once more. Nothing is lost to a crash: an entry goes when
/// its function has succeeded. Memory: what runs now, whatever waits.
public final class ChangeQueue: Sendable {
    /// Parked bodies above this push out the oldest.
    static let parkedMaximum = 10_000

    let database: StateDatabase
    private let logger: Logger
    let clock: @Sendable () -> Int64
    private let isCutOff = Locked(false)
    /// Calls of ``accept(_:)`` that wait for their commit.
    private let accepting = Locked(0)
    /// With more of them than this a burst is coming in: it is taken first, and copied then.
    static let burst = 16
    let lanes: [ChangeLane]
    let byName: [String: ChangeLane]

    /// - Parameter allowances: of deletes in 24 hours, by subscription; without one, none is bounded.
    /// - Throws: what the state file's use throws.
    static func open(
        _ subscriptions: [Subscription], allowances: [String: Int], database: StateDatabase,
        directory: any FunctionDirectory, runner: InvocationRunner, logger: Logger,
        clock: @escaping @Sendable () -> Int64 = UnixTime.milliseconds
    ) async throws -> ChangeQueue {
        let names = subscriptions.map(\.name)
        let now = clock()
        let (ids, dropped, loaded) = try await database.write { database in
            let dropped = try drop(except: names, database)
            var ids: [Int64] = []
            var loaded: [DeleteAllowance] = []
            for name in names {
                try database.execute(
                    sql: """
                        INSERT INTO subscriptions (name, created_ms) VALUES (?, ?) ON CONFLICT (name) DO NOTHING
                        """, arguments: [name, now])
                let id = try Int64.fetchOne(
                    database, sql: "SELECT id FROM subscriptions WHERE name = ?", arguments: [name])!
                ids.append(id)
                loaded.append(
                    try DeleteAllowance.load(
                        id, maximum: allowances[name] ?? Int.max, now: now, database))
            }
            return (ids, dropped, loaded)
        }
        for (name, count) in dropped {
            logger.warning(
                "what waited for a rule that is gone is forgotten",
                metadata: ["rule": "\(name)", "changes": "\(count)"])
        }
        return ChangeQueue(
            zip(ids, zip(subscriptions, loaded)).map { ($0, $1.0, $1.1) }, database: database,
            directory: directory, runner: runner, logger: logger, clock: clock)
    }

    private init(
        _ subscriptions: [(id: Int64, Subscription, DeleteAllowance)], database: StateDatabase,
        directory: any FunctionDirectory, runner: InvocationRunner, logger: Logger,
        clock: @escaping @Sendable () -> Int64
    ) {
        self.database = database
        self.logger = logger
        self.clock = clock
        let (isCutOff, accepting) = (isCutOff, accepting)
        lanes = subscriptions.map { id, subscription, allowance in
            ChangeLane(
                id: id, subscription, database: database, directory: directory, runner: runner,
                allowance: allowance, logger: logger, clock: clock,
                isCutOff: { isCutOff.withLock { $0 } },
                isBurst: { accepting.withLock { $0 > Self.burst } })
        }
        byName = Dictionary(
            lanes.map { ($0.subscription.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    private static func drop(
        except names: [String], _ database: Database
    ) throws -> [(String, Int)] {
        let rows = try Row.fetchAll(database, sql: "SELECT id, name FROM subscriptions")
        var dropped: [(String, Int)] = []
        for row in rows where !names.contains(row[1] as String) {
            let id: Int64 = row[0]
            try database.execute(
                sql: "DELETE FROM changes WHERE subscription = ?", arguments: [id])
            dropped.append((row[1], database.changesCount))
            for table in ["change_failures", "change_deletes"] {
                try database.execute(
                    sql: "DELETE FROM \(table) WHERE subscription = ?", arguments: [id])
            }
            try database.execute(sql: "DELETE FROM subscriptions WHERE id = ?", arguments: [id])
        }
        return dropped
    }

    /// Returns when they are on disk. Those for a subscription that is not there are left out.
    ///
    /// - Throws: when they cannot be written: whoever told of them must tell again.
    public func accept(_ changes: [Change]) async throws {
        let known = changes.compactMap { change in
            byName[change.subscription].map { (change, $0.id) }
        }
        guard !known.isEmpty else { return }
        let now = clock()
        accepting.withLock { $0 += 1 }
        defer { accepting.withLock { $0 -= 1 } }
        try await database.write { database in
            for (change, id) in known { try ChangeRow.tell(change, id, now: now, database) }
        }
        for name in Set(known.map(\.0.subscription)) { byName[name]?.raise() }
    }

    /// Keeps a body that nobody could read, for a person to look at. Returns when it is on disk.
    public func park(_ body: [UInt8], reason: String) async throws {
        let now = clock()
        try await database.write { database in
            try database.execute(
                sql: "INSERT INTO parked_events (received_ms, reason, body) VALUES (?, ?, ?)",
                arguments: [now, String(reason.prefix(2000)), body.blob])
            try database.execute(
                sql: "DELETE FROM parked_events WHERE id <= ?",
                arguments: [database.lastInsertedRowID - Int64(Self.parkedMaximum)])
        }
        logger.warning(
            "an event cannot be read, and is kept as it came", metadata: ["reason": "\(reason)"])
    }

    /// Of every subscription that a state file knows.
    public static func subscriptionNames(_ database: StateDatabase) async throws -> [String] {
        try await database.read {
            try String.fetchAll($0, sql: "SELECT name FROM subscriptions ORDER BY name")
        }
    }

    /// How many deletes a subscription may still do; nil: there is no such subscription.
    public func allowance(_ subscription: String) -> DeleteAllowance? {
        byName[subscription]?.allowance
    }

    /// Changes of a subscription that wait or run, of a priority; at most `limit` are counted.
    func waiting(_ subscription: String, _ priority: Change.Priority, limit: Int) async throws
        -> Int
    {
        guard let id = byName[subscription]?.id else { return 0 }
        return try await database.read { database in
            try Int.fetchOne(
                database,
                sql: """
                    SELECT count(*) FROM
                        (SELECT 1 FROM changes WHERE subscription = ? AND priority = ? LIMIT ?)
                    """, arguments: [id, priority.rawValue, limit]) ?? 0
        }
    }

    /// Runs changes until ``stop()``, and returns when those that run then have ended.
    func drain() async {
        await withTaskGroup(of: Void.self) { group in
            for lane in lanes { group.addTask { await lane.drain() } }
        }
    }

    /// Begins no more.
    func stop() { for lane in lanes { lane.stop() } }

    /// What fails from now on has been cut off: it stays as it was.
    func cutOff() { isCutOff.withLock { $0 = true } }
}
