import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The reading end of a process's output, on the environment's event loop. Read as it comes, and to its end on demand: what
/// was written before a `/next` was sent is in the pipe when the `/next` is read.
final class OutputPipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// A second name of the pipe's end, for ``drain()``; the first belongs to the channel.
    private var descriptor: Int32
    private var channel: (any Channel)?
    private let take: (UnsafeRawBufferPointer) -> Void
    private var block = [UInt8](repeating: 0, count: 4096)

    /// - Parameter take: gets all bytes in order, on the event loop.
    private init(_ descriptor: Int32, take: @escaping (UnsafeRawBufferPointer) -> Void) {
        self.descriptor = descriptor
        self.take = take
    }

    /// - Returns: the pipe and its writing end, which the caller closes; nil when no descriptor is left.
    static func open(on loop: any EventLoop, take: @escaping (UnsafeRawBufferPointer) -> Void)
        -> (pipe: OutputPipe, writing: Int32)?
    {
        var ends: [Int32] = [-1, -1]
        guard Glibc.pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let second = fcntl(ends[0], F_DUPFD_CLOEXEC, 3)
        guard second >= 0 else {
            for end in ends { Glibc.close(end) }
            return nil
        }
        _ = fcntl(second, F_SETFL, O_NONBLOCK)
        let pipe = OutputPipe(second, take: take)
        let bound = NIOLoopBound(pipe, eventLoop: loop)
        let reading = ends[0]
        NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(bound.value)
                }
            }
            .takingOwnershipOfDescriptor(input: reading)
            .whenComplete { result in
                switch result {
                case .success(let channel): bound.value.hold(channel)
                // The descriptor stays with whoever offered it; drains still read by the other.
                case .failure: Glibc.close(reading)
                }
            }
        return (pipe, ends[1])
    }

    private func hold(_ channel: any Channel) {
        guard descriptor >= 0 else { return channel.close(promise: nil) }
        self.channel = channel
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard descriptor >= 0 else { return }
        unwrapInboundIn(data).withUnsafeReadableBytes(take)
    }

    /// Reads what is there now, without waiting. Not while the loop hands out what is ready to be read: the pipe's own channel
    /// would find nothing.
    func drain() {
        guard descriptor >= 0 else { return }
        while true {
            let count = read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            block[..<count].withUnsafeBytes(take)
        }
    }

    func close() {
        guard descriptor >= 0 else { return }
        Glibc.close(descriptor)
        descriptor = -1
        channel?.close(promise: nil)
        channel = nil
    }
}
