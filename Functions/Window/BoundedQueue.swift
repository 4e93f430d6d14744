import Transport

/// Hands elements from producers to consumers in order; a producer waits while it is full.
///
/// A lock and not an actor: each element passes here twice, and a task that need not wait stays where it runs.
final class BoundedQueue<Element: Sendable>: Sendable {
    private typealias Waiter = CheckedContinuation<Void, Never>

    private struct State {
        var elements: [Element] = []
        /// Of the first element that was not taken: taking from the front moves nothing.
        var head = 0
        var isFinished = false
        var isClosed = false
        var consumers: [Waiter] = []
        var producers: [Waiter] = []

        var count: Int { elements.count - head }

        mutating func takeFirst() -> Element? {
            guard count > 0 else { return nil }
            let element = elements[head]
            head += 1
            if head == elements.count {
                elements.removeAll(keepingCapacity: true)
                head = 0
            } else if head >= 1024 {
                elements.removeFirst(head)
                head = 0
            }
            return element
        }

        mutating func everyone() -> [Waiter] {
            defer { (consumers, producers) = ([], []) }
            return consumers + producers
        }
    }

    private let capacity: Int
    private let state = Locked(State())

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// - Throws: `CancellationError` once the queue is closed.
    func send(_ element: Element) async throws {
        while true {
            var waiter: Waiter?
            let isTaken = try state.withLock { state throws(CancellationError) in
                if state.isClosed { throw CancellationError() }
                guard state.count < capacity else { return false }
                state.elements.append(element)
                waiter = state.consumers.popLast()
                return true
            }
            waiter?.resume()
            if isTaken { return }
            await wait(in: \.producers) { [capacity] in $0.count < capacity }
        }
    }

    /// Waits; nil when nothing is left and nothing will come.
    ///
    /// - Throws: `CancellationError` once the queue is closed: what was dropped must not look like an end.
    func next() async throws -> Element? {
        while true {
            var element: Element?
            var waiter: Waiter?
            let isOver = try state.withLock { state throws(CancellationError) in
                if state.isClosed { throw CancellationError() }
                element = state.takeFirst()
                guard element != nil else { return state.isFinished }
                waiter = state.producers.popLast()
                return false
            }
            waiter?.resume()
            if element != nil || isOver { return element }
            await wait(in: \.consumers) { $0.count > 0 || $0.isFinished }
        }
    }

    /// Returns when woken, or at once when there is no reason to wait any more.
    private func wait(
        in list: WritableKeyPath<State, [Waiter]> & Sendable,
        unless isOver: (State) -> Bool
    ) async {
        await withCheckedContinuation { waiter in
            let mustWait = state.withLock { state in
                if isOver(state) || state.isClosed { return false }
                state[keyPath: list].append(waiter)
                return true
            }
            if !mustWait { waiter.resume() }
        }
    }

    /// Nothing more will be sent; what is held is still handed out.
    func finish() {
        let waiters = state.withLock { state in
            state.isFinished = true
            return state.everyone()
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Everyone leaves at once; what is held is dropped.
    func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            return state.everyone()
        }
        for waiter in waiters { waiter.resume() }
    }
}
