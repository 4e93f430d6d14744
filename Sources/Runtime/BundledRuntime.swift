import Glibc
import Lambda
import Logging
import NIOPosix
import Signing
import Transport

/// The runtime as `brigade up` runs it: functions in a state folder, invoked by whoever has its key pair.
public final class BundledRuntime: Sendable {
    /// A handler that is compiled in.
    public struct BuiltIn: Sendable {
        public var name: String
        public var description: String
        public var memoryMB: Int
        public var timeoutSeconds: Int
        public var handler: any RawLambdaHandler

        public init(
            name: String, description: String, memoryMB: Int, timeoutSeconds: Int,
            handler: any RawLambdaHandler
        ) {
            self.name = name
            self.description = description
            self.memoryMB = memoryMB
            self.timeoutSeconds = timeoutSeconds
            self.handler = handler
        }
    }

    public struct Configuration: Sendable {
        /// Exists, and is the owner's alone.
        public var stateFolder: String
        public var host = "127.0.0.1"
        public var port = 9010
        public var region = "us-east-1"
        public var account = "000000000000"
        public var invocations = InvocationEngine.Settings()
        public var commands: RuntimeCommands
        /// Given to every function's process besides Lambda's own: endpoints and the like.
        public var variables: [String: String] = [:]
        public var builtIns: [BuiltIn] = []
        /// What is frozen when a built-in function is published: this process's executable.
        public var executable = "/proc/self/exe"
        /// Where packages come from that a request names by bucket and key; nil: such requests are refused.
        public var packageSource: (any PackageSource)?
        public var sender: any DeliverySender
        /// What a calendar month (UTC) may cost, of the runtime and of runs with the same state folder; nil: no limit.
        public var monthlyBudget: Money?
        /// Of a connection of which the ledger does not say it.
        public var prices: @Sendable (String) -> StorePrices = { _ in .free }
        /// What it replicates by itself.
        public var replications = Replications()
        /// Is given the queue of what may have changed, before anything runs.
        public var changes: (@Sendable (ChangeQueue) -> Void)?
        public var logger: Logger

        public init(
            stateFolder: String, commands: RuntimeCommands, sender: any DeliverySender,
            logger: Logger
        ) {
            self.stateFolder = stateFolder
            self.commands = commands
            self.sender = sender
            self.logger = logger
        }
    }

    public let host: String
    public let port: Int
    private let lines: LedgerBuffer
    private let engine: InvocationEngine
    private let listener: APIListener
    private let group: MultiThreadedEventLoopGroup
    private let database: StateDatabase
    private let lock: DrainLock
    private let registry: FunctionRegistry
    private let replication: ReplicationService

    private init(
        lines: LedgerBuffer, engine: InvocationEngine, listener: APIListener,
        group: MultiThreadedEventLoopGroup,
        database: StateDatabase, lock: DrainLock, registry: FunctionRegistry,
        replication: ReplicationService
    ) {
        self.replication = replication
        self.lines = lines
        host = listener.host
        port = listener.port
        self.engine = engine
        self.listener = listener
        self.group = group
        self.database = database
        self.lock = lock
        self.registry = registry
    }

