import NIOCore
import Synchronization
import Transport

/// The connections of a listener that are open, to bound their number and to end them. Thread-safe.
public final class OpenConnections: Sendable {
    /// One connection's place among them.
    public final class Seat: Sendable {
        private static let busy = UInt64.max

        fileprivate let channel: any Channel
        /// When it last had a request under way: nanoseconds of the loops' clock, or ``busy``.
        private let idleSince = Atomic<UInt64>(NIODeadline.now().uptimeNanoseconds)

        fileprivate init(_ channel: any Channel) { self.channel = channel }

        public func markBusy() { idleSince.store(Self.busy, ordering: .relaxed) }

        public func markIdle() {
            idleSince.store(NIODeadline.now().uptimeNanoseconds, ordering: .relaxed)
        }

        /// nil while a request is under way.
        fileprivate var idleNanoseconds: UInt64? {
            let since = idleSince.load(ordering: .relaxed)
            return since == Self.busy ? nil : since
        }
    }

    public let maximum: Int
    private let evict: @Sendable (any Channel) -> Void
    private let open = Locked<[ObjectIdentifier: Seat]>([:])

    /// - Parameter evict: ends a connection without a request, which makes room for another. From any thread.
    public init(maximum: Int, evict: @escaping @Sendable (any Channel) -> Void) {
        self.maximum = maximum
        self.evict = evict
    }

    public var count: Int { open.withLock { $0.count } }
    public var channels: [any Channel] { open.withLock { $0.values.map(\.channel) } }

    /// When there are as many as there may be, the one that has been without a request for longest makes room: clients that
    /// connect and say nothing keep nobody out. nil when all have requests under way.
    public func add(_ channel: any Channel) -> Seat? {
        let id = ObjectIdentifier(channel)
        let seat = Seat(channel)
        let (isAdded, evicted) = open.withLock { open -> (Bool, Seat?) in
            var evicted: Seat?
            if open.count >= maximum {
                evicted =
                    open.values.filter { $0.idleNanoseconds != nil }
                    .min { ($0.idleNanoseconds ?? .max) < ($1.idleNanoseconds ?? .max) }
                guard let evicted else { return (false, nil) }
                open[ObjectIdentifier(evicted.channel)] = nil
            }
            open[id] = seat
            return (true, evicted)
        }
        if let evicted { evict(evicted.channel) }
        guard isAdded else { return nil }
        channel.closeFuture.whenComplete { [self] _ in
            open.withLock { _ = $0.removeValue(forKey: id) }
        }
        return seat
    }
}
