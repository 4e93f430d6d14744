import Glibc
import Listening
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import Signing

/// An S3 endpoint on a folder: signatures checked, data safe, HTTP/1.1 on loopback unless told otherwise.
///
/// Use ``start(_:)`` and ``RunningLocalS3/stop()`` in tests and in a process that does other things too; ``run(onReady:)``
/// where it is all that the process does.
public struct LocalS3Server: Service, Sendable {
    private let configuration: LocalS3Configuration

    public init(_ configuration: LocalS3Configuration) { self.configuration = configuration }

    /// Serves until the task is cancelled or a graceful shutdown is asked for.
    ///
    /// - Throws: ``LocalS3Error`` when it cannot start.
    public func run() async throws { try await run(onReady: { _ in }) }

    /// - Parameter onReady: called once, when requests are answered; it is told the port.
    public func run(onReady: @Sendable (RunningLocalS3) async throws -> Void) async throws {
        let server = try await Self.start(configuration)
        do {
            try await onReady(server)
            try await gracefulShutdown()
        } catch is CancellationError {
            // As good an end as the other.
        } catch {
            try await server.stop()
            throw error
        }
        try await server.stop()
    }

    /// Opens the folder, makes the buckets and listens; requests are answered when it returns.
    ///
    /// - Throws: ``LocalS3Error``.
    public static func start(_ configuration: LocalS3Configuration) async throws -> RunningLocalS3 {
        try await start(configuration, clock: { Timestamps.nowMilliseconds() })
    }

    static func start(
        _ configuration: LocalS3Configuration, clock: @escaping @Sendable () -> Int64,
        times: ConnectionTimes = ConnectionTimes()
    ) async throws -> RunningLocalS3 {
        let pool = NIOThreadPool(numberOfThreads: RunningLocalS3.poolThreads)
        pool.start()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(2, System.coreCount))
        do {
            try configuration.checkNotifications()
            let (store, notifier) = try await pool.runIfActive {
                try open(configuration, pool: pool, clock: clock)
            }
            let service = S3Service(
                store: store, notifier: notifier, configuration: configuration, clock: clock)
            let connections = OpenConnections(maximum: configuration.connectionsMaximum) {
                $0.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
            }
            let channel = try await listen(service, pool, group, connections, times)
            notifier.start()
            return RunningLocalS3(
                host: configuration.host, port: channel.localAddress?.port ?? 0,
                channel: channel, store: store, notifier: notifier, pool: pool, group: group,
                connections: connections)
        } catch {
            try await group.shutdownGracefully()
            try await pool.shutdownGracefully()
            throw error
        }
    }

    private static func open(
        _ configuration: LocalS3Configuration, pool: NIOThreadPool,
        clock: @escaping @Sendable () -> Int64
    ) throws -> (ObjectStore, Notifier) {
        do {
            let store = try ObjectStore(
                root: configuration.rootDirectory, isDurable: configuration.durable, pool: pool)
            for name in configuration.buckets {
                guard BucketName.isValid(name) else { throw LocalS3Error(.invalidBucketName, name) }
                _ = try store.createBucket(name)
            }
            let notifier = try Notifier(
                root: configuration.rootDirectory, configuration, clock: clock)
            return (store, notifier)
        } catch let error as StorageError {
            switch error.kind {
            case .inUse:
                throw LocalS3Error(.folderInUse, configuration.rootDirectory, cause: error)
            case .notEmpty: throw LocalS3Error(.folderForeign, error.description, cause: error)
            default: throw LocalS3Error(.folderUnusable, error.description, cause: error)
            }
        }
    }

    private static func listen(
        _ service: S3Service, _ pool: NIOThreadPool, _ group: MultiThreadedEventLoopGroup,
        _ connections: OpenConnections, _ times: ConnectionTimes
    ) async throws -> any Channel {
        let configuration = service.configuration
        let authenticator = Authenticator(keys: configuration.keys, region: configuration.region)
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 512)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // A client that has sent all that it will may still wait for its answer.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(
                    minimum: 4 << 10, initial: 16 << 10, maximum: 256 << 10)
            )
            .childChannelInitializer { channel in
                guard let seat = connections.add(channel) else { return channel.close() }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: false,
                        withEncoderConfiguration: .init(),
                        withDecoderLimitConfiguration: S3Request.headLimits)
                    try pipeline.addHandler(IdleStateHandler(allTimeout: times.idle))
                    try pipeline.addHandler(
                        ConnectionHandler(
                            service: service, authenticator: authenticator, pool: pool,
                            seat: seat, times: times))
                }
            }
        do {
            return try await bootstrap.bind(host: configuration.host, port: configuration.port)
                .get()
        } catch {
            throw LocalS3Error(
                .addressUnusable,
                "\(configuration.host):\(configuration.port): \(words(error))", cause: error)
        }
    }

    /// What the system said, without the name of the call.
    private static func words(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return String(cString: strerror(error.errnoCode))
    }
}

/// A LocalS3 that is listening.
public struct RunningLocalS3: Sendable {
    /// Threads that wait for the disk: as many writes can share one flush of its journal.
    static let poolThreads = 16
    /// What is being answered when it is stopped may take this long.
    static let stopTimeout = TimeAmount.seconds(5)

    public let host: String
    /// The port that is listened on, also when any free one was asked for.
    public let port: Int
    private let channel: any Channel
    private let store: ObjectStore
    private let notifier: Notifier
    private let pool: NIOThreadPool
    private let group: MultiThreadedEventLoopGroup
    private let connections: OpenConnections

    /// How many clients are connected now.
    var connectionCount: Int { connections.count }

    /// `http://host:port`
    public var endpoint: String { "http://\(host):\(port)" }

    init(
        host: String, port: Int, channel: any Channel, store: ObjectStore, notifier: Notifier,
        pool: NIOThreadPool, group: MultiThreadedEventLoopGroup, connections: OpenConnections
    ) {
        self.host = host
        self.port = port
        self.channel = channel
        self.store = store
        self.notifier = notifier
        self.pool = pool
        self.group = group
        self.connections = connections
    }

    /// Takes no more requests, lets those that are being answered end (for 5 s at most), and closes the folder. Call once.
    public func stop() async throws {
        // It may be closed already, by an error of the system's.
        _ = try? await channel.close().get()
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let deadline = channel.eventLoop.scheduleTask(in: Self.stopTimeout) { promise.succeed() }
        // Each ends after its present request.
        let open = connections.channels
        for channel in open {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        EventLoopFuture.andAllComplete(open.map(\.closeFuture), on: channel.eventLoop)
            .cascade(to: promise)
        // Either way the loops are shut down next, which cuts what is left.
        _ = try? await promise.futureResult.get()
        deadline.cancel()
        await notifier.stop()
        try await group.shutdownGracefully()
        let store = store
        do {
            try await pool.runIfActive { try store.close() }
        } catch {
            // The logs of the indexes stay, and the next start goes by them.
            try await pool.shutdownGracefully()
            throw error
        }
        try await pool.shutdownGracefully()
    }
}
