import Dispatch
import Transport

/// A flag that is raised once, for which threads and tasks wait.
final class Signal: Sendable {
    private struct State {
        var isRaised = false
        var threads: [DispatchSemaphore] = []
        var tasks: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())

    var isRaised: Bool { state.withLock { $0.isRaised } }

    func raise() {
        wake { $0.isRaised = true }
    }

    /// Blocks the calling thread: only for the threads of the servers.
    func waitOnThread() {
        let semaphore = state.withLock { state -> DispatchSemaphore? in
            if state.isRaised { return nil }
            let semaphore = DispatchSemaphore(value: 0)
            state.threads.append(semaphore)
            return semaphore
        }
        semaphore?.wait()
    }

    /// Also returns when the task is cancelled, so that a test that failed ends.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let mustWait = state.withLock { state in
                    if !state.isRaised, !Task.isCancelled { state.tasks.append(waiter) }
                    return !state.isRaised && !Task.isCancelled
                }
                if !mustWait { waiter.resume() }
            }
        } onCancel: {
            wake { _ in }
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let (threads, tasks) = state.withLock { state in
            change(&state)
            defer { (state.threads, state.tasks) = ([], []) }
            return (state.threads, state.tasks)
        }
        for thread in threads { thread.signal() }
        for task in tasks { task.resume() }
    }
}

/// A number that threads count up and tasks wait for.
final class Count: Sendable {
    private let state = Locked((value: 0, waiters: [(at: Int, signal: Signal)]()))

    var value: Int { state.withLock { $0.value } }

    func add(_ more: Int = 1) {
        let due = state.withLock { state in
            state.value += more
            let value = state.value
            let due = state.waiters.filter { $0.at <= value }
            state.waiters.removeAll { $0.at <= value }
            return due
        }
        for waiter in due { waiter.signal.raise() }
    }

    /// Returns when the number has reached `value`.
    func wait(for value: Int) async { await signal(at: value).wait() }

    /// Blocks the calling thread: only for the threads of the servers.
    func waitOnThread(for value: Int) { signal(at: value).waitOnThread() }

    private func signal(at value: Int) -> Signal {
        let signal = Signal()
        let isThere = state.withLock { state in
            if state.value < value { state.waiters.append((value, signal)) }
            return state.value >= value
        }
        if isThere { signal.raise() }
        return signal
    }
}
