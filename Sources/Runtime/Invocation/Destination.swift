import FoundationEssentials
import GRDB

/// Where a record goes when an asynchronous event has ended.
enum Destination: Equatable, Sendable {
    /// Another function: an event of its own.
    case function(name: String, qualifier: String?)
    /// A queue, a bucket or a webhook: sent by HTTP.
    case remote(String)

    /// - Returns: nil for what is no destination that this runtime knows.
    init?(_ target: String) {
        let parts = target.split(separator: ":", maxSplits: 7, omittingEmptySubsequences: false)
        if target.hasPrefix("http://") || target.hasPrefix("https://") {
            self = .remote(target)
        } else if parts.count >= 6, parts[0] == "arn" {
            switch parts[2] {
            case "lambda" where parts.count >= 7 && parts[5] == "function":
                self = .function(
                    name: String(parts[6]), qualifier: parts.count > 7 ? String(parts[7]) : nil)
            case "sqs", "s3": self = .remote(target)
            default: return nil
            }
        } else {
            return nil
        }
    }

    /// A target as it may be shown: of a webhook's URL no more than where it is, as the rest may hold a password or a token.
    static func shown(_ target: String) -> String {
        guard target.hasPrefix("http://") || target.hasPrefix("https://") else { return target }
        let parts = target.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: true)
        guard parts.count > 1 else { return "a webhook" }
        let host = parts[1].prefix { $0 != "?" && $0 != "#" }
        return "\(parts[0])//\(host.split(separator: "@").last ?? "")"
    }
}

/// A record on its way to a remote destination, as the state file holds it.
public struct Delivery: Sendable {
    var id: Int64 = 0
    /// An ARN of a queue or a bucket, or the URL of a webhook.
    public var target: String
    public var body: [UInt8]
    /// Message attributes, for dead-letter queues.
    public var attributes: [String: String]
    /// Unix milliseconds.
    public var createdAt: Int64
    var dueAt: Int64
    var failures = 0

    func insert(_ database: Database) throws {
        let attributes = String(
            decoding: try JSONEncoder().encode(self.attributes), as: UTF8.self)
        try database.execute(
            sql: """
                INSERT INTO deliveries (target, body, attributes, created_ms, due_ms)
                VALUES (?, ?, ?, ?, ?)
                """, arguments: [target, body.blob, attributes, createdAt, dueAt])
    }

    /// Due ones in their order.
    ///
    /// - Parameters:
    ///   - taken: those that are left out.
    ///   - full: targets that are left out.
    static func due(
        _ database: Database, at now: Int64, limit: Int, except taken: [Int64], full: [String]
    ) throws -> [Delivery] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT id, target, body, attributes, created_ms, due_ms, failures FROM deliveries
                WHERE due_ms <= ? AND id NOT IN (\(databaseQuestionMarks(count: taken.count)))
                    AND target NOT IN (\(databaseQuestionMarks(count: full.count)))
                ORDER BY due_ms, id LIMIT ?
                """,
            arguments: StatementArguments([now]) + StatementArguments(taken)
                + StatementArguments(full) + StatementArguments([limit])
        ).map { row in
            let text: String = row[3]
            return Delivery(
                id: row[0], target: row[1], body: [UInt8](blob: row[2]),
                attributes: try JSONDecoder().decode(
                    [String: String].self, from: Data(text.utf8)),
                createdAt: row[4], dueAt: row[5], failures: row[6])
        }
    }
}

/// Brings records to queues, buckets and webhooks.
public protocol DeliverySender: Sendable {
    /// Returns when the other side has it.
    ///
    /// - Throws: anything: it is tried again, with the same body.
    func send(_ delivery: Delivery) async throws
}
