import Logging
import NIOCore
import Synchronization
import Transport

/// The connections that are open, and what they hold of requests that are not whole: both are bounded, whoever connects.
/// Thread-safe.
final class OpenConnections: Sendable {
    /// One connection's place among them.
    final class Seat: Sendable {
        private static let busy = UInt64.max

        fileprivate let channel: any Channel
        /// When it last had a request under way: nanoseconds of the loops' clock, or ``busy``.
        private let idleSince = Atomic<UInt64>(NIODeadline.now().uptimeNanoseconds)

        fileprivate init(_ channel: any Channel) { self.channel = channel }

        func markBusy() { idleSince.store(Self.busy, ordering: .relaxed) }

        func markIdle() {
            idleSince.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
        }

        /// nil while a request is under way.
        fileprivate var idleNanoseconds: UInt64? {
            let since = idleSince.load(ordering: .relaxed)
            return since == Self.busy ? nil : since
        }
    }

    private struct State {
        var open: [ObjectIdentifier: Seat] = [:]
        /// Said once until there is room again.
        var isFullSaid = false
    }

    private let limits: ConnectionLimits
    private let logger: Logger
    private let state = Locked(State())
    private let buffered = Atomic<Int>(0)

    init(limits: ConnectionLimits, logger: Logger) {
        self.limits = limits
        self.logger = logger
    }

    var count: Int { state.withLock { $0.open.count } }
    var bufferedBytes: Int { buffered.load(ordering: .relaxed) }

    /// When there are as many as there may be, the one that has been without a request for longest makes room: clients that
    /// connect and say nothing keep nobody out. nil when all have requests under way.
    func add(_ channel: any Channel) -> Seat? {
        let id = ObjectIdentifier(channel)
        let seat = Seat(channel)
        let (isAdded, evicted, isToSay) = state.withLock { state -> (Bool, Seat?, Bool) in
            var evicted: Seat?
            if state.open.count >= limits.connections {
                evicted =
                    state.open.values.filter { $0.idleNanoseconds != nil }
                    .min { ($0.idleNanoseconds ?? .max) < ($1.idleNanoseconds ?? .max) }
                guard let evicted else {
                    defer { state.isFullSaid = true }
                    return (false, nil, !state.isFullSaid)
                }
                state.open[ObjectIdentifier(evicted.channel)] = nil
            }
            state.open[id] = seat
            return (true, evicted, false)
        }
        evicted?.channel.close(promise: nil)
        if isToSay {
            logger.warning(
                "connections are refused: all have requests under way",
                metadata: ["open": "\(limits.connections)"])
        }
        guard isAdded else { return nil }
        channel.closeFuture.whenComplete { [self] _ in
            state.withLock { state in
                state.open[id] = nil
                if state.open.count <= limits.connections / 2 { state.isFullSaid = false }
            }
        }
        return seat
    }

    /// Takes account of bytes of a body that is not whole; false when there are too many of them, and they are not counted.
    func hold(_ bytes: Int) -> Bool {
        let total = buffered.wrappingAdd(bytes, ordering: .relaxed).newValue
        guard total > limits.bufferedBytes else { return true }
        letGo(bytes)
        return false
    }

    func letGo(_ bytes: Int) { buffered.wrappingSubtract(bytes, ordering: .relaxed) }
}
