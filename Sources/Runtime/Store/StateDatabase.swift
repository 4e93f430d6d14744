import GRDB
import Transport

/// The runtime's state: one SQLite file, in WAL mode with `synchronous=FULL`, shared by any number of processes.
///
/// Writes that are asked for at the same time share one commit and one flush to disk; each is undone alone when it
/// throws. What ``write(_:)`` returned is on disk. Any task; a waiting writer costs no thread.
public final class StateDatabase: Sendable {
    private struct Job: Sendable {
        /// Runs inside the shared transaction, in a savepoint of its own; keeps its result.
        var run: @Sendable (Database) -> Void
        /// After the commit, or with what it failed with.
        var finish: @Sendable ((any Error)?) -> Void
    }

    private struct Pending {
        var jobs: [Job] = []
        var isDraining = false
    }

    private let pool: DatabasePool
    private let pending = Locked(Pending())

    public let path: String

    /// Writes that share one commit, at most: bounds how long a reader of the file waits for a checkpoint.
    static let batchMaximum = 512
    /// How long a write waits for another process's.
    static let busyTimeout = 10.0

    /// Opens or makes the file (mode 0600) and brings its tables up to date.
    ///
    /// - Throws: ``StateError``: `.unusable` when it cannot be opened or is damaged, `.newer` when a later release made it.
    public init(path: String) throws(StateError) {
        self.path = path
        var configuration = Configuration()
        configuration.busyMode = .timeout(Self.busyTimeout)
        configuration.journalMode = .wal
        configuration.prepareDatabase { database in
            try database.execute(sql: "PRAGMA synchronous = FULL")
        }
        do {
            try StateFile.make(path)
            pool = try DatabasePool(path: path, configuration: configuration)
            let migrator = StateSchema.migrator
            if try pool.read(migrator.hasBeenSuperseded) {
                throw StateError(
                    .newer, "\(path) was made by a newer release of brigade")
            }
            try migrator.migrate(pool)
        } catch let error as StateError {
            throw error
        } catch let error as DatabaseError where Self.isDamage(error) {
            throw Self.damaged(path, error.message, error)
        } catch {
            throw StateError(.unusable, "cannot use the state file \(path): \(error)", cause: error)
        }
    }

    static func damaged(
        _ path: String, _ reason: String?, _ cause: (any Error)? = nil
    ) -> StateError {
        StateError(
            .unusable, "the state file \(path) is damaged: \(reason ?? "no reason given")",
            cause: cause)
    }

    /// Reads every page of these tables and of their indices: what a runtime goes by must be sound before it begins. Takes as
    /// long as reading them does.
    ///
    /// - Throws: ``StateError``: `.unusable` when something is damaged.
    func check(_ tables: [String]) throws(StateError) {
        do {
            let found = try pool.read { database in
                try tables.flatMap {
                    try String.fetchAll(database, sql: "PRAGMA quick_check('\($0)')")
                }
            }
            guard let problem = found.first(where: { $0 != "ok" }) else { return }
            throw Self.damaged(path, problem.split(separator: "\n").last.map(String.init))
        } catch let error as StateError {
            throw error
        } catch {
            throw Self.damaged(path, (error as? DatabaseError)?.message ?? "\(error)", error)
        }
    }

    private static func isDamage(_ error: DatabaseError) -> Bool {
        [.SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode.primaryResultCode)
    }

    /// Reads one consistent state of all tables.
    public func read<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await pool.read(body)
    }

    /// Runs `body` in a transaction that it may share with others, and returns when it is on disk.
    ///
    /// - Throws: what `body` throws, with nothing of it kept; or the error of the shared commit, with nothing kept at all.
    public func write<Value: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let kept = Locked<Result<Value, any Error>?>(nil)
            enqueue(
                Job(
                    run: { database in
                        let result = Self.inSavepoint(database, body)
                        kept.withLock { $0 = result }
                    },
                    finish: { error in
                        if let error { return continuation.resume(throwing: error) }
                        continuation.resume(with: kept.withLock { $0! })
                    }))
        }
    }

    /// The same for a caller that does not wait: `finish` is told when it is on disk, or why it is not. Writes are made in
    /// the order in which they were handed over.
    public func write(
        _ body: @escaping @Sendable (Database) throws -> Void,
        finish: @escaping @Sendable ((any Error)?) -> Void
    ) {
        let kept = Locked<(any Error)?>(nil)
        enqueue(
            Job(
                run: { database in
                    if case .failure(let error) = Self.inSavepoint(database, body) {
                        kept.withLock { $0 = error }
                    }
                },
                finish: { error in finish(error ?? kept.withLock { $0 }) }))
    }

    private static func inSavepoint<Value: Sendable>(
        _ database: Database, _ body: (Database) throws -> Value
    ) -> Result<Value, any Error> {
        do {
            var value: Value?
            try database.inSavepoint {
                value = try body(database)
                return .commit
            }
            return .success(value!)
        } catch {
            return .failure(error)
        }
    }

    private func enqueue(_ job: Job) {
        let starts = pending.withLock { pending in
            pending.jobs.append(job)
            let starts = !pending.isDraining
            pending.isDraining = true
            return starts
        }
        guard starts else { return }
        pool.asyncWriteWithoutTransaction { database in self.drain(database) }
    }

    private func drain(_ database: Database) {
        while true {
            let batch: [Job] = pending.withLock { pending in
                let batch = Array(pending.jobs.prefix(Self.batchMaximum))
                pending.jobs.removeFirst(batch.count)
                if batch.isEmpty { pending.isDraining = false }
                return batch
            }
            guard !batch.isEmpty else { return }
            do {
                try database.inTransaction(.immediate) {
                    for job in batch { job.run(database) }
                    return .commit
                }
                for job in batch { job.finish(nil) }
            } catch {
                for job in batch { job.finish(error) }
            }
        }
    }

    /// Waits for what is being written, and lets go of the file.
    public func close() throws { try pool.close() }
}
