import Foundation
import Signing
import Transport

@testable import Runtime

/// A registry on a state folder of its own, whose environments are only counted.
final class RegistryStage: Sendable {
    let folder: String
    let database: StateDatabase
    let packages: PackageStore
    let registry: FunctionRegistry
    private let isOwner: Bool
    /// What was told to be kept warm, by "function:version".
    let provisioned: Locked<[String: Int]>
    let changed: Locked<[String]>

    static let role = "arn:aws:iam::000000000000:role/any"

    init(
        folder existing: String? = nil, accountConcurrency: Int = 1000,
        executable: String = "/bin/true", packageSource: (any PackageSource)? = nil,
        lingering: Duration = .zero
    ) async throws {
        isOwner = existing == nil
        folder =
            existing ?? "/tmp/brigade-registry-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        // There already where another stage's folder is used.
        mkdir(folder, 0o700)
        database = try StateDatabase(path: folder + "/state.sqlite")
        packages = PackageStore(folder: folder + "/packages", lingering: lingering)
        let provisioned = Locked<[String: Int]>([:])
        let changed = Locked<[String]>([])
        self.provisioned = provisioned
        self.changed = changed
        registry = try await FunctionRegistry(
            database: database, packages: packages,
            settings: .init(
                accountConcurrency: accountConcurrency, executable: executable,
                packageSource: packageSource,
                changed: { name, version in
                    changed.withLock { $0.append("\(name):\(version ?? "*")") }
                },
                provision: { version, count in
                    // Others come in between, as while environments start.
                    for _ in 0..<count { await Task.yield() }
                    provisioned.withLock {
                        $0["\(version.functionName):\(version.version)"] = count
                    }
                    return count
                }))
    }

    deinit {
        guard isOwner else { return }
        // Best effort: it is the machine's temporary folder.
        try? FileManager.default.removeItem(atPath: folder)
    }

    static func settings(
        _ name: String, code: String = "1"
    ) -> FunctionDocuments.Settings {
        var settings = FunctionDocuments.Settings()
        settings.FunctionName = name
        settings.Runtime = "python3.12"
        settings.Role = role
        settings.Handler = "app.handler"
        settings.Code = FunctionDocuments.Code(ZipFile: Base64.encode(TestZip.package(code)))
        return settings
    }

    /// A function that is Active.
    @discardableResult
    func create(
        _ name: String, code: String = "1"
    ) async throws -> FunctionDocuments.Configuration {
        let made = try await registry.create(Self.settings(name, code: code))
        await registry.settleNow(name, made.RevisionId)
        return made
    }

    func update(_ name: String, code: String, dryRun: Bool = false) async throws {
        let made = try await registry.updateCode(
            name,
            FunctionDocuments.CodeUpdate(
                ZipFile: Base64.encode(TestZip.package(code)), DryRun: dryRun))
        await registry.settleNow(name, made.RevisionId)
    }

    @discardableResult
    func publish(_ name: String) async throws -> String {
        try await registry.publish(name, FunctionDocuments.Publication()).Version
    }

    /// Publishes a version with code of its own.
    func publish(_ name: String, code: String) async throws -> String {
        try await update(name, code: code)
        return try await publish(name)
    }

    func target(_ name: String, _ qualifier: String?) throws -> FunctionReference {
        try FunctionReference(
            name, qualifier: qualifier, region: "us-east-1", account: "000000000000")
    }

    /// What is in the folder of packages when all that is to be removed is gone.
    func packageNames() async -> [String] {
        await packages.whenCollected()
        return DurableFolder.names(packages.folder).sorted()
    }

    static func packageName(_ code: String) -> String {
        Hex.encode(Checksum.of(TestZip.package(code), .sha256))
    }
}

/// The refusal of a call; nil when it is not refused.
func refusal(_ call: () async throws -> some Any) async -> LambdaServiceError? {
    do {
        _ = try await call()
        return nil
    } catch {
        return error as? LambdaServiceError
            ?? LambdaServiceError(.service, "not a refusal", cause: error)
    }
}
