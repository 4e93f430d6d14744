/// A bounded number of workers beside one producer, joined by a bounded queue.
struct WorkerWindow<Element: Sendable>: Sendable {
    static var mostWorkers: Int { 1024 }

    /// Elements worked on at once.
    var concurrency: Int
    /// Elements produced and not yet begun: the producer waits when there are more.
    var capacity: Int

    /// Returns what `produce` returned when everything it sent is consumed. The first error of either
    /// side cancels all, and a cancelled run never returns as if it were whole.
    func run<Produced: Sendable>(
        produce: @escaping @Sendable (BoundedQueue<Element>) async throws -> Produced,
        consume: @escaping @Sendable (Element) async throws -> Void
    ) async throws -> Produced {
        let queue = BoundedQueue<Element>(capacity: capacity)
        return try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Produced?.self) { group in
                group.addTask {
                    let produced = try await produce(queue)
                    queue.finish()
                    return produced
                }
                for _ in 0..<min(max(1, concurrency), Self.mostWorkers) {
                    group.addTask {
                        while let next = try await queue.next() { try await consume(next) }
                        return nil
                    }
                }
                do {
                    var produced: Produced?
                    while let ended = try await group.next() { produced = ended ?? produced }
                    guard let produced else { throw CancellationError() }
                    return produced
                } catch {
                    // Wakes who waits at the queue, so that the group can end.
                    queue.close()
                    throw error
                }
            }
        } onCancel: {
            queue.close()
        }
    }
}
