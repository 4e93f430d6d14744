import TestSupport
import Testing

@testable import Functions

struct BoundedQueueTests {
    @Test func handsOutInOrderAndThenEnds() async throws {
        let queue = BoundedQueue<Int>(capacity: 5000)
        for number in 0..<3000 { try await queue.send(number) }
        queue.finish()
        var taken: [Int] = []
        while let next = try await queue.next() { taken.append(next) }
        #expect(taken == Array(0..<3000))
        #expect(try await queue.next() == nil)
    }

    @Test func aProducerWaitsWhileItIsFull() async throws {
        let queue = BoundedQueue<Int>(capacity: 2)
        let sent = Collected<Int>()
        let full = Gate()
        let producer = Task {
            for number in 0..<5 {
                if number == 2 { await full.open() }
                try await queue.send(number)
                sent.append(number)
            }
        }
        await full.pass()
        for _ in 0..<200 { await Task.yield() }
        #expect(sent.all == [0, 1])
        for number in 0..<5 { #expect(try await queue.next() == number) }
        try await producer.value
        #expect(sent.all == Array(0..<5))
    }

    /// What is dropped must not look like the end.
    @Test func onceClosedEveryoneLeavesWithAnError() async throws {
        let queue = BoundedQueue<Int>(capacity: 1)
        try await queue.send(1)
        let waiting = Task { try await queue.send(2) }
        let empty = BoundedQueue<Int>(capacity: 1)
        let hungry = Task { try await empty.next() }
        for _ in 0..<200 { await Task.yield() }
        queue.close()
        empty.close()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        await #expect(throws: CancellationError.self) { _ = try await hungry.value }
        await #expect(throws: CancellationError.self) { try await queue.send(3) }
        queue.finish()
        await #expect(throws: CancellationError.self) { _ = try await queue.next() }
    }
}

struct WorkerWindowTests {
    struct Broken: Error, Equatable { var number: Int }

    @Test(arguments: [(1, 1), (4, 2), (32, 2048), (0, 1), (5000, 3)])
    func everythingSentIsConsumedOnce(_ concurrency: Int, _ capacity: Int) async throws {
        let consumed = Collected<Int>()
        let window = WorkerWindow<Int>(concurrency: concurrency, capacity: capacity)
        let produced = try await window.run { queue in
            for number in 0..<1000 { try await queue.send(number) }
            return "all"
        } consume: {
            consumed.append($0)
        }
        #expect(produced == "all")
        #expect(consumed.all.sorted() == Array(0..<1000))
        if concurrency <= 1 { #expect(consumed.all == Array(0..<1000)) }
    }

    @Test func noMoreThanAllowedAtOnce() async throws {
        let gate = Gate()
        let window = WorkerWindow<Int>(concurrency: 3, capacity: 2)
        let sent = Collected<Int>()
        let task = Task {
            try await window.run { queue in
                for number in 0..<20 {
                    try await queue.send(number)
                    sent.append(number)
                }
            } consume: { _ in
                await gate.pass()
            }
        }
        await gate.arrival(of: 3)
        for _ in 0..<500 { await Task.yield() }
        #expect(await gate.arrived == 3)
        // Three are worked on, and two wait.
        #expect(sent.all.count == 5)
        await gate.open()
        try await task.value
        #expect(await gate.arrived == 20)
    }

    /// What has begun ends undisturbed, nothing more is begun, and only then the stop is told.
    @Test func aStopLetsEndWhatHasBegun() async throws {
        let begun = Gate()
        let ended = Collected<Int>()
        let window = WorkerWindow<Int>(concurrency: 3, capacity: 2)
        let error = await #expect(throws: WindowStop.self) {
            try await window.run { queue in
                for number in 0... { try await queue.send(number) }
            } consume: { number in
                if number == 2 {
                    await begun.arrival(of: 2)
                    await begun.open()
                    throw WindowStop(message: "enough")
                }
                await begun.pass()
                for _ in 0..<200 { await Task.yield() }
                try Task.checkCancellation()
                ended.append(number)
            }
        }
        #expect(error?.message == "enough")
        #expect(ended.all.sorted() == [0, 1])
    }

    @Test func aStopOfTheProducerToo() async throws {
        let consumed = Collected<Int>()
        let window = WorkerWindow<Int>(concurrency: 2, capacity: 2)
        await #expect(throws: WindowStop.self) {
            try await window.run { queue in
                try await queue.send(1)
                while consumed.all.isEmpty { await Task.yield() }
                throw WindowStop(message: "enough")
            } consume: {
                consumed.append($0)
            }
        }
        #expect(consumed.all == [1])
    }

