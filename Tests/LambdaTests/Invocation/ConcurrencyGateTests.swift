import TestSupport
import Testing

@testable import Runtime

struct RuntimeGateTests {
    /// Begins to wait, and returns the task once it is in line: the gate has no window to look through,
    /// so enough turns are given for one that is runnable to run.
    private func settle() async {
        for _ in 0..<200 { await Task.yield() }
    }

    @Test func letsWaitersInInOrder() async throws {
        let gate = ConcurrencyGate(limit: 1)
        try await gate.enter()
        let order = Collected<Int>()
        let inside = Gate()
        var tasks: [Task<Void, any Error>] = []
        for number in 0..<5 {
            let coming = Gate()
            tasks.append(
                Task {
                    await coming.open()
                    try await gate.enter()
                    order.append(number)
                    await inside.pass()
                })
            await coming.pass()
            await settle()
        }
        #expect(order.all == [])
        for number in 0..<5 {
            gate.leave()
            await inside.arrival(of: number + 1)
        }
        #expect(order.all == Array(0..<5))
        await inside.open()
        for task in tasks { try await task.value }
    }

    @Test func whoIsCancelledLeavesTheLineAndTakesNoPlace() async throws {
        let gate = ConcurrencyGate(limit: 1)
        try await gate.enter()
        let cancelled = Task { try await gate.enter() }
        let patient = Task { try await gate.enter() }
        await settle()
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        gate.leave()
        try await patient.value
        gate.leave()
        // The place is free again.
        try await gate.enter()
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func neitherLosesNorAddsAPlace(_ seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let limit = Int(random.next() % 4 + 1)
        let gate = ConcurrencyGate(limit: limit)
        let turns = (0..<200).map { _ in
            (cancels: random.next() % 3 == 0, yields: random.next() % 8)
        }
        let inside = Counter()
        await withTaskGroup(of: Void.self) { group in
            for turn in turns {
                group.addTask {
                    let task = Task {
                        try await gate.enter()
                        await inside.enter()
                        for _ in 0..<turn.yields { await Task.yield() }
                        await inside.leave()
                        gate.leave()
                    }
                    for _ in 0..<turn.yields { await Task.yield() }
                    if turn.cancels { task.cancel() }
                    _ = await task.result
                }
            }
        }
        #expect(await inside.most <= limit)
        #expect(await inside.now == 0)
        // Every place came back: all of them can be taken at once.
        for _ in 0..<limit { try await gate.enter() }
    }

    private actor Counter {
        private(set) var now = 0
        private(set) var most = 0
        func enter() {
            now += 1
            most = max(most, now)
        }
        func leave() { now -= 1 }
    }
}

struct DeadlineSweeperTests {
    @Test func cancelsWhatIsDueAndNothingElse() async {
        let sweeper = DeadlineSweeper()
        let due = Gate()
        let late = Collected<Int>()
        let later = sweeper.watch(until: .now + .seconds(3600)) { late.append(1) }
        let first = sweeper.watch(until: .now) { Task { await due.open() } }
        await due.pass()
        #expect(sweeper.forget(first))
        #expect(!sweeper.forget(later))
        #expect(late.all == [])
        // Forgotten, and not known any more.
        #expect(!sweeper.forget(first))
    }

    @Test func wakesAgainAfterItHadNothingToDo() async {
        let sweeper = DeadlineSweeper()
        for _ in 0..<3 {
            let due = Gate()
            let ticket = sweeper.watch(until: .now) { Task { await due.open() } }
            await due.pass()
            #expect(sweeper.forget(ticket))
        }
    }

    @Test func cancelsOnlyOnce() async {
        let sweeper = DeadlineSweeper()
        let cancelled = Collected<Int>()
        let ticket = sweeper.watch(until: .now) { cancelled.append(1) }
        // Two more deadlines, one after the other: the sweeper looks at all three each time.
        for _ in 0..<2 {
            let due = Gate()
            let other = sweeper.watch(until: .now + .milliseconds(1)) { Task { await due.open() } }
            await due.pass()
            _ = sweeper.forget(other)
        }
        #expect(cancelled.all == [1])
        #expect(sweeper.forget(ticket))
    }
}
