import FoundationEssentials
import GRDB
import Lambda
import Transport

/// Functions, versions and aliases. What it answers is in memory; every change is on disk before it is answered.
public final class FunctionRegistry: FunctionDirectory {
    public struct Settings: Sendable {
        public var region: String
        public var account: String
        /// Of all functions together.
        public var accountConcurrency: Int
        /// Told of a function's version ("$LATEST" or a number) whose code or configuration has changed, or that is gone;
        /// nil: the function is gone, with all of them.
        public var changed: @Sendable (_ functionName: String, _ version: String?) async -> Void
        /// Keeps `count` environments of a version warm; returns how many there are.
        public var provision: @Sendable (FunctionVersion, Int) async -> Int
        /// The executable that is frozen when a compiled-in function is published.
        public var executable: String?
        /// nil: packages come in requests only.
        public var packageSource: (any PackageSource)?

        public init(
            region: String = "us-east-1", account: String = "000000000000",
            accountConcurrency: Int = 1000, executable: String? = nil,
            packageSource: (any PackageSource)? = nil,
            changed: @escaping @Sendable (String, String?) async -> Void = { _, _ in },
            provision: @escaping @Sendable (FunctionVersion, Int) async -> Int = { _, _ in 0 }
        ) {
            self.region = region
            self.account = account
            self.accountConcurrency = accountConcurrency
            self.executable = executable
            self.packageSource = packageSource
            self.changed = changed
            self.provision = provision
        }
    }

