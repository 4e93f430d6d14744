import NIOConcurrencyHelpers
import NIOCore

/// The connections that are open, to bound their number and to end them. Thread-safe.
final class Connections: Sendable {
    private let maximum: Int
    private let open = NIOLockedValueBox<[ObjectIdentifier: any Channel]>([:])

    init(maximum: Int) { self.maximum = maximum }

    /// false when there are as many as there may be.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let isAdded = open.withLockedValue { open in
            guard open.count < maximum else { return false }
            open[id] = channel
            return true
        }
        if isAdded {
            channel.closeFuture.whenComplete { [self] _ in
                open.withLockedValue { _ = $0.removeValue(forKey: id) }
            }
        }
        return isAdded
    }

    /// Tells every connection to end after its present request; the future is done when all have.
    func finish(on loop: any EventLoop) -> EventLoopFuture<Void> {
        let channels = open.withLockedValue { Array($0.values) }
        for channel in channels {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        return EventLoopFuture.andAllComplete(channels.map(\.closeFuture), on: loop)
    }
}
