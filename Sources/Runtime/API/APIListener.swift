import Glibc
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
    /// A client that neither sends nor takes a byte for so long, while it is not answered, is cut off.
    static let idle = TimeAmount.seconds(60)

    public let host: String
    public let port: Int
    private let channel: any Channel

    private init(host: String, port: Int, channel: any Channel) {
        self.host = host
        self.port = port
        self.channel = channel
    }

    /// - Parameter port: 0 takes a free one.
    /// - Throws: ``ListenerError``.
    public static func start(
        host: String, port: Int, group: MultiThreadedEventLoopGroup, responder: any APIResponder
    ) async throws(ListenerError) -> APIListener {
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: true, withErrorHandling: true,
                        withEncoderConfiguration: .init(),
                        withDecoderLimitConfiguration: headLimits)
                    try pipeline.addHandler(IdleStateHandler(allTimeout: idle))
                    try pipeline.addHandler(
                        APIConnection(responder: responder, loop: channel.eventLoop))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: host, port: port).get()
            return APIListener(
                host: host, port: channel.localAddress?.port ?? port, channel: channel)
        } catch {
            let reason =
                (error as? IOError).map { String(cString: strerror($0.errnoCode)) } ?? "\(error)"
            throw ListenerError(description: "\(host):\(port): \(reason)")
        }
    }

    /// Takes no more connections. Those that are open end with the group's loops.
    public func stop() async {
        // It may be closed already, by an error of the system's.
        _ = try? await channel.close().get()
    }
}
