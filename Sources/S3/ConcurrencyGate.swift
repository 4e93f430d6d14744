import Transport

/// How many requests an endpoint gets at a time: no limit that shows until it asks to slow down, then half at most once a
/// second, then slowly more again. First come, first served; waiting ends with the task's cancellation.
///
/// One per connection, shared by all clients made from it.
final class ConcurrencyGate: Sendable {
    /// More than any transport of ours opens: never reached in practice, but a bound.
    static let limitMaximum = 4096
    static let cutInterval = Duration.seconds(1)

    /// How a request that was let in ended.
    enum Outcome {
        case answered, throttled
        /// Neither: it says nothing about how much the endpoint can take.
        case failed
    }

    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var limit = ConcurrencyGate.limitMaximum
        var inside = 0
        /// Answers since the limit last changed: it grows by one after as many as it allows.
        var successes = 0
        var lastCut: ContinuousClock.Instant?
        var hasAnswered = false
        var waiters: [Waiter] = []
        var nextID: UInt64 = 0
        /// Tickets of tasks on their way to the queue. One that is cancelled there is taken out.
        var arriving: Set<UInt64> = []

        mutating func admitted() -> [CheckedContinuation<Bool, Never>] {
            let count = min(waiters.count, max(0, limit - inside))
            guard count > 0 else { return [] }
            inside += count
            let admitted = waiters[..<count].map(\.continuation)
            waiters.removeFirst(count)
            return admitted
        }
    }

    private let state = Locked(State())

    /// How many may be inside now.
    var limit: Int { state.withLock { $0.limit } }
    var inside: Int { state.withLock { $0.inside } }
    var waiting: Int { state.withLock { $0.waiters.count } }
    /// Whether the endpoint ever answered a request as asked.
    var hasAnswered: Bool { state.withLock { $0.hasAnswered } }

    /// Every `true` must be followed by one ``leave(_:now:)``.
    /// - Returns: false when the task was cancelled while it waited.
    func enter() async -> Bool {
        let ticket = state.withLock { state -> UInt64? in
            if state.waiters.isEmpty, state.inside < state.limit {
                state.inside += 1
                return nil
            }
            state.nextID += 1
            state.arriving.insert(state.nextID)
            return state.nextID
        }
        guard let ticket else { return true }
        return await wait(ticket)
    }

    private func wait(_ ticket: UInt64) async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer = state.withLock { state -> Bool? in
                    guard state.arriving.remove(ticket) != nil else { return false }
                    if state.waiters.isEmpty, state.inside < state.limit {
                        state.inside += 1
                        return true
                    }
                    state.waiters.append(Waiter(id: ticket, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
                if let index = state.waiters.firstIndex(where: { $0.id == ticket }) {
                    return state.waiters.remove(at: index).continuation
                }
                state.arriving.remove(ticket)
                return nil
            }
            waiter?.resume(returning: false)
        }
    }

    func leave(_ outcome: Outcome, now: @autoclosure () -> ContinuousClock.Instant = .now) {
        let instant = outcome == .throttled ? now() : nil
        let admitted = state.withLock { state -> [CheckedContinuation<Bool, Never>] in
            if outcome == .answered { state.hasAnswered = true }
            if let instant {
                state.successes = 0
                if state.lastCut.map({ instant - $0 >= Self.cutInterval }) ?? true {
                    state.lastCut = instant
                    state.limit = max(1, min(state.limit, state.inside) / 2)
                }
            } else if outcome == .answered, state.limit < Self.limitMaximum {
                state.successes += 1
                if state.successes >= state.limit {
                    state.successes = 0
                    state.limit += 1
                }
            }
            state.inside -= 1
            return state.waiters.isEmpty ? [] : state.admitted()
        }
        for continuation in admitted { continuation.resume(returning: true) }
    }
}
