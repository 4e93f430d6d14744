import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// How long a connection waits for its client. Tests make them shorter.
struct ConnectionTimes: Sendable {
    /// A connection that neither sends nor takes a byte for so long is closed.
    var idle = TimeAmount.seconds(60)
    /// From the first bytes of a request's head to its end.
    var head = TimeAmount.seconds(30)
    /// How long a client may go on sending after a refusal before the connection is cut.
    var linger = TimeAmount.seconds(5)
}

/// The connections that are open, to bound their number and to end them. Thread-safe.
final class Connections: Sendable {
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

    private let maximum: Int
    private let open = NIOLockedValueBox<[ObjectIdentifier: Seat]>([:])

    init(maximum: Int) { self.maximum = maximum }

    var count: Int { open.withLockedValue { $0.count } }

    /// When there are as many as there may be, the one that has been without a request for longest makes room: clients that
    /// connect and say nothing keep nobody out. nil when all have requests under way.
    func add(_ channel: any Channel) -> Seat? {
        let id = ObjectIdentifier(channel)
        let seat = Seat(channel)
        let (isAdded, evicted) = open.withLockedValue { open -> (Bool, Seat?) in
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
        evicted?.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        guard isAdded else { return nil }
        channel.closeFuture.whenComplete { [self] _ in
            open.withLockedValue { _ = $0.removeValue(forKey: id) }
        }
        return seat
    }

    /// Tells every connection to end after its present request; the future is done when all have.
    func finish(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let channels = open.withLockedValue { $0.values.map(\.channel) }
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        return EventLoopFuture.andAllComplete(channels.map(\.closeFuture), on: loop)
    }
}