    /// Opens the state folder and listens; requests are answered when it returns. Queued events run once ``run()`` does.
    ///
    /// - Throws: ``StateError``, ``ListenerError`` or ``LambdaServiceError``.
    public static func start(_ configuration: Configuration) async throws -> BundledRuntime {
        let folder = configuration.stateFolder
        let lock = try DrainLock(folder: folder)
        let credentials = try RuntimeCredentials.load(path: folder + "/credentials")
        let database = try StateDatabase(path: folder + "/state.sqlite")
        try database.check([
            "functions", "function_numbers", "events", "deliveries", "subscriptions", "changes",
            "change_failures", "change_deletes", "parked_events",
        ])
        let temporary = folder + "/tmp"
        let left = await Task.detached { LeftProcesses.end(in: folder, holding: lock) }.value
        if left > 0 {
            configuration.logger.warning(
                "processes of functions that a killed runtime had left behind were ended",
                metadata: ["count": "\(left)"])
        }
        // Of environments whose process was killed: whoever holds the lock has the only ones.
        DurableFolder.remove(temporary)
        mkdir(temporary, 0o700)
        // One loop: requests and the functions' processes meet on it without waking another thread.
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            // The registry, the engine and what compiled-in functions invoke by know each other.
            let late = LateService()
            let packages = PackageStore(folder: folder + "/packages")
            let registry = try await FunctionRegistry(
                database: database, packages: packages,
                settings: FunctionRegistry.Settings(
                    region: configuration.region, account: configuration.account,
                    accountConcurrency: configuration.invocations.limits.accountConcurrency,
                    executable: configuration.executable,
                    packageSource: configuration.packageSource,
                    changed: { name, version in
                        await late.engine.withLock { $0 }?.retire(name, version: version)
                    },
                    provision: { version, count in
                        await late.engine.withLock { $0 }?.provision(version, count: count) ?? 0
                    }))
            await registry.sweepPackages(holding: lock)
            let lines = LedgerBuffer(database: database, logger: configuration.logger)
            let address = Locked("")
            var budget: RuntimeBudget?
            if let amount = configuration.monthlyBudget {
                budget = try await RuntimeBudget(
                    month: amount, card: configuration.invocations.card,
                    prices: configuration.prices, database: database, logger: configuration.logger)
            }
            let engine = makeEngine(
                configuration, database, registry, packages, credentials, group, temporary, lines,
                address, late, budget)
            late.engine.withLock { $0 = engine }
            for builtIn in configuration.builtIns {
                let isKnown = try await registry.registerBuiltIn(
                    builtIn.name, description: builtIn.description, memoryMB: builtIn.memoryMB,
                    timeoutSeconds: builtIn.timeoutSeconds, codeSHA256: "built-in")
                if !isKnown {
                    configuration.logger.warning(
                        "the function \(builtIn.name) is one that somebody has made, and stays so; the one of this name that is compiled in comes back when it is deleted"
                    )
                }
            }
            let replications = configuration.replications
            let queue = try await ChangeQueue.open(
                replications.subscriptions, allowances: replications.deletesMaximum,
                database: database, directory: registry, runner: engine.runner,
                logger: configuration.logger)
            let replication = ReplicationService(
                replications, queue, engine, logger: configuration.logger)
            let intake = EventIntake(
                token: try WebhookToken.load(path: folder + "/webhook-token"), queue: queue,
                read: replications.read, logger: configuration.logger)
            configuration.changes?(queue)
            let region = configuration.region
            let invocations = InvocationRoutes(service: engine) {
                name, qualifier throws(LambdaServiceError) in
                let reference = try registry.reference(name, qualifier: qualifier)
                return (reference.name, reference.qualifier)
            }
            let api = LambdaAPI(
                routes: invocations.routes + FunctionRoutes(registry).routes
                    + SettingsRoutes(registry).routes + replication.routes,
                credentials: credentials, region: region, logger: configuration.logger)
            let listener = try await APIListener.start(
                host: configuration.host, port: configuration.port, group: group,
                responder: ListenerResponder(api: api, endpoints: replication.endpoints(intake)),
                logger: configuration.logger)
            address.withLock { $0 = "http://\(listener.host):\(listener.port)" }
            return BundledRuntime(
                lines: lines, engine: engine, listener: listener, group: group, database: database,
                lock: lock, registry: registry, replication: replication)
        } catch {
            try await group.shutdownGracefully()
            throw error
        }
    }

    private static func makeEngine(
        _ configuration: Configuration, _ database: StateDatabase, _ registry: FunctionRegistry,
        _ packages: PackageStore, _ credentials: Credentials, _ group: MultiThreadedEventLoopGroup,
        _ temporary: String,
        _ lines: LedgerBuffer, _ address: Locked<String>, _ late: LateService,
        _ budget: RuntimeBudget?
    ) -> InvocationEngine {
        let logger = configuration.logger
        let handlers = Dictionary(
            configuration.builtIns.map { ($0.name, $0.handler) }, uniquingKeysWith: { $1 })
        let invoker = ServiceInvoker(late)
        var variables = [
            "AWS_ACCESS_KEY_ID": credentials.accessKeyID,
            "AWS_SECRET_ACCESS_KEY": credentials.secretAccessKey,
        ]
        variables.merge(configuration.variables) { $1 }
        let given = variables
        let make: @Sendable (FunctionVersion, Bool, any FunctionLog) -> any ExecutionEnvironment = {
            version, isProvisioned, log in
            if version.runtime == FunctionVersion.builtInRuntime,
                let handler = handlers[version.functionName]
            {
                return EmbeddedEnvironment(
                    version, handler: handler, invoker: invoker, logger: logger)
            }
            // How a function invokes others with AWS's own SDK.
            var variables = given
            variables["AWS_ENDPOINT_URL_LAMBDA"] = address.withLock { $0 }
            let environment = ProcessEnvironment(
                version,
                ProcessSettings(
                    group: group, commands: configuration.commands, region: configuration.region,
                    variables: variables, temporaryRoot: temporary, log: log,
                    isProvisioned: isProvisioned))
            guard let package = version.codeDirectory else { return environment }
            return PackagedEnvironment(environment, directory: package, packages: packages)
        }
        return InvocationEngine(
            configuration.invocations, database: database, directory: registry,
            budget: budget, log: FunctionLogFiles(folder: configuration.stateFolder + "/logs"),
            reservedTotal: { registry.totalReserved },
            ledger: { entry, database in try Ledger.append([entry], in: database) },
            record: { entry in lines.record(entry) },
            sender: configuration.sender, logger: logger, make: make)
    }

    /// Where its rules stand.
    public func status() async throws -> [ChangeStatus] { try await replication.status() }

    /// Runs the queue until the task is cancelled, then shuts down: nothing new is begun, what runs has `grace` to end, and
    /// the rest is in the queue as it was.
    public func run(grace: Duration = .seconds(10)) async {
        let (engine, registry, replication) = (engine, registry, replication)
        // Tasks of their own, because the end has an order: being asked to end must not cut off what has a grace period.
        let running = Task.detached { await engine.run() }
        let replicating = Task.detached { await replication.run() }
        let warming = Task.detached { await registry.warmAll() }
        do {
            while true { try await Task.sleep(for: .seconds(3600)) }
        } catch {
            // Cancelled: the end has been asked for.
        }
        await listener.stop()
        replication.stop()
        await Task.detached {
            await engine.shutDown(grace: grace) { replication.queue.cutOff() }
        }.value
        replicating.cancel()
        await replicating.value
        running.cancel()
        await running.value
        await warming.value
        await lines.flush()
        do {
            try database.close()
            try await group.shutdownGracefully()
        } catch {
            // The process ends anyway; what was written stays written.
        }
    }
}

/// The engine once there is one.
private struct LateService: InvocationService {
    let engine = Locked<InvocationEngine?>(nil)

    func invoke(
        _ request: InvocationRequest
    ) async throws(LambdaServiceError) -> InvocationResponse {
        guard let engine = engine.withLock({ $0 }) else {
            throw LambdaServiceError(.service, "the runtime is starting")
        }
        return try await engine.invoke(request)
    }
}