    /// An error is an error, stopped or not.
    @Test func anErrorAfterAStopIsWhatIsTold() async throws {
        let stopped = Gate()
        let window = WorkerWindow<Int>(concurrency: 2, capacity: 2)
        await #expect(throws: Broken.self) {
            try await window.run { queue in
                for number in 0..<2 { try await queue.send(number) }
            } consume: { number in
                if number == 1 {
                    await stopped.open()
                    throw WindowStop(message: "enough")
                }
                await stopped.pass()
                throw Broken(number: number)
            }
        }
    }

    @Test func theFirstErrorOfAWorkerEndsAll() async throws {
        let started = Gate()
        let window = WorkerWindow<Int>(concurrency: 4, capacity: 1)
        let error = await #expect(throws: Broken.self) {
            try await window.run { queue in
                for number in 0... { try await queue.send(number) }
            } consume: { number in
                guard number == 3 else {
                    await started.open()
                    return try await forever()
                }
                await started.pass()
                throw Broken(number: number)
            }
        }
        #expect(error == Broken(number: 3))
    }

    @Test func anErrorOfTheProducerEndsAll() async throws {
        let window = WorkerWindow<Int>(concurrency: 4, capacity: 1)
        let started = Gate()
        let error = await #expect(throws: Broken.self) {
            try await window.run { queue in
                try await queue.send(1)
                await started.pass()
                throw Broken(number: 7)
            } consume: { _ in
                await started.open()
                try await forever()
            }
        }
        #expect(error == Broken(number: 7))
    }

    @Test func cancellationWakesWhoWaits() async throws {
        let window = WorkerWindow<Int>(concurrency: 2, capacity: 1)
        let started = Gate()
        let starving = Task {
            try await window.run { queue in
                await started.open()
                try await forever()
            } consume: { _ in
            }
        }
        await started.pass()
        starving.cancel()
        await #expect(throws: CancellationError.self) { try await starving.value }
        let busy = Gate()
        let flooding = Task {
            try await window.run { queue in
                for number in 0... { try await queue.send(number) }
            } consume: { _ in
                await busy.open()
                try await forever()
            }
        }
        await busy.pass()
        flooding.cancel()
        await #expect(throws: CancellationError.self) { try await flooding.value }
    }

    /// The producer had ended, the workers hear nothing of the cancellation: what they did not begin is lost,
    /// so the run is not whole.
    @Test func aCancelledWindowNeverLooksWhole() async throws {
        let gate = Gate()
        let produced = Gate()
        let consumed = Collected<Int>()
        let window = WorkerWindow<Int>(concurrency: 2, capacity: 100)
        let task = Task {
            try await window.run { queue in
                for number in 0..<50 { try await queue.send(number) }
                await produced.open()
            } consume: { number in
                await gate.pass()
                consumed.append(number)
            }
        }
        await produced.pass()
        await gate.arrival(of: 2)
        task.cancel()
        // The queue is closed by a task that the cancellation started.
        for _ in 0..<500 { await Task.yield() }
        await gate.open()
        let result = await task.result
        if consumed.all.count < 50 {
            #expect(throws: CancellationError.self) { try result.get() }
        }
    }

    /// A lost wake-up would hang here: whatever the order, each run ends, with all of it or with its error.
    @Test(arguments: 0..<30 as Range<UInt64>)
    func losesNoWakeUp(_ seed: UInt64) async throws {
        var random = SeededRandom(seed: seed)
        let count = Int(random.next() % 400)
        let concurrency = Int(random.next() % 9) + 1
        let capacity = Int(random.next() % 5) + 1
        let breaksAt = random.next() % 2 == 0 ? Int(random.next() % 400) : Int.max
        let yields = (0..<64).map { _ in Int(random.next() % 4) }
        let cancelsAt = random.next() % 3 == 0 ? Int(random.next() % 200) : Int.max
        let consumed = Collected<Int>()
        let task = Task {
            try await WorkerWindow<Int>(concurrency: concurrency, capacity: capacity).run { queue in
                for number in 0..<count {
                    for _ in 0..<yields[number % 64] { await Task.yield() }
                    try await queue.send(number)
                }
            } consume: { number in
                for _ in 0..<yields[(number + 7) % 64] { await Task.yield() }
                if number == breaksAt { throw Broken(number: number) }
                consumed.append(number)
            }
        }
        if cancelsAt < 200 {
            for _ in 0..<cancelsAt { await Task.yield() }
            task.cancel()
        }
        switch await task.result {
        case .success: #expect(consumed.all.sorted() == Array(0..<count))
        case .failure(let error as Broken): #expect(error.number == breaksAt)
        case .failure(let error):
            #expect(error is CancellationError)
            #expect(cancelsAt < 200)
        }
        #expect(Set(consumed.all).count == consumed.all.count)
    }
}
