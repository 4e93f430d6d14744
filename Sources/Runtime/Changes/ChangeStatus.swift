import GRDB

/// Where one subscription stands.
public struct ChangeStatus: Sendable, Codable, Equatable {
    public struct Lag: Sendable, Codable, Equatable {
        /// Seconds, of the last hour's live changes, to within 5 %; nil: there was none.
        public var p50, p99: Double?
    }

    public struct Scan: Sendable, Codable, Equatable {
        /// Unix milliseconds; nil: none has ended yet.
        public var endedAt: Int64?
        /// One is under way since.
        public var begunAt: Int64?
        /// As the subscription's function reported the last one; JSON.
        public var report: String?
        /// Why the last one did not come to its end; nil: it did.
        public var failure: String?
        /// Why the last one deleted nothing although something is gone from the source; nil: it did, or nothing is.
        public var refusal: String?
    }

    /// The subscription's.
    public var subscription: String
    /// The rule's.
    public var name: String
    /// Keys that may have changed and do not run, of both priorities; those of a backfill are in both counts.
    public var pending: Int
    public var backfill: Int
    public var running: Int
    public var failed: Int
    /// Of the failed: deletes that wait for a person.
    public var heldDeletes: Int
    public var oldestPendingSeconds: Double
    public var lagSeconds: Lag
    /// Live changes in step within the last hour.
    public var replicated: Int
    /// Of them, in time: 0...1; nil: there was none.
    public var shareInTime: Double?
    public var lagTargetSeconds: Double
    public var scan: Scan
    /// Why nothing goes well just now; nil: it does.
    public var trouble: String?

    /// Kind of the failures that are deletes over the cap.
    public static let heldDelete = "Deletes.held"
}

extension ChangeQueue {
    /// Cost: a count over what waits; 10 ms for 100,000.
    public func status() async throws -> [ChangeStatus] {
        let now = clock()
        var result: [ChangeStatus] = []
        for lane in lanes {
            let id = lane.id
            let (counts, failures, scan) = try await database.read { database in
                let counts = try Row.fetchOne(
                    database,
                    sql: """
                        SELECT count(*), coalesce(sum(priority), 0), min(first_ms) FROM changes WHERE subscription = ?
                        """, arguments: [id])!
                let failures = try Row.fetchOne(
                    database,
                    sql: """
                        SELECT count(*), coalesce(sum(kind = ?), 0) FROM change_failures WHERE subscription = ?
                        """, arguments: [ChangeStatus.heldDelete, id])!
                let scan = try Row.fetchOne(
                    database,
                    sql:
                        "SELECT scanned_ms, scan_begun_ms, scan_report FROM subscriptions WHERE id = ?",
                    arguments: [id])
                return (
                    (all: counts[0] as Int, backfill: counts[1] as Int, first: counts[2] as Int64?),
                    (all: failures[0] as Int, held: failures[1] as Int),
                    ChangeStatus.Scan(
                        endedAt: scan?[0], begunAt: scan?[1], report: scan?[2])
                )
            }
            let target = lane.subscription.lagTarget.milliseconds
            let lag = lane.lag.reading(at: now, target: target)
            let condition = lane.condition
            func seconds(_ milliseconds: Int64?) -> Double? {
                milliseconds.map { Double($0) / 1000 }
            }
            result.append(
                ChangeStatus(
                    subscription: lane.subscription.name, name: lane.subscription.rule,
                    pending: max(0, counts.all - condition.running), backfill: counts.backfill,
                    running: condition.running, failed: failures.all, heldDeletes: failures.held,
                    oldestPendingSeconds: counts.first.map { max(0, Double(now - $0) / 1000) } ?? 0,
                    lagSeconds: .init(p50: seconds(lag.p50), p99: seconds(lag.p99)),
                    replicated: lag.count, shareInTime: lag.shareInTime,
                    lagTargetSeconds: Double(target) / 1000, scan: scan,
                    trouble: condition.trouble))
        }
        return result
    }
}

extension Duration {
    var milliseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}
