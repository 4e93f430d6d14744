import GRDB
import Lambda
import Logging
import TestSupport
import Transport

@testable import Runtime

/// A queue of changes over a function that is a closure, on a state file of its own.
final class ChangeStage: Sendable {
    /// What the function says of a key.
    enum Answer: String { case done, deleted, again, failed, cutOff }

    struct Run: Equatable {
        var key: String
        var isDeleteAllowed: Bool
    }

    let stage: Stage
    /// Added to the time; with `frozenAt`, to that.
    let offset = Locked<Int64>(0)
    private let frozenAt: Int64?
    let runs = Locked<[Run]>([])
    /// After every run.
    let progressed = Signal()

    /// - Parameter frozenAt: a clock that moves only as it is told to.
    init(folder: String? = nil, frozenAt: Int64? = nil) throws {
        stage = try Stage(folder: folder)
        self.frozenAt = frozenAt
    }

    var clock: @Sendable () -> Int64 {
        { [offset, frozenAt] in (frozenAt ?? UnixTime.milliseconds()) + offset.withLock { $0 } }
    }

    var runner: InvocationRunner {
        InvocationRunner(pool: stage.pool, tails: LogTails(next: stage.log), card: .notes)
    }

    var directory: Stage.Directory { Stage.Directory(functions: stage.functions) }

    static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    func answer(reserved: Int? = nil, _ body: @escaping @Sendable (String, Int) async -> Answer) {
        let (runs, progressed) = (runs, progressed)
        stage.add("replicate", reserved: reserved) { event in
            let key = String(decoding: event.payload.dropFirst(), as: UTF8.self)
            let count = runs.withLock { runs in
                runs.append(Run(key: key, isDeleteAllowed: event.payload[0] == 1))
                return runs.count
            }
            let answer = await body(key, count)
            progressed.raise()
            guard answer != .cutOff else {
                return InvocationAnswer(status: .failure, payload: [], duration: .zero)
            }
            return Stage.success(answer.rawValue)
        }
    }

    static func subscription(_ name: String, concurrency: Int = 8) -> Subscription {
        Subscription(
            name: name, rule: "rule of \(name)", functionName: "replicate",
            concurrency: concurrency,
            payload: { key, isDeleteAllowed in [isDeleteAllowed ? 1 : 0] + key },
            verdict: { answer in
                switch Answer(rawValue: String(decoding: answer.payload, as: UTF8.self)) {
                case .done: .done(deleted: false)
                case .deleted: .done(deleted: true)
                case .failed: .failed(kind: "Bad", message: "it is bad")
                default: .again(kind: "Away", message: "it is away")
                }
            })
    }

    func open(
        _ names: [String] = ["s"], concurrency: Int = 8, allowances: [String: Int] = [:]
    ) async throws -> ChangeQueue {
        try await ChangeQueue.open(
            names.map { Self.subscription($0, concurrency: concurrency) }, allowances: allowances,
            database: stage.database, directory: directory, runner: runner, logger: Self.quiet,
            clock: clock)
    }

    func change(
        _ key: String, _ subscription: String = "s", _ priority: Change.Priority = .live,
        isDeleteAllowed: Bool = false
    ) -> Change {
        Change(
            subscription: subscription, key: Array(key.utf8), happenedAt: clock(),
            priority: priority, isDeleteAllowed: isDeleteAllowed)
    }

    func count(_ table: String) async throws -> Int {
        try await stage.database.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? -1
        }
    }

    /// Runs the queue while `body` does, and until what it began has ended.
    func draining(
        _ queue: ChangeQueue, _ body: () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await queue.drain() }
            do {
                try await body()
            } catch {
                queue.stop()
                throw error
            }
            queue.stop()
            try await group.waitForAll()
        }
    }

    /// Until `condition` holds, looking again after every run.
    func until(_ condition: () async throws -> Bool) async throws {
        while try await !condition() { await progressed.wait(atMost: .milliseconds(10)) }
    }

    /// Until nothing waits and nothing runs.
    func emptied(_ queue: ChangeQueue) async throws {
        try await draining(queue) {
            try await until { try await count("changes") == 0 }
        }
    }
}
