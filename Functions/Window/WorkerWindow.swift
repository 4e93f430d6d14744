import Transport

/// A bounded number of workers beside one producer, joined by a bounded queue.
struct WorkerWindow<Element: Sendable>: Sendable {
    static var mostWorkers: Int { 1024 }

    /// Elements worked on at once.
    var concurrency: Int
    /// Elements produced and not yet begun: the producer waits when there are more.
    var capacity: Int

    /// Returns what `produce` returned when everything it sent is consumed. The first error of either
    /// side cancels all, and a cancelled run never returns as if it were whole.
    ///
    /// - Throws: what either throws. Of a ``WindowStop`` only when what was being worked on has ended, undisturbed: nothing
    ///   more is begun.
    func run<Produced: Sendable>(
        produce: @escaping @Sendable (BoundedQueue<Element>) async throws -> Produced,
        consume: @escaping @Sendable (Element) async throws -> Void
    ) async throws -> Produced {
        let queue = BoundedQueue<Element>(capacity: capacity)
        let stop = Locked<WindowStop?>(nil)
        // Everyone at the queue leaves it with an error, which is none once it was stopped.
        let stopping: @Sendable (any Error) throws -> Void = { error in
            if let error = error as? WindowStop {
                stop.withLock { $0 = $0 ?? error }
                queue.close()
            } else if !(error is CancellationError) || Task.isCancelled
                || stop.withLock({ $0 == nil })
            {
                throw error
            }
        }
        return try await withTaskCancellationHandler {
            try await withThrowingTaskGroup(of: Produced?.self) { group in
                group.addTask {
                    do {
                        let produced = try await produce(queue)
                        queue.finish()
                        return produced
                    } catch {
                        try stopping(error)
                        return nil
                    }
                }
                for _ in 0..<min(max(1, concurrency), Self.mostWorkers) {
                    group.addTask {
                        do {
                            while let next = try await queue.next() { try await consume(next) }
                        } catch {
                            try stopping(error)
                        }
                        return nil
                    }
                }
                do {
                    var produced: Produced?
                    while let ended = try await group.next() { produced = ended ?? produced }
                    if let stop = stop.withLock({ $0 }) { throw stop }
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

/// Begin nothing more, and let what has begun end.
struct WindowStop: Error {
    var message: String
}
