import Transport

/// Holds tasks back until a test opens it: no test sleeps.
actor Gate {
    private var isOpen = false
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var arrivals: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    private(set) var arrived = 0

    /// Waits until it is open; deaf to cancellation, as work can be.
    func pass() async {
        arrived += 1
        let reached = arrivals.filter { $0.count <= arrived }
        arrivals.removeAll { $0.count <= arrived }
        for arrival in reached { arrival.continuation.resume() }
        guard !isOpen else { return }
        await withCheckedContinuation { waiting.append($0) }
    }

    /// Returns when so many have come.
    func arrival(of count: Int = 1) async {
        guard arrived < count else { return }
        await withCheckedContinuation { arrivals.append((count, $0)) }
    }

    func open() {
        isOpen = true
        for waiter in waiting { waiter.resume() }
        waiting = []
    }
}

/// Waits until it is cancelled, and for nothing else.
func forever() async throws {
    let (stream, keepsOpen) = AsyncStream.makeStream(of: Never.self)
    for await _ in stream {}
    _ = keepsOpen
    try Task.checkCancellation()
}

/// Collects from several tasks.
final class Collected<Element: Sendable>: Sendable {
    private let state = Locked<[Element]>([])
    func append(_ element: Element) { state.withLock { $0.append(element) } }
    var all: [Element] { state.withLock { $0 } }
}
