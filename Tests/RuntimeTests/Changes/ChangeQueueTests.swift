import GRDB
import TestSupport
import Testing
import Transport

@testable import Runtime

@Suite struct ChangeQueueTests {
    @Test func manyEventsOfOneKeyAreOneInvocation() async throws {
        let stage = try ChangeStage()
        stage.answer { _, _ in .done }
        let queue = try await stage.open()
        for _ in 0..<50 { try await queue.accept([stage.change("a"), stage.change("b")]) }
        #expect(try await stage.count("changes") == 2)
        try await stage.emptied(queue)
        #expect(Set(stage.runs.withLock { $0.map(\.key) }) == ["a", "b"])
        #expect(stage.runs.withLock { $0.count } == 2)
    }

    @Test func whatIsToldWhileItRunsRunsOnceMore() async throws {
        let stage = try ChangeStage()
        let link = Locked<ChangeQueue?>(nil)
        stage.answer { [unowned stage] key, count in
            guard count == 1, let queue = link.withLock({ $0 }) else { return .done }
            for _ in 0..<10 {
                do { try await queue.accept([stage.change(key)]) } catch { return .failed }
            }
            return .done
        }
        let queue = try await stage.open()
        link.withLock { $0 = queue }
        try await queue.accept([stage.change("a")])
        try await stage.emptied(queue)
        #expect(stage.runs.withLock { $0.count } == 2)
    }

