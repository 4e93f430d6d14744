import GRDB
import TestSupport
import Testing
import Transport

@testable import Runtime

@Suite struct ScanLoopTests {
    private static let start: Int64 = 1_795_615_200_000
    private static let period: Int64 = 3_600_000

    /// One scan on a clock that moves as it is told to; the function answers in turn.
    private final class ScanStage: Sendable {
        let stage: ChangeStage
        let loop: ScanLoop
        let seen = Locked<[String]>([])
        let answers: Locked<[String]>

        /// - Parameter answers: "end", "fail" or what to go on from; when there are no more, "end".
        init(
            _ answers: [String], backfills: Bool = true, scheduled: Bool = true,
            existing: ChangeStage? = nil
        ) async throws {
            let stage = try existing ?? ChangeStage(frozenAt: ScanLoopTests.start)
            self.stage = stage
            self.answers = Locked(answers)
            let queue = try await stage.open()
            let (next, seen, progressed) = (self.answers, seen, stage.progressed)
            stage.stage.add("scan") { event in
                seen.withLock { $0.append(String(decoding: event.payload, as: UTF8.self)) }
                progressed.raise()
                let answer = next.withLock { $0.isEmpty ? "end" : $0.removeFirst() }
                return answer == "error" ? Stage.failure : Stage.success(answer)
            }
            let scan = SubscriptionScan(
                subscription: "s", rule: "rule of s", functionName: "scan",
                next: { endedAt, createdAt in
                    if endedAt == nil, backfills { return createdAt }
                    return scheduled ? (endedAt ?? createdAt) + ScanLoopTests.period : nil
                },
                payload: { Array("from ".utf8) + ($0 ?? Array("the start".utf8)) },
                ending: { answer in
                    switch String(decoding: answer.payload, as: UTF8.self) {
                    case "end": .ended(report: #"{"found":1}"#)
                    case "fail": .failed(message: "it failed")
                    default: .goesOn(checkpoint: answer.payload)
                    }
                })
            loop = ScanLoop(
                scan, id: queue.lanes[0].id, database: stage.stage.database,
                directory: stage.directory, runner: stage.runner, logger: ChangeStage.quiet,
                clock: stage.clock)
        }

        func state() async throws -> ScanState {
            try await stage.stage.database.read { try ScanState.read(1, $0) }
        }

        func move(by milliseconds: Int64) {
            stage.offset.withLock { $0 += milliseconds }
            loop.wake()
        }

        func until(_ count: Int, _ isEnded: Bool = true) async throws {
            try await stage.until {
                guard seen.withLock({ $0.count }) >= count else { return false }
                return try await state().begunAt == nil || !isEnded
            }
        }

        func running(_ body: () async throws -> Void) async throws {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await self.loop.run() }
                do { try await body() } catch {
                    loop.stop()
                    throw error
                }
                loop.stop()
                try await group.waitForAll()
            }
        }
    }

    @Test func backfillsAtOnceThenByTheScheduleAndCatchesUpOnce() async throws {
        let stage = try await ScanStage([])
        try await stage.running {
            try await stage.until(1)
            stage.move(by: Self.period - 1)
            for _ in 0..<200 { await Task.yield() }
            #expect(stage.seen.withLock { $0.count } == 1)
            stage.move(by: 1)
            try await stage.until(2)
            // Ten were missed.
            stage.move(by: 10 * Self.period)
            try await stage.until(3)
            for _ in 0..<200 { await Task.yield() }
        }
        #expect(stage.seen.withLock { $0 } == Array(repeating: "from the start", count: 3))
        #expect(try await stage.state().endedAt == Self.start + 11 * Self.period)
        let rules = try await stage.stage.stage.database.read {
            try String.fetchAll($0, sql: "SELECT rule FROM ledger_functions")
        }
        #expect(rules == ["rule of s"])
        #expect(try await stage.stage.count("ledger_invocations") == 3)
    }

    @Test func goesOnFromWhereItWas() async throws {
        let stage = try await ScanStage(["k1", "k2", "end"])
        try await stage.running { try await stage.until(3) }
        #expect(stage.seen.withLock { $0 } == ["from the start", "from k1", "from k2"])
        let state = try await stage.state()
        #expect(state.checkpoint == nil)
        #expect(state.begunAt == nil)
    }

    @Test(arguments: ["fail", "error"])
    func whatFailedIsTriedAgain(_ failure: String) async throws {
        let stage = try await ScanStage(["k1", failure, "end"])
        try await stage.running {
            try await stage.stage.until { stage.loop.failure.withLock { $0 } != nil }
            #expect(
                stage.loop.failure.withLock { $0 } == (failure == "fail" ? "it failed" : "no"))
            // Told that it need not wait.
            stage.loop.wake()
            try await stage.until(3)
            try await stage.stage.until { stage.loop.failure.withLock { $0 } == nil }
        }
        #expect(stage.seen.withLock { $0 } == ["from the start", "from k1", "from k1"])
    }

    @Test func oneThatWasCutOffGoesOnAfterARestart() async throws {
        let first = try await ScanStage(["k1", "fail"])
        try await first.running {
            try await first.stage.until { first.loop.failure.withLock { $0 } != nil }
        }
        #expect(try await first.state().begunAt == Self.start)
        let reopened = try ChangeStage(folder: first.stage.stage.folder, frozenAt: Self.start)
        let next = try await ScanStage([], existing: reopened)
        try await next.running { try await next.until(1) }
        #expect(next.seen.withLock { $0 } == ["from k1"])
    }

    @Test func isAskedForWhateverTheScheduleSays() async throws {
        let stage = try await ScanStage([], backfills: false, scheduled: false)
        try await stage.running {
            for _ in 0..<200 { await Task.yield() }
            #expect(stage.seen.withLock { $0.isEmpty })
            stage.loop.ask()
            try await stage.until(1)
            stage.loop.ask()
            try await stage.until(2)
        }
        #expect(stage.seen.withLock { $0.count } == 2)
    }

    /// One that goes on has not seen what changed behind it.
    @Test func whoAsksWhileOneRunsGetsAnother() async throws {
        let stage = try await ScanStage(["k1", "fail", "end", "end"])
        try await stage.running {
            try await stage.stage.until { stage.loop.failure.withLock { $0 } != nil }
            stage.loop.ask()
            try await stage.until(4)
        }
        #expect(
            stage.seen.withLock { $0 } == [
                "from the start", "from k1", "from k1", "from the start",
            ]
        )
    }
}
