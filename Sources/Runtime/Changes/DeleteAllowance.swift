import GRDB
import Transport

/// How many deletes a subscription may still do before a person is asked: so many in any 24 hours.
///
/// What is reserved counts until it is given back; what was done is counted on disk, by the minute, so that a restart does not
/// begin anew.
public final class DeleteAllowance: Sendable {
    private struct State {
        var byMinute: [Int64: Int]
        var reserved = 0
    }

    /// Minutes: of the first, a delete at its end counts for 24 hours and one at its beginning for a minute more.
    private static let window: Int64 = 24 * 60 + 1

    public let maximum: Int
    private let state: Locked<State>

    init(maximum: Int, byMinute: [Int64: Int] = [:]) {
        self.maximum = maximum
        state = Locked(State(byMinute: byMinute))
    }

    /// As the state file has it.
    static func load(
        _ subscription: Int64, maximum: Int, now: Int64, _ database: Database
    ) throws -> DeleteAllowance {
        let first = now / 60_000 - window + 1
        try database.execute(
            sql: "DELETE FROM change_deletes WHERE subscription = ? AND minute < ?",
            arguments: [subscription, first])
        let rows = try Row.fetchAll(
            database, sql: "SELECT minute, count FROM change_deletes WHERE subscription = ?",
            arguments: [subscription])
        let counts = rows.map { row -> (Int64, Int) in (row[0], row[1]) }
        return DeleteAllowance(
            maximum: maximum, byMinute: Dictionary(counts, uniquingKeysWith: +))
    }

    /// Takes one of what is left; false: there is none.
    public func reserve(now: Int64) -> Bool {
        state.withLock { state in
            guard used(&state, now) + state.reserved < maximum else { return false }
            state.reserved += 1
            return true
        }
    }

    /// What was reserved has been done, or not.
    public func settle(isDone: Bool, now: Int64) {
        state.withLock { state in
            state.reserved -= 1
            if isDone { state.byMinute[now / 60_000, default: 0] += 1 }
        }
    }

    public func isReached(now: Int64) -> Bool {
        state.withLock { used(&$0, now) + $0.reserved >= maximum }
    }

    private func used(_ state: inout State, _ now: Int64) -> Int {
        let first = now / 60_000 - Self.window + 1
        if state.byMinute.count > Int(Self.window) {
            state.byMinute = state.byMinute.filter { $0.key >= first }
        }
        return state.byMinute.reduce(0) { $1.key >= first ? $0 + $1.value : $0 }
    }

    static func count(_ subscription: Int64, now: Int64, _ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: """
                INSERT INTO change_deletes (subscription, minute, count) VALUES (?, ?, 1)
                ON CONFLICT (subscription, minute) DO UPDATE SET count = count + 1
                """)
        try statement.execute(arguments: [subscription, now / 60_000])
    }
}