    /// A model of a store: what a run saw last of a key is what was written last, with never two runs of a key at a time.
    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func manyTellersEndRight(_ seed: UInt64) async throws {
        struct Model {
            var written: [String: Int] = [:]
            var seen: [String: Int] = [:]
            var running: [String: Int] = [:]
            var isTwice = false
            var most = 0
        }
        let stage = try ChangeStage()
        let model = Locked(Model())
        stage.answer { key, count in
            let version = model.withLock { model in
                model.running[key, default: 0] += 1
                if model.running[key]! > 1 { model.isTwice = true }
                model.most = max(model.most, model.running.values.reduce(0, +))
                return model.written[key]!
            }
            for _ in 0..<(count % 7) { await Task.yield() }
            return model.withLock { model in
                model.running[key]! -= 1
                guard count % 11 != 0 else { return .failed }
                model.seen[key] = version
                return .done
            }
        }
        let queue = try await stage.open(concurrency: 5)
        try await stage.draining(queue) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for teller in 0..<8 {
                    group.addTask {
                        var random = SeededRandom(seed: seed << 8 | UInt64(teller))
                        for _ in 0..<60 {
                            let key = "k\(Int.random(in: 0..<12, using: &random))"
                            model.withLock { $0.written[key, default: 0] += 1 }
                            let priority: Change.Priority =
                                Bool.random(using: &random) ? .live : .backfill
                            try await queue.accept([stage.change(key, "s", priority)])
                        }
                    }
                }
                try await group.waitForAll()
            }
            // What has failed is asked for again, until nothing has.
            repeat {
                try await stage.until { try await stage.count("changes") == 0 }
            } while try await ChangeFailure.replay(stage.stage.database) > 0
        }
        let end = model.withLock { $0 }
        #expect(end.seen == end.written, "seed \(seed)")
        #expect(!end.isTwice, "seed \(seed)")
        #expect(end.most <= 5, "seed \(seed)")
        #expect(try await stage.count("change_failures") == 0)
    }

    @Test func liveGoesBeforeBackfill() async throws {
        let stage = try ChangeStage()
        stage.answer { _, _ in .done }
        let queue = try await stage.open(concurrency: 1)
        try await queue.acceptScanned(
            ["b1", "b2"].map { Array($0.utf8) }, subscription: "s", isDeleteAllowed: false,
            checkpoint: Array("b2".utf8))
        try await queue.accept([stage.change("l1"), stage.change("b2"), stage.change("l2")])
        #expect(try await queue.waiting("s", .backfill, limit: 10) == 1)
        try await stage.emptied(queue)
        let keys = stage.runs.withLock { $0.map(\.key) }
        #expect(Set(keys.prefix(3)) == ["l1", "l2", "b2"])
        #expect(keys.last == "b1")
    }

    @Test func whatFailsInPassingIsTriedAgainLaterAndCounted() async throws {
        let stage = try ChangeStage()
        stage.answer { _, count in count < 4 ? .again : .done }
        let queue = try await stage.open()
        try await queue.accept([stage.change("a")])
        try await stage.draining(queue) {
            for attempts in 1...3 {
                try await stage.until {
                    try await stage.stage.database.read {
                        try Int.fetchOne($0, sql: "SELECT attempts FROM changes") == attempts
                    }
                }
                let wait = try await stage.stage.database.read {
                    try Int64.fetchOne($0, sql: "SELECT due_ms - first_ms FROM changes")!
                }
                #expect(wait >= 1000 << (attempts - 1))
                stage.offset.withLock { $0 += 1000 << Int64(attempts - 1) }
                queue.lanes[0].raise()
            }
            try await stage.until { try await stage.count("changes") == 0 }
        }
        #expect(stage.runs.withLock { $0.count } == 4)
        let lines = try await stage.stage.database.read {
            try Int.fetchAll($0, sql: "SELECT attempt FROM ledger_invocations ORDER BY attempt")
        }
        #expect(lines == [1, 2, 3, 4])
    }

    @Test func whatIsGivenUpIsListedAndLeavesWhenItSucceeds() async throws {
        let stage = try ChangeStage()
        let answer = Locked(ChangeStage.Answer.failed)
        stage.answer { _, _ in answer.withLock { $0 } }
        let queue = try await stage.open(["s", "t"])
        try await queue.accept([stage.change("a"), stage.change("b"), stage.change("a", "t")])
        try await stage.emptied(queue)
        let database = stage.stage.database
        let failures = try await ChangeFailure.list(database)
        #expect(failures.map(\.subscription) == ["s", "s", "t"])
        #expect(failures.map(\.key) == [[0x61], [0x62], [0x61]])
        #expect(failures.allSatisfy { $0.kind == "Bad" && $0.attempts == 1 })
        #expect(try await ChangeFailure.list(database, subscriptions: ["t"]).count == 1)
        #expect(try await ChangeFailure.list(database, key: [0x61]).count == 2)
        #expect(try await ChangeFailure.list(database, kind: "Other").isEmpty)
        #expect(
            try await ChangeFailure.list(database, after: ("s", [0x61])).map(\.subscription)
                == ["s", "t"])
        #expect(try await ChangeFailure.list(database, limit: 1).count == 1)
        #expect(try await queue.status().map(\.failed) == [2, 1])
        // The next event for a key takes it away when it goes well.
        answer.withLock { $0 = .done }
        let next = try await stage.open(["s", "t"])
        try await next.accept([stage.change("a")])
        try await stage.emptied(next)
        #expect(try await ChangeFailure.list(database).map(\.key) == [[0x62], [0x61]])
    }

    @Test func aReplayAgreesToDeletesAndJoinsWhatWaits() async throws {
        let stage = try ChangeStage()
        let answer = Locked(ChangeStage.Answer.failed)
        stage.answer { _, _ in answer.withLock { $0 } }
        let queue = try await stage.open()
        try await queue.accept(["a", "b", "c"].map { stage.change($0) })
        try await stage.emptied(queue)
        answer.withLock { $0 = .done }
        let database = stage.stage.database
        let next = try await stage.open()
        try await next.accept([stage.change("a", "s", .backfill)])
        #expect(try await ChangeFailure.replay(database, key: [0x63]) == 1)
        #expect(try await ChangeFailure.replay(database, subscriptions: ["other"]) == 0)
        #expect(try await ChangeFailure.replay(database, subscriptions: ["s"], kind: "Bad") == 2)
        #expect(try await stage.count("changes") == 3)
        #expect(try await stage.count("change_failures") == 0)
        stage.runs.withLock { $0 = [] }
        try await stage.emptied(next)
        let runs = stage.runs.withLock { $0.sorted { $0.key < $1.key } }
        #expect(runs == ["a", "b", "c"].map { .init(key: $0, isDeleteAllowed: true) })
    }

    @Test func whatWaitedRunsAfterARestartAndWhatIsDroppedIsForgotten() async throws {
        let stage = try ChangeStage()
        stage.answer { _, _ in .failed }
        let first = try await stage.open(["s", "t"])
        try await first.accept([stage.change("bad", "t")])
        try await stage.emptied(first)
        try await first.accept([stage.change("a"), stage.change("b", "t")])
        // Another queue on the file, as after a start, without the one and with a new one.
        let next = try ChangeStage(folder: stage.stage.folder)
        next.answer { _, _ in .done }
        let queue = try await next.open(["u", "s"])
        #expect(try await ChangeQueue.subscriptionNames(next.stage.database) == ["s", "u"])
        #expect(try await next.count("changes") == 1)
        #expect(try await next.count("change_failures") == 0)
        try await queue.accept([next.change("c", "t")])
        try await next.emptied(queue)
        #expect(next.runs.withLock { $0.map(\.key) } == ["a"])
    }

    @Test func itsLineOnTheBillNamesTheRule() async throws {
        let stage = try ChangeStage()
        stage.answer { key, _ in key == "a" ? .done : .failed }
        let queue = try await stage.open()
        try await queue.accept([stage.change("a"), stage.change("b")])
        try await stage.emptied(queue)
        let entries = try await stage.stage.database.read {
            try String.fetchAll($0, sql: "SELECT rule FROM ledger_functions")
        }
        #expect(entries == ["rule of s"])
        #expect(try await stage.count("ledger_invocations") == 2)
    }

    @Test func whatIsCutOffStaysAsItWasAndIsOnTheBill() async throws {
        let stage = try ChangeStage()
        let (inside, never) = (Signal(), Signal())
        stage.answer { _, _ in
            inside.raise()
            await never.wait(atMost: nil)
            return .cutOff
        }
        let queue = try await stage.open()
        try await queue.accept([stage.change("a", isDeleteAllowed: true)])
        func row() async throws -> [ChangeRow] {
            let now = stage.clock()
            return try await stage.stage.database.read {
                try ChangeRow.due(1, at: now, limit: 9, running: [], $0)
            }
        }
        let before = try await row()
        try await stage.draining(queue) {
            await inside.wait(atMost: nil)
            queue.stop()
            queue.cutOff()
            never.raise()
        }
        #expect(before.count == 1)
        #expect(try await row() == before)
        #expect(try await stage.count("ledger_invocations") == 1)
    }

    @Test func whatNobodyCanReadIsKeptWithinABound() async throws {
        let stage = try ChangeStage()
        let queue = try await stage.open()
        try await stage.stage.database.write {
            try $0.execute(
                sql: """
                    INSERT INTO parked_events (id, received_ms, reason, body) VALUES (1, 0, 'first', x''),
                        (\(ChangeQueue.parkedMaximum), 0, 'last', x'')
                    """)
        }
        try await queue.park([0xFF, 0x00], reason: String(repeating: "r", count: 5000))
        let kept = try await stage.stage.database.read {
            try Row.fetchAll($0, sql: "SELECT length(reason), body FROM parked_events ORDER BY id")
                .map { ($0[0] as Int, [UInt8](blob: $0[1])) }
        }
        #expect(kept.map(\.0) == [4, 2000])
        #expect(kept.last?.1 == [0xFF, 0x00])
    }
}
