/// Body bytes a second over all transfers that share this value. Any thread.
///
/// Every body byte counts once: received bytes always; sent bytes only for `send` and `upload`, because
/// the bytes that a relay sends are those that it has received; `HTTPRequest.isBodyPaid` says so of others. A transfer takes its block, and then waits until the
/// bytes taken so far by all are paid for; a new one waits for that before it starts.
public final class BandwidthLimit: Sendable {
    /// The time at which every byte so far is paid for.
    private let paidAt = Locked<Nanoseconds>(.min)
    public let bytesPerSecond: Int

    /// Time unused before a charge that still counts: short enough to not show as a burst.
    static let slack: Nanoseconds = 20_000_000

    /// `bytesPerSecond` below 1 counts as 1.
    public init(bytesPerSecond: Int) {
        self.bytesPerSecond = max(1, bytesPerSecond)
    }

    /// Counts bytes at `now`; returns when they are paid for: at or before `now` means that there is no wait.
    func charge(_ bytes: Int, at now: Nanoseconds) -> Nanoseconds {
        let cost = Double(bytes) * 1e9 / Double(bytesPerSecond)
        return paidAt.withLock { paidAt in
            paidAt = max(paidAt, now - Self.slack) + Nanoseconds(cost)
            return paidAt
        }
    }

    /// When everything so far is paid for.
    var freeAt: Nanoseconds { paidAt.withLock { $0 } }
}
