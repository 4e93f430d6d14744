import GRDB
import Testing

@testable import Runtime

@Suite struct ChangeRowTests {
    /// `body` on an empty table.
    private func on<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await ChangeStage().stage.database.write(body)
    }

    private static func tell(
        _ key: String, at now: Int64, happened: Int64? = nil, as priority: Change.Priority = .live,
        allowed: Bool = false, _ database: Database
    ) throws {
        try ChangeRow.tell(
            Change(
                subscription: "s", key: Array(key.utf8), happenedAt: happened ?? now,
                priority: priority, isDeleteAllowed: allowed), 1, now: now, database)
    }

    private static func due(
        at now: Int64, limit: Int = 100, running: Set<[UInt8]> = [], _ database: Database
    ) throws -> [ChangeRow] {
        try ChangeRow.due(1, at: now, limit: limit, running: running, database)
    }

    @Test func oneEntryForASubscriptionAndKey() async throws {
        let rows = try await on { database in
            try Self.tell("a", at: 100, happened: 90, as: .backfill, database)
            try Self.tell("a", at: 200, happened: 70, allowed: true, database)
            try Self.tell("a", at: 300, as: .backfill, database)
            return try Self.due(at: 1000, database)
        }
        #expect(
            rows == [
                ChangeRow(
                    key: Array("a".utf8), generation: 3, priority: 0, firstAt: 70, attempts: 0,
                    isDeleteAllowed: true)
            ])
    }

    @Test func theLiveOnesFirstThenThoseThatWaitLongest() async throws {
        let keys = try await on { database in
            try Self.tell("b1", at: 10, as: .backfill, database)
            try Self.tell("l2", at: 30, database)
            try Self.tell("l1", at: 20, database)
            try Self.tell("b2", at: 15, as: .backfill, database)
            try Self.tell("later", at: 2000, database)
            func keys(_ limit: Int, _ running: Set<[UInt8]> = []) throws -> [String] {
                try Self.due(at: 1000, limit: limit, running: running, database).map {
                    String(decoding: $0.key, as: UTF8.self)
                }
            }
            return [try keys(10), try keys(3), try keys(2, [Array("l1".utf8)])]
        }
        #expect(keys == [["l1", "l2", "b1", "b2"], ["l1", "l2", "b1"], ["l2", "b1"]])
    }

    @Test func theNextThatIsDueIsTheEarliestOfBothPriorities() async throws {
        let next = try await on { database in
            let none = try ChangeRow.nextDue(1, after: 0, database)
            try Self.tell("a", at: 500, database)
            try Self.tell("b", at: 400, as: .backfill, database)
            return [none, try ChangeRow.nextDue(1, after: 100, database)]
                + [try ChangeRow.nextDue(1, after: 400, database)]
        }
        #expect(next == [nil, 400, 500])
    }

    @Test func whatWasToldAgainStaysAsOneThatIsNew() async throws {
        let (isOut, left, ended) = try await on { database in
            try Self.tell("a", at: 100, happened: 50, database)
            var row = try Self.due(at: 100, database)[0]
            try row.postpone(1, to: 5000, attempts: 1, database)
            try Self.tell("a", at: 200, database)
            row = try Self.due(at: 200, database)[0]
            try Self.tell("a", at: 300, database)
            let isOut = try row.complete(1, claimedAt: 250, now: 300, database)
            let early = try Self.due(at: 324, database)
            let left = try Self.due(at: 325, database)
            let ended = try left[0].complete(1, claimedAt: 330, now: 375, database)
            return (isOut, early + left, [ended, try Self.due(at: .max, database).isEmpty])
        }
        #expect(!isOut)
        #expect(
            left == [
                ChangeRow(
                    key: Array("a".utf8), generation: 3, priority: 0, firstAt: 250, attempts: 0,
                    isDeleteAllowed: false)
            ])
        #expect(ended == [true, true])
    }

    @Test func whatWasToldDuringAnAttemptThatFailedIsNotWaitedForLong() async throws {
        let due = try await on { database in
            try Self.tell("a", at: 100, database)
            let row = try Self.due(at: 100, database)[0]
            try Self.tell("a", at: 110, database)
            try row.postpone(1, to: 300_000, attempts: 9, database)
            return try ChangeRow.nextDue(1, after: 0, database)
        }
        #expect(due == 100 + ChangeRow.pauseMaximum)
    }

    /// What was agreed to while it ran is for the run that follows; what was agreed to before is used up.
    @Test(arguments: [(false, true, true), (true, false, false), (false, false, false)])
    func anAgreementToDeleteIsForOneRun(
        _ before: Bool, _ meanwhile: Bool, _ after: Bool
    ) async throws {
        let rows = try await on { database in
            try Self.tell("a", at: 100, allowed: before, database)
            let row = try Self.due(at: 100, database)[0]
            try Self.tell("a", at: 110, allowed: meanwhile, database)
            _ = try row.complete(1, claimedAt: 100, now: 95, database)
            return [row] + (try Self.due(at: 120, database))
        }
        #expect(rows.map(\.isDeleteAllowed) == [before, after])
    }

    /// An event for a key that waits to be tried again may be what mends it; one for a hot key waits out the pause.
    @Test func whatIsToldRunsAtOnceButForAHotKey() async throws {
        let due = try await on { database in
            func nextDue() throws -> Int64? { try ChangeRow.nextDue(1, after: 0, database) }
            try Self.tell("a", at: 100, database)
            let row = try Self.due(at: 100, database)[0]
            try row.postpone(1, to: 60_000, attempts: 3, database)
            try Self.tell("a", at: 200, database)
            let afterRetry = try nextDue()
            let again = try Self.due(at: 200, database)[0]
            try Self.tell("a", at: 300, database)
            _ = try again.complete(1, claimedAt: 250, now: 300, database)
            for time in 301..<320 { try Self.tell("a", at: Int64(time), database) }
            return [afterRetry, try nextDue()]
        }
        #expect(due == [200, 325])
    }
}
