import Lambda
import Transport

/// Adds up a run's invocations as they end. Thread-safe; constant memory.
public final class RunMeter: Sendable {
    public let card: RateCard

    private struct State {
        var tallies: [InvocationTally] = []
        var usage: [InvocationUsage.Line] = []
    }

    private let state = Locked(State())

    public init(card: RateCard) {
        self.card = card
    }

    /// One invocation's line.
    public func record(
        function: String, memoryMB: Int, duration: Duration, initDuration: Duration = .zero,
        failed: Bool, usage: [InvocationUsage.Line]
    ) {
        let billed = card.billedMilliseconds(duration: duration, initDuration: initDuration)
        state.withLock { state in
            let index =
                state.tallies.firstIndex { $0.function == function && $0.memoryMB == memoryMB }
                ?? {
                    state.tallies.append(InvocationTally(function: function, memoryMB: memoryMB))
                    return state.tallies.count - 1
                }()
            state.tallies[index].add(
                duration: duration, billedMilliseconds: billed, failed: failed)
            for line in usage { state.usage.account(line) }
        }
    }

    /// Requests that were made beside the invocations: the first look at both sides.
    public func record(usage: [InvocationUsage.Line]) {
        state.withLock { state in
            for line in usage { state.usage.account(line) }
        }
    }

    /// The bill so far.
    public func statement(run: String, prices: [String: StorePrices]) -> Statement {
        let (tallies, usage) = state.withLock { ($0.tallies, $0.usage) }
        return Statement(run: run, card: card, tallies: tallies, usage: usage, prices: prices)
    }
}
