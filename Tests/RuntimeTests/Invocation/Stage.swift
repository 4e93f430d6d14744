import GRDB
import Glibc
import Lambda
import Logging
import Transport

@testable import Runtime

/// Functions that are closures, on a pool, a queue and a state file of their own.
final class Stage: Sendable {
    typealias Body = @Sendable (InvocationEvent) async -> InvocationAnswer

    struct Directory: FunctionDirectory {
        let functions: Locked<[String: ResolvedFunction]>

        func resolve(
            _ functionName: String, qualifier: String?, choice: Double
        ) async throws(LambdaServiceError) -> ResolvedFunction {
            guard let function = functions.withLock({ $0[functionName] }) else {
                throw LambdaServiceError(
                    .resourceNotFound, "Function not found: \(Stage.arn(functionName))")
            }
            return function
        }
    }

    struct Environment: ExecutionEnvironment {
        let version: FunctionVersion
        let logStream = "2026/11/25/[$LATEST]00000000000000000000000000000000"
        let body: Body
        let stage: Stage

        func initialize() async -> InitOutcome {
            stage.started.withLock { $0 += 1 }
            return InitOutcome(duration: .milliseconds(5), succeeded: true)
        }
        func invoke(_ event: InvocationEvent) async -> InvocationAnswer {
            event.begun?()
            return await body(event)
        }
        func stop() async { stage.stopped.withLock { $0 += 1 } }
    }

    struct Log: FunctionLog {
        let lines = Locked<[String]>([])
        func append(
            _ new: [String], function: FunctionVersion, stream: String, requestID: String?
        ) {
            lines.withLock { $0 += new }
        }
    }

    let folder: String
    private let isOwner: Bool
    let database: StateDatabase
    let functions = Locked<[String: ResolvedFunction]>([:])
    let bodies = Locked<[String: Body]>([:])
    let started = Locked(0)
    let stopped = Locked(0)
    let log = Log()
    let entries = Locked<[LedgerEntry]>([])
    private let parts = Locked<(EnvironmentPool, EventQueue, FunctionInvoker)?>(nil)
    private let limits: ScalingLimits
    private let times: DeliveryTimes
    private let concurrency: Int

    var pool: EnvironmentPool { parts.withLock { $0!.0 } }
    var queue: EventQueue { parts.withLock { $0!.1 } }
    var invoker: FunctionInvoker { parts.withLock { $0!.2 } }

    static func arn(_ name: String) -> String {
        "arn:aws:lambda:us-east-1:000000000000:function:\(name)"
    }

    init(
        limits: ScalingLimits = ScalingLimits(), times: DeliveryTimes = DeliveryTimes(),
        concurrency: Int = 8, folder existing: String? = nil
    ) throws {
        self.limits = limits
        self.times = times
        self.concurrency = concurrency
        isOwner = existing == nil
        folder = existing ?? "/tmp/brigade-stage-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        // There already where another stage's folder is used.
        mkdir(folder, 0o700)
        database = try StateDatabase(path: folder + "/state.sqlite")
        assemble(budget: nil)
    }

    /// Begins again, within a budget.
    func assemble(budget: RuntimeBudget?) {
        let pool = EnvironmentPool(limits: limits) { [unowned self] version, _ in
            Environment(
                version: version, body: self.bodies.withLock { $0[version.functionName]! },
                stage: self)
        }
        let runner = InvocationRunner(
            pool: pool, tails: LogTails(next: log), card: .notes, budget: budget)
        let directory = Directory(functions: functions)
        let entries = entries
        let queue = EventQueue(
            database: database, directory: directory, runner: runner,
            ledger: { entry, _ in entries.withLock { $0.append(entry) } }, times: times,
            concurrency: concurrency, hasBudget: budget != nil,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let invoker = FunctionInvoker(
            directory: directory, runner: runner, queue: queue,
            record: { entry in entries.withLock { $0.append(entry) } })
        parts.withLock { $0 = (pool, queue, invoker) }
    }

    deinit {
        guard isOwner else { return }
        for end in ["", "-wal", "-shm"] { unlink("\(folder)/state.sqlite\(end)") }
        rmdir(folder)
    }

    func add(
        _ name: String, reserved: Int? = nil,
        asynchronous: AsynchronousSettings = AsynchronousSettings(), _ body: @escaping Body
    ) {
        bodies.withLock { $0[name] = body }
        functions.withLock {
            $0[name] = ResolvedFunction(
                version: FunctionVersion(
                    functionName: name, functionARN: Self.arn(name), runtime: "test", handler: "x"),
                invokedARN: Self.arn(name), reservedConcurrency: reserved,
                asynchronous: asynchronous)
        }
    }

    static func success(_ text: String = "null") -> InvocationAnswer {
        InvocationAnswer(
            status: .success, payload: Array(text.utf8), duration: .microseconds(1500))
    }

    static let failure = InvocationAnswer(
        status: .error, payload: Array(#"{"errorMessage":"no","errorType":"No"}"#.utf8),
        errorType: "No", duration: .microseconds(1500))
}
