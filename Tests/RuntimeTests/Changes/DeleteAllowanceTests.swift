import TestSupport
import Testing

@testable import Runtime

@Suite struct DeleteAllowanceTests {
    private static let day: Int64 = 86_400_000

    @Test func whatIsReservedCountsUntilItIsGivenBack() {
        let allowance = DeleteAllowance(maximum: 2)
        #expect(allowance.reserve(now: 0))
        #expect(allowance.reserve(now: 0))
        #expect(!allowance.reserve(now: 0))
        #expect(allowance.isReached(now: 0))
        allowance.settle(isDone: false, now: 0)
        #expect(!allowance.isReached(now: 0))
        #expect(allowance.reserve(now: 0))
        allowance.settle(isDone: true, now: 0)
        allowance.settle(isDone: true, now: 0)
        #expect(!allowance.reserve(now: Self.day))
        #expect(allowance.reserve(now: Self.day + 60_000))
        #expect(!DeleteAllowance(maximum: 0).reserve(now: 0))
    }

    /// Whenever they are asked for, no 24 hours hold more than the maximum.
    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func neverMoreInADay(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let maximum = Int.random(in: 1...20, using: &random)
        let allowance = DeleteAllowance(maximum: maximum)
        var now: Int64 = 1_795_615_200_000
        var open = 0
        var done: [Int64] = []
        for _ in 0..<3000 {
            let step: Int64 = Bool.random(using: &random) ? 600_000 : 90_000_000 / Int64(maximum)
            now += Int64.random(in: 0...step, using: &random)
            if Bool.random(using: &random), open > 0 {
                open -= 1
                let isDone = Int.random(in: 0..<4, using: &random) > 0
                allowance.settle(isDone: isDone, now: now)
                if isDone { done.append(now) }
            } else if allowance.reserve(now: now) {
                open += 1
            }
        }
        #expect(done.count > maximum, "seed \(seed)")
        for (index, time) in done.enumerated().dropFirst(maximum) {
            #expect(time - done[index - maximum] >= Self.day, "seed \(seed)")
        }
    }

    @Test func manyAtOnceGetNoMoreThanThereIs() async {
        let allowance = DeleteAllowance(maximum: 100)
        let count = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<50).count { _ in allowance.reserve(now: 0) } }
            }
            return await group.reduce(0, +)
        }
        #expect(count == 100)
    }

    /// Counted where the change's end is written, and not for what a person has agreed to.
    @Test func itSurvivesReopening() async throws {
        let start: Int64 = 1_795_615_200_000
        let stage = try ChangeStage(frozenAt: start)
        stage.answer { key, _ in key == "kept" ? .done : .deleted }
        let queue = try await stage.open(allowances: ["s": 3])
        try await queue.accept([
            stage.change("a"), stage.change("b"), stage.change("kept"),
            stage.change("agreed", isDeleteAllowed: true),
        ])
        try await stage.emptied(queue)
        func left(after time: Int64) async throws -> Int {
            let next = try ChangeStage(folder: stage.stage.folder, frozenAt: start + time)
            let allowance = try #require(
                try await next.open(allowances: ["s": 3]).allowance("s"))
            return (0..<10).count { _ in allowance.reserve(now: start + time) }
        }
        #expect(try await left(after: 0) == 1)
        #expect(try await left(after: Self.day - 1) == 1)
        #expect(try await left(after: Self.day + 60_000) == 3)
        #expect(queue.allowance("other") == nil)
    }
}
