/// Hands elements from producers to consumers in order; a producer waits while it is full.
actor BoundedQueue<Element: Sendable> {
    private let capacity: Int
    private var elements: [Element] = []
    /// Of the first element that was not taken: taking from the front moves nothing.
    private var head = 0
    private var isFinished = false
    private var isClosed = false
    private var consumers: [CheckedContinuation<Void, Never>] = []
    private var producers: [CheckedContinuation<Void, Never>] = []

    init(capacity: Int) {
        self.capacity = capacity
    }

    private var count: Int { elements.count - head }

    /// - Throws: `CancellationError` once the queue is closed.
    func send(_ element: Element) async throws {
        while count >= capacity, !isClosed {
            await withCheckedContinuation { producers.append($0) }
        }
        if isClosed { throw CancellationError() }
        elements.append(element)
        consumers.popLast()?.resume()
    }

    /// Waits; nil when nothing is left and nothing will come.
    ///
    /// - Throws: `CancellationError` once the queue is closed: what was dropped must not look like an end.
    func next() async throws -> Element? {
        while count == 0, !isFinished, !isClosed {
            await withCheckedContinuation { consumers.append($0) }
        }
        if isClosed { throw CancellationError() }
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
        if count < capacity { producers.popLast()?.resume() }
        return element
    }

    /// Nothing more will be sent; what is held is still handed out.
    func finish() {
        isFinished = true
        wakeAll()
    }

    /// Everyone leaves at once; what is held is dropped.
    func close() {
        isClosed = true
        wakeAll()
    }

    private func wakeAll() {
        for waiter in consumers { waiter.resume() }
        for waiter in producers { waiter.resume() }
        consumers = []
        producers = []
    }
}
