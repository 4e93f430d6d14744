import Transport

/// An environment that runs from a package: the package stays until it has been stopped.
final class PackagedEnvironment: ExecutionEnvironment {
    private let environment: any ExecutionEnvironment
    private let packages: PackageStore
    private let directory: String
    private let isHeld = Locked(true)

    /// - Parameter directory: the package's.
    init(_ environment: any ExecutionEnvironment, directory: String, packages: PackageStore) {
        self.environment = environment
        self.directory = directory
        self.packages = packages
        packages.hold(directory)
    }

    var version: FunctionVersion { environment.version }
    var logStream: String { environment.logStream }
    var isUsedUp: Bool { environment.isUsedUp }

    func initialize() async -> InitOutcome { await environment.initialize() }

    func invoke(_ event: InvocationEvent) async -> InvocationAnswer {
        await environment.invoke(event)
    }

    func stop() async {
        await environment.stop()
        let isLast = isHeld.withLock { isHeld in
            defer { isHeld = false }
            return isHeld
        }
        if isLast { packages.release(directory) }
    }
}
