import Transport

/// Cancels what has passed its deadline: one task looks at all of them, so that an invocation costs no
/// timer of its own. Runs only while something is watched.
final class DeadlineSweeper: Sendable {
    private struct Watched {
        var deadline: ContinuousClock.Instant
        var cancel: @Sendable () -> Void
        var isExpired = false
    }

    private struct State {
        var watched: [Int: Watched] = [:]
        var nextTicket = 0
        var isSweeping = false
    }

    private let state = Locked(State())

    /// How late a cancellation may be.
    static let interval = Duration.milliseconds(100)

    func watch(
        until deadline: ContinuousClock.Instant, cancel: @escaping @Sendable () -> Void
    ) -> Int {
        let (ticket, starts) = state.withLock { state in
            state.nextTicket += 1
            state.watched[state.nextTicket] = Watched(deadline: deadline, cancel: cancel)
            let starts = !state.isSweeping
            state.isSweeping = true
            return (state.nextTicket, starts)
        }
        if starts {
            // Unstructured, because it serves many invocations and belongs to none; it ends by itself
            // at the first look that finds nothing to watch.
            Task { await sweep() }
        }
        return ticket
    }

    /// Stops watching; true when the deadline had passed and it was cancelled.
    func forget(_ ticket: Int) -> Bool {
        state.withLock { $0.watched.removeValue(forKey: ticket)?.isExpired ?? false }
    }

    private func sweep() async {
        while let pause = expire(now: .now) {
            // Nothing cancels this task, so the sleep cannot throw.
            try? await Task.sleep(for: pause)
        }
    }

    /// Cancels what is due; returns how long to sleep, or nil to end.
    private func expire(now: ContinuousClock.Instant) -> Duration? {
        let (due, pause): ([@Sendable () -> Void], Duration?) = state.withLock { state in
            guard !state.watched.isEmpty else {
                state.isSweeping = false
                return ([], nil)
            }
            var due: [@Sendable () -> Void] = []
            var pause = Self.interval
            for (ticket, item) in state.watched where !item.isExpired {
                if item.deadline <= now {
                    state.watched[ticket]?.isExpired = true
                    due.append(item.cancel)
                } else {
                    pause = min(pause, item.deadline - now)
                }
            }
            return (due, max(pause, .milliseconds(1)))
        }
        for cancel in due { cancel() }
        return pause
    }
}
