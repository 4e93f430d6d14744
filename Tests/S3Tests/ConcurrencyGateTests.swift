import Testing

@testable import S3

@Suite struct ConcurrencyGateTests {
    private func cut(_ gate: ConcurrencyGate, to limit: Int) async {
        var now = ContinuousClock.now
        while gate.limit > limit {
            _ = await gate.enter()
            _ = await gate.enter()
            gate.leave(.throttled, now: now)
            gate.leave(.failed)
            now = now.advanced(by: .seconds(2))
        }
    }

    @Test func opensToAllUntilThrottled() async {
        let gate = ConcurrencyGate()
        for _ in 0..<100 { #expect(await gate.enter()) }
        #expect(gate.inside == 100)
        let start = ContinuousClock.now
        gate.leave(.throttled, now: start)
        #expect(gate.limit == 50)
        gate.leave(.throttled, now: start.advanced(by: .milliseconds(900)))
        #expect(gate.limit == 50)
        gate.leave(.throttled, now: start.advanced(by: .milliseconds(1100)))
        #expect(gate.limit == 25)
    }

    @Test func growsByOneForAsManyAnswersAsItAllows() async {
        let gate = ConcurrencyGate()
        await cut(gate, to: 1)
        #expect(gate.limit == 1)
        for expected in [2, 2, 3, 3, 3, 4] {
            _ = await gate.enter()
            gate.leave(.answered)
            #expect(gate.limit == expected)
        }
        _ = await gate.enter()
        gate.leave(.failed)
        #expect(gate.limit == 4)
    }

    @Test func waitersGoInOneByOneInOrder() async {
        let gate = ConcurrencyGate()
        await cut(gate, to: 1)
        #expect(await gate.enter())
        let (order, continuation) = AsyncStream.makeStream(of: Int.self)
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    guard await gate.enter() else { return }
                    continuation.yield(number)
                    gate.leave(.failed)
                }
                while gate.waiting <= number { await Task.yield() }
            }
            gate.leave(.failed)
        }
        continuation.finish()
        var seen: [Int] = []
        for await number in order { seen.append(number) }
        #expect(seen == [0, 1, 2, 3, 4])
        #expect(gate.inside == 0)
    }

    @Test func waitingEndsWithCancellation() async {
        let gate = ConcurrencyGate()
        await cut(gate, to: 1)
        #expect(await gate.enter())
        let waiting = Task { await gate.enter() }
        while gate.waiting == 0 { await Task.yield() }
        waiting.cancel()
        #expect(await waiting.value == false)
        #expect(gate.waiting == 0)
        let late = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return await gate.enter()
        }
        #expect(await late.value == false)
        gate.leave(.answered)
        #expect(gate.inside == 0)
        #expect(await gate.enter())
    }
}