    struct State {
        var functions: [String: FunctionRecord] = [:]
        /// What `resolve` answers for versions, made once.
        var runnable: [String: [String: FunctionVersion]] = [:]
        var reservedTotal = 0
        /// What is being kept warm, by function.
        var warming: [String: Warming] = [:]
        /// Concurrency that a change that is being written asks for, by function.
        var claims: [String: Int] = [:]
        /// Of functions that are gone, by name: the number of the next version, should the name be used again.
        var nextVersions: [String: Int] = [:]
        /// A change is being written: the next of the same function waits.
        var busy: Set<String> = []
        var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]
    }

    let settings: Settings
    let packages: PackageStore
    private let database: StateDatabase
    let state: Locked<State>

    /// How long a new function is Pending, and a changed one InProgress: shorter than any client's first look.
    static let settling = Duration.milliseconds(30)

    /// Loads what there is.
    public init(
        database: StateDatabase, packages: PackageStore, settings: Settings
    ) async throws {
        self.database = database
        self.packages = packages
        self.settings = settings
        let (documents, numbers) = try await database.read { database in
            (
                try Row.fetchAll(
                    database, sql: "SELECT name, document FROM functions ORDER BY name"
                )
                .map { ($0["name"] as String, $0["document"] as Data) },
                try Row.fetchAll(database, sql: "SELECT name, next_version FROM function_numbers")
                    .map { ($0["name"] as String, $0["next_version"] as Int) }
            )
        }
        var loaded = State()
        loaded.nextVersions = Dictionary(numbers, uniquingKeysWith: max)
        for (name, document) in documents {
            var record: FunctionRecord
            do {
                record = try JSONDecoder().decode(FunctionRecord.self, from: document)
            } catch {
                throw StateDatabase.damaged(
                    database.path, "what it says of the function \(name) cannot be read", error)
            }
            // It had settled, or would have.
            record.latest.isPending = false
            record.latest.isUpdating = false
            record.movePackages(to: packages.folder)
            record.removeOrphans()
            loaded.functions[record.name] = record
        }
        state = Locked(loaded)
        for name in loaded.functions.keys { refresh(name) }
        packages.neededWhere { [weak self] package in
            guard let self else { return true }
            return self.state.withLock { state in
                state.functions.values.contains { $0.runs(from: package) }
            }
        }
    }

    /// Removes what a process that was killed has left of packages that nothing names. Once, before there are calls.
    ///
    /// - Parameter lock: of the state folder.
    public func sweepPackages(holding lock: DrainLock) async {
        let packages = packages
        // Not on the caller's executor, which may be the loop that all requests share.
        await Task.detached { packages.sweep(holding: lock) }.value
    }

    /// The sum of all reserved concurrency.
    public var totalReserved: Int { state.withLock { $0.reservedTotal } }

    func arn(_ name: String) -> String {
        "arn:aws:lambda:\(settings.region):\(settings.account):function:\(name)"
    }

    /// A function as a caller of this region and account names it.
    func reference(
        _ text: String, qualifier: String?
    ) throws(LambdaServiceError) -> FunctionReference {
        try FunctionReference(
            text, qualifier: qualifier, region: settings.region, account: settings.account)
    }

    func notFound(_ name: String, _ qualifier: String? = nil) -> LambdaServiceError {
        LambdaServiceError(
            .resourceNotFound,
            "Function not found: \(arn(name))" + (qualifier.map { ":\($0)" } ?? ""))
    }

    func record(_ name: String, _ qualifier: String? = nil) throws(LambdaServiceError)
        -> FunctionRecord
    {
        guard let record = state.withLock({ $0.functions[name] }) else {
            throw notFound(name, qualifier)
        }
        return record
    }

    /// Changes one function, alone at it: the record is replaced when the change is on disk. nil deletes it. Packages that
    /// it no longer names are removed.
    @discardableResult
    func change<Value: Sendable>(
        _ name: String,
        _ body: @Sendable (inout FunctionRecord?) throws(LambdaServiceError) -> Value
    ) async throws(LambdaServiceError) -> Value {
        await enter(name)
        defer { leave(name) }
        let before = state.withLock { $0.functions[name] }
        var record = before
        let value = try body(&record)
        let changed = record
        let nextVersion = changed == nil ? before?.nextVersion : nil
        do {
            let document = try changed.map { try JSONEncoder().encode($0) }
            try await database.write { database in
                if let document {
                    try database.execute(
                        sql: "INSERT OR REPLACE INTO functions (name, document) VALUES (?, ?)",
                        arguments: [name, document])
                } else {
                    try database.execute(
                        sql: "DELETE FROM functions WHERE name = ?", arguments: [name])
                }
                if let nextVersion {
                    try database.execute(
                        sql:
                            "INSERT OR REPLACE INTO function_numbers (name, next_version) VALUES (?, ?)",
                        arguments: [name, nextVersion])
                }
            }
        } catch {
            throw LambdaServiceError(.service, "the change cannot be written", cause: error)
        }
        state.withLock { state in
            state.functions[name] = changed
            if let nextVersion { state.nextVersions[name] = nextVersion }
        }
        refresh(name)
        let unnamed = (before?.packages ?? []).subtracting(changed?.packages ?? [])
        for package in unnamed { packages.collect(package) }
        return value
    }

    /// Uses a package that is held, until the record that names it is on disk or is refused.
    func using<Value: Sendable>(
        _ package: PackageStore.Package,
        _ body: () async throws(LambdaServiceError) -> Value
    ) async throws(LambdaServiceError) -> Value {
        do throws(LambdaServiceError) {
            let value = try await body()
            packages.release(package.directory)
            return value
        } catch {
            if error.kind == .service {
                packages.abandon(package.directory)
            } else {
                packages.release(package.directory)
            }
            throw error
        }
    }

    private func enter(_ name: String) async {
        await withCheckedContinuation { continuation in
            let isFree = state.withLock { state in
                if state.busy.insert(name).inserted { return true }
                state.waiting[name, default: []].append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave(_ name: String) {
        let next: CheckedContinuation<Void, Never>? = state.withLock { state in
            state.claims[name] = nil
            guard var waiting = state.waiting[name], !waiting.isEmpty else {
                state.waiting[name] = nil
                state.busy.remove(name)
                return nil
            }
            let next = waiting.removeFirst()
            state.waiting[name] = waiting
            return next
        }
        next?.resume()
    }

    private func refresh(_ name: String) {
        let arn = arn(name)
        state.withLock { state in
            if let record = state.functions[name] {
                state.runnable[name] = Dictionary(
                    uniqueKeysWithValues: ([record.latest] + record.versions).map {
                        ($0.version, Self.runnable($0, name, arn))
                    })
            } else {
                state.runnable[name] = nil
            }
            state.reservedTotal = state.functions.values.reduce(0) {
                $0 + ($1.reservedConcurrency ?? 0)
            }
        }
    }

    private static func runnable(
        _ snapshot: FunctionRecord.Snapshot, _ name: String, _ arn: String
    ) -> FunctionVersion {
        FunctionVersion(
            functionName: name, version: snapshot.version, functionARN: arn,
            runtime: snapshot.runtime, handler: snapshot.handler, memoryMB: snapshot.memoryMB,
            timeoutSeconds: snapshot.timeoutSeconds, environment: snapshot.environment ?? [:],
            ephemeralStorageMB: snapshot.ephemeralStorageMB,
            codeDirectory: snapshot.codeDirectory, logFormat: snapshot.logFormat,
            applicationLogLevel: snapshot.applicationLogLevel,
            systemLogLevel: snapshot.systemLogLevel, logGroup: snapshot.logGroup,
            // The settling of a change makes no other code of it.
            revision: snapshot.codeSHA256, tracingMode: snapshot.tracingMode)
    }

    public func resolve(
        _ functionName: String, qualifier: String?, choice: Double
    ) async throws(LambdaServiceError) -> ResolvedFunction {
        let found = state.withLock {
            state -> (FunctionRecord, FunctionRecord.Alias?, FunctionVersion)? in
            guard let record = state.functions[functionName] else { return nil }
            let alias = qualifier.flatMap { record.aliases[$0] }
            var version = alias?.version ?? qualifier ?? "$LATEST"
            if let (other, weight) = alias?.additional.first, choice < weight { version = other }
            guard let runnable = state.runnable[functionName]?[version] else { return nil }
            return (record, alias, runnable)
        }
        guard let (record, alias, version) = found else { throw notFound(functionName, qualifier) }
        if version.version == "$LATEST", record.latest.isPending {
            throw LambdaServiceError(
                .resourceConflict,
                "The operation cannot be performed at this time. The function is currently in the following state: Pending"
            )
        }
        let own = record.eventInvoke[qualifier ?? "$LATEST"]
        return ResolvedFunction(
            version: version,
            invokedARN: version.functionARN + (qualifier.map { ":\($0)" } ?? ""),
            alias: alias?.name, reservedConcurrency: record.reservedConcurrency,
            asynchronous: AsynchronousSettings(
                maximumRetryAttempts: own?.maximumRetryAttempts ?? 2,
                maximumEventAgeSeconds: own?.maximumEventAgeSeconds ?? 21600,
                onSuccess: own?.onSuccess, onFailure: own?.onFailure,
                deadLetterTarget: record.snapshot(version.version)?.deadLetterTarget),
            stopsRecursion: record.stopsRecursion)
    }
}
