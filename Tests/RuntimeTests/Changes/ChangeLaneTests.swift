import GRDB
import TestSupport
import Testing
import Transport

@testable import Runtime

@Suite struct ChangeLaneTests {
    private static let start: Int64 = 1_795_615_200_000

    /// One lane whose function answers as it is told to, with `keys` waiting.
    private func stage(
        keys: Int, _ answer: Locked<ChangeStage.Answer>, concurrency: Int = 4
    ) async throws -> (ChangeStage, ChangeQueue) {
        let stage = try ChangeStage(frozenAt: Self.start)
        stage.answer { _, _ in answer.withLock { $0 } }
        let queue = try await stage.open(concurrency: concurrency)
        try await queue.accept((0..<keys).map { stage.change("k\($0)") })
        return (stage, queue)
    }

    private func isQuiet(_ queue: ChangeQueue) -> Bool {
        let condition = queue.lanes[0].condition
        return condition.trouble != nil && condition.running == 0
    }

    @Test func failuresInARowHoldItAndLetOneProbeThrough() async throws {
        let answer = Locked(ChangeStage.Answer.again)
        let (stage, queue) = try await stage(keys: 40, answer)
        try await stage.draining(queue) {
            try await stage.until { isQuiet(queue) }
            let first = stage.runs.withLock { $0.count }
            #expect((8..<12).contains(first))
            #expect(queue.lanes[0].condition.trouble == "it is away")
            // Each pause is twice the one before, and one runs after each.
            for (probe, pause) in [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000].enumerated() {
                stage.offset.withLock { $0 += Int64(pause) - 1 }
                queue.lanes[0].raise()
                for _ in 0..<200 { await Task.yield() }
                #expect(stage.runs.withLock { $0.count } == first + probe)
                stage.offset.withLock { $0 += 1 }
                queue.lanes[0].raise()
                try await stage.until {
                    stage.runs.withLock { $0.count } > first + probe && isQuiet(queue)
                }
                #expect(stage.runs.withLock { $0.count } == first + probe + 1)
            }
            answer.withLock { $0 = .done }
            stage.offset.withLock { $0 += 400_000 }
            queue.lanes[0].raise()
            try await stage.until { try await stage.count("changes") == 0 }
        }
        #expect(queue.lanes[0].condition.trouble == nil)
    }

    /// Of many at once one goes well: there is no reason to wait.
    @Test func aSuccessReleasesIt() async throws {
        let stage = try ChangeStage(frozenAt: Self.start)
        let (inside, go) = (Signal(), Signal())
        stage.answer { key, count in
            guard key == "slow" else { return count > 9 ? .done : .again }
            inside.raise()
            await go.wait(atMost: nil)
            return .done
        }
        let queue = try await stage.open(concurrency: 2)
        try await queue.accept([stage.change("slow")])
        try await stage.draining(queue) {
            await inside.wait(atMost: nil)
            try await queue.accept((0..<20).map { stage.change("k\($0)") })
            try await stage.until {
                let condition = queue.lanes[0].condition
                return condition.trouble != nil && condition.running == 1
            }
            // The clock stands still: what holds it does not end by itself.
            go.raise()
            try await stage.until { try await stage.count("changes WHERE attempts = 0") == 0 }
        }
    }

    @Test func noMoreAtOnceThanItMay() async throws {
        let stage = try ChangeStage()
        let running = Locked((now: 0, most: 0))
        stage.answer { _, _ in
            running.withLock { running in
                running.now += 1
                running.most = max(running.most, running.now)
            }
            for _ in 0..<5 { await Task.yield() }
            running.withLock { $0.now -= 1 }
            return .done
        }
        let queue = try await stage.open(concurrency: 3)
        try await queue.accept((0..<200).map { stage.change("k\($0)") })
        try await stage.emptied(queue)
        #expect(running.withLock { $0.most } == 3)
        #expect(stage.runs.withLock { $0.count } == 200)
    }

    /// Nothing ran, so nothing is counted.
    @Test func aFunctionThatMayNotRunLosesNothing() async throws {
        let stage = try ChangeStage()
        stage.answer(reserved: 0) { _, _ in .done }
        let queue = try await stage.open()
        try await queue.accept((0..<5).map { stage.change("k\($0)") })
        try await stage.draining(queue) {
            try await stage.until {
                let condition = queue.lanes[0].condition
                return condition.running == 0 && queue.lanes[0].isHeld
            }
            #expect(try await stage.count("changes WHERE attempts = 0") == 5)
            stage.answer { _, _ in .done }
            stage.offset.withLock { $0 += 1000 }
            queue.lanes[0].raise()
            try await stage.until { try await stage.count("changes") == 0 }
        }
        #expect(try await stage.count("ledger_invocations") == 5)
    }

    /// Another process writes without a signal, as `brigade failures replay` does.
    @Test func whatAnotherProcessWritesIsSeen() async throws {
        let stage = try ChangeStage()
        stage.answer { _, _ in .done }
        let queue = try await stage.open()
        try await stage.draining(queue) {
            let change = stage.change("a")
            try await stage.stage.database.write {
                try ChangeRow.tell(change, 1, now: change.happenedAt, $0)
            }
            try await stage.until { stage.runs.withLock { $0.count } == 1 }
        }
        #expect(try await stage.count("changes") == 0)
    }

    @Test func theStatusSaysWhereItStands() async throws {
        let answer = Locked(ChangeStage.Answer.done)
        let (stage, queue) = try await stage(keys: 4, answer)
        stage.offset.withLock { $0 += 3000 }
        var status = try await queue.status()[0]
        #expect(status.subscription == "s")
        #expect(status.name == "rule of s")
        #expect(status.pending == 4)
        #expect(status.oldestPendingSeconds == 3)
        #expect(status.lagSeconds == .init())
        try await stage.emptied(queue)
        status = try await queue.status()[0]
        #expect(status.pending == 0)
        #expect(status.replicated == 4)
        #expect(status.shareInTime == 1)
        #expect(abs(try #require(status.lagSeconds.p50) - 3) <= 0.15)
    }
}
