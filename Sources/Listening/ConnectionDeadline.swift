import NIOCore

/// The moment until which a connection waits for its client: one at a time. Lives on the connection's event loop, which is
/// where its action runs.
public final class ConnectionDeadline {
    private var scheduled: Scheduled<Void>?

    public init() {}

    public var isSet: Bool { scheduled != nil }

    /// Takes the place of what was set before.
    public func set(
        _ time: TimeAmount, _ context: ChannelHandlerContext,
        _ action: @escaping (ChannelHandlerContext) -> Void
    ) {
        cancel()
        let bound = NIOLoopBound((self, context, action), eventLoop: context.eventLoop)
        scheduled = context.eventLoop.scheduleTask(in: time) {
            let (deadline, context, action) = bound.value
            deadline.scheduled = nil
            action(context)
        }
    }

    public func cancel() {
        scheduled?.cancel()
        scheduled = nil
    }
}
