import GRDB
import Logging

/// All that runs functions: the pool of environments, the asynchronous queue and the deliveries to destinations.
///
/// Make one, give it to what triggers invocations, and keep ``run()`` going; ``shutDown(grace:)`` ends it.
public final class InvocationEngine: InvocationService {
    public struct Settings: Sendable {
        public var card: RateCard
        public var limits: ScalingLimits
        public var times: DeliveryTimes
        /// Asynchronous events that run at once, of all functions together.
        public var asynchronousConcurrency: Int

        public init(
            card: RateCard = .notes, limits: ScalingLimits = ScalingLimits(),
            times: DeliveryTimes = DeliveryTimes(), asynchronousConcurrency: Int = 64
        ) {
            self.card = card
            self.limits = limits
            self.times = times
            self.asynchronousConcurrency = asynchronousConcurrency
        }
    }

    private let pool: EnvironmentPool
    private let queue: EventQueue
    private let invoker: FunctionInvoker
    private let deliveries: DeliveryLoop
    private let budget: RuntimeBudget?
    let directory: any FunctionDirectory
    let runner: InvocationRunner

    /// - Parameters:
    ///   - budget: is asked before each invocation; nil: none is refused.
    ///   - log: takes the runtime's START, END and REPORT lines; the environments write to the same.
    ///   - ledger: adds a line inside the transaction that ends its event.
    ///   - record: takes the line of an invocation that somebody waited for.
    ///   - make: an environment for a version; it is given a log that keeps the tails that callers ask for.
    public init(
        _ settings: Settings, database: StateDatabase, directory: any FunctionDirectory,
        budget: RuntimeBudget? = nil, log: any FunctionLog,
        reservedTotal: @escaping @Sendable () -> Int,
        ledger: @escaping @Sendable (LedgerEntry, Database) throws -> Void,
        record: @escaping @Sendable (LedgerEntry) -> Void, sender: any DeliverySender,
        logger: Logger,
        make:
            @escaping @Sendable (FunctionVersion, _ isProvisioned: Bool, any FunctionLog) ->
            any ExecutionEnvironment
    ) {
        let tails = LogTails(next: log)
        pool = EnvironmentPool(limits: settings.limits, reservedTotal: reservedTotal) {
            make($0, $1, tails)
        }
        self.budget = budget
        self.directory = directory
        runner = InvocationRunner(pool: pool, tails: tails, card: settings.card, budget: budget)
        queue = EventQueue(
            database: database, directory: directory, runner: runner, ledger: ledger,
            times: settings.times, concurrency: settings.asynchronousConcurrency,
            hasBudget: budget != nil,
            logger: logger)
        invoker = FunctionInvoker(
            directory: directory, runner: runner, queue: queue, record: record)
        deliveries = DeliveryLoop(
            database: database, sender: sender, signal: queue.deliveriesWait, logger: logger)
    }

    public func invoke(
        _ request: InvocationRequest
    ) async throws(LambdaServiceError) -> InvocationResponse { try await invoker.invoke(request) }

    /// Runs what is queued, delivers records and reaps idle environments, until it is shut down or cancelled.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.deliveries.run() }
            group.addTask { await self.budget?.run() }
            group.addTask {
                while !Task.isCancelled {
                    let pause = await self.pool.reap()
                    // Cancelled at the end.
                    try? await Task.sleep(for: pause)
                }
            }
            await queue.drain()
            group.cancelAll()
        }
    }

    /// Begins nothing more, gives what runs `grace` to end, and stops every environment. What has not ended by then is in
    /// the queue as it was, when it came from there.
    ///
    /// - Parameter cuttingOff: called when the grace is over: what fails from then on has been cut off.
    public func shutDown(
        grace: Duration, cuttingOff: @escaping @Sendable () -> Void = {}
    ) async {
        queue.stop()
        await pool.close(grace: grace) {
            queue.cutOff()
            cuttingOff()
        }
    }

    /// After a change of a function's code or configuration, and after its end; of one version, or of all.
    public func retire(_ functionName: String, version: String? = nil) async {
        await pool.retire(functionName, version: version)
    }

    /// - Returns: how many initialised environments the version has now.
    public func provision(_ version: FunctionVersion, count: Int) async -> Int {
        await pool.provision(version, count: count)
    }
}
