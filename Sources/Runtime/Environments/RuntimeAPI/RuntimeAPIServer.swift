import NIOCore
import NIOHTTP1
import NIOPosix

/// The Runtime API (2018-06-01) for one environment: a listener of its own on 127.0.0.1, on the environment's event loop, so
/// that a waiting `/next` is answered without a hop.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>
struct RuntimeAPIServer: Sendable {
    /// A failure's cause is a header; with the stack of a recursion that went too deep it is long.
    ///
    /// Source of the size: awslambdaric, which leaves out a cause of 1 MiB.
    private static let headLimits = {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = (1 << 20) + (1 << 10)
        limits.maxHeaderListSize = 2 << 20
        return limits
    }()

    private let channel: any Channel
    /// "127.0.0.1:port", the value of `AWS_LAMBDA_RUNTIME_API`.
    let authority: String

    /// - Throws: `IOError` when the system has no port or descriptor left.
    static func start(
        on loop: any EventLoop, _ session: NIOLoopBound<RuntimeSession>
    ) async throws -> RuntimeAPIServer {
        let channel = try await ServerBootstrap(group: loop, childGroup: loop)
            .serverChannelOption(.backlog, value: 16)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 1 << 10, initial: 4 << 10, maximum: 256 << 10)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    // No encoder: an answer is a few lines, and each handler on the way costs every invocation.
                    try pipeline.addHandler(
                        ByteToMessageHandler(
                            HTTPRequestDecoder(
                                leftOverBytesStrategy: .dropBytes,
                                informationalResponseStrategy: .drop,
                                limitConfiguration: headLimits)))
                    try pipeline.addHandler(RuntimeAPIHandler(session: session.value))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return RuntimeAPIServer(
            channel: channel, authority: "127.0.0.1:\(channel.localAddress?.port ?? 0)")
    }

    /// Takes no more connections; the session closes those that are open.
    func stop() async {
        do {
            try await channel.close()
        } catch {
            // It was closed already, which is what was asked for.
        }
    }
}
