import Glibc
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix

/// Why nothing is listened to.
public struct ListenerError: Error, Sendable, CustomStringConvertible {
    /// "127.0.0.1:9010: Address already in use"
    public var description: String
}

/// HTTP/1.1 on one address. Requests of one connection are answered in turn, those of different ones at once.
public final class APIListener: Sendable {
    /// Heads of requests above this are refused.
    static let headLimits = {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderListSize = 64 << 10
        limits.maxHeaderFieldSize = 32 << 10
        return limits
    }()

    public let host: String
    public let port: Int
    private let channel: any Channel
    /// Those that are open.
    let connections: APIConnections

    private init(
        host: String, port: Int, channel: any Channel, connections: APIConnections
    ) {
        self.host = host
        self.port = port
        self.channel = channel
        self.connections = connections
    }

    /// - Parameter port: 0 takes a free one.
    /// - Throws: ``ListenerError``.
    public static func start(
        host: String, port: Int, group: MultiThreadedEventLoopGroup, responder: any APIResponder,
        logger: Logger
    ) async throws(ListenerError) -> APIListener {
        try await start(
            host: host, port: port, group: group, responder: responder, logger: logger,
            limits: .standard())
    }

    static func start(
        host: String, port: Int, group: MultiThreadedEventLoopGroup, responder: any APIResponder,
        logger: Logger, limits: ConnectionLimits
    ) async throws(ListenerError) -> APIListener {
        let connections = APIConnections(limits: limits, logger: logger)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                guard let seat = connections.add(channel) else { return refuse(channel) }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: true, withErrorHandling: true,
                        withEncoderConfiguration: .init(),
                        withDecoderLimitConfiguration: headLimits)
                    try pipeline.addHandler(IdleStateHandler(allTimeout: limits.idle))
                    try pipeline.addHandler(
                        APIConnection(
                            responder: responder, loop: channel.eventLoop, limits: limits,
                            connections: connections, seat: seat))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: host, port: port).get()
            return APIListener(
                host: host, port: channel.localAddress?.port ?? port, channel: channel,
                connections: connections)
        } catch {
            let reason =
                (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
            throw ListenerError(description: "\(host):\(port): \(reason)")
        }
    }

    /// Says why, without having read anything, and closes.
    private static func refuse(_ channel: any Channel) -> EventLoopFuture<Void> {
        let answer = LambdaAPI.unavailable
        var text = "HTTP/1.1 \(answer.status) Service Unavailable\r\n"
        for header in answer.headers { text += "\(header.name): \(header.value)\r\n" }
        text += "content-length: \(answer.body.count)\r\nconnection: close\r\n\r\n"
        let buffer = channel.allocator.buffer(bytes: Array(text.utf8) + answer.body)
        // Its end is not waited for: the channel is not active before the initializer is done.
        channel.eventLoop.execute {
            channel.writeAndFlush(buffer).whenComplete { _ in channel.close(promise: nil) }
        }
        return channel.eventLoop.makeSucceededVoidFuture()
    }

    /// Takes no more connections. Those that are open end with the group's loops.
    public func stop() async {
        // It may be closed already, by an error of the system's.
        _ = try? await channel.close().get()
    }
}
