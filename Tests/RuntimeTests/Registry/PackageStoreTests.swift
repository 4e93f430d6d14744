import Foundation
import Signing
import Testing
import Transport

@testable import Runtime

/// Packages stay while anything needs them, and go when nothing does.
@Suite struct PackageStoreTests {
    @Test func aPackageThatTwoFunctionsShareStaysWithTheOther() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f", code: "same")
        try await stage.create("g", code: "same")
        try await stage.registry.delete("f", qualifier: nil)
        #expect(await stage.packageNames() == [RegistryStage.packageName("same")])
        try await stage.registry.delete("g", qualifier: nil)
        #expect(await stage.packageNames() == [])
    }

    /// Between the unpacking and the record, nothing but the hold says that it is needed.
    @Test func aPackageThatIsBeingTakenStays() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f", code: "same")
        let taken = try stage.packages.store(zip: TestZip.package("same"))
        try await stage.registry.delete("f", qualifier: nil)
        #expect(await stage.packageNames() == [RegistryStage.packageName("same")])
        stage.packages.release(taken.directory)
        #expect(await stage.packageNames() == [])
    }

    @Test func functionsOfTheSameCodeComeAndGoAtOnce() async throws {
        let stage = try await RegistryStage()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<8 {
                group.addTask {
                    for _ in 0..<10 {
                        try await stage.create("f\(number)", code: "same")
                        let resolved = try await stage.registry.resolve(
                            "f\(number)", qualifier: nil, choice: 0)
                        let code = try #require(resolved.version.codeDirectory)
                        #expect(access(code + "/app.py", R_OK) == 0)
                        try await stage.registry.delete("f\(number)", qualifier: nil)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(await stage.packageNames() == [])
    }

    @Test func aPackageStaysWhileAnEnvironmentRunsFromIt() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f", code: "old")
        let version = try await stage.registry.resolve("f", qualifier: nil, choice: 0).version
        let environment = PackagedEnvironment(
            NoEnvironment(version: version), directory: try #require(version.codeDirectory),
            packages: stage.packages)
        try await stage.update("f", code: "new")
        let (old, new) = (RegistryStage.packageName("old"), RegistryStage.packageName("new"))
        #expect(await stage.packageNames() == [old, new].sorted())
        await environment.stop()
        await environment.stop()
        #expect(await stage.packageNames() == [new])
    }

    @Test func aVersionsPackageStaysAndGoesWithIt() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f", code: "1")
        try await stage.publish("f")
        try await stage.update("f", code: "2")
        #expect(await stage.packageNames().count == 2)
        try await stage.registry.delete("f", qualifier: "1")
        #expect(await stage.packageNames() == [RegistryStage.packageName("2")])
    }

    @Test func refusedAndTriedOutUpdatesLeaveNothing() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f", code: "1")
        let refused = await refusal {
            try await stage.registry.updateCode(
                "f",
                FunctionDocuments.CodeUpdate(
                    ZipFile: Base64.encode(TestZip.package("2")), RevisionId: "other"))
        }
        #expect(refused?.kind == .preconditionFailed)
        try await stage.update("f", code: "3", dryRun: true)
        let other = await refusal {
            try await stage.registry.create(RegistryStage.settings("f", code: "4"))
        }
        #expect(other?.kind == .resourceConflict)
        #expect(await stage.packageNames() == [RegistryStage.packageName("1")])
        let shown = try stage.registry.configuration("f", qualifier: nil)
        #expect(shown.CodeSha256 == Base64.encode(Checksum.of(TestZip.package("1"), .sha256)))
    }

    @Test func theStartSweepsWhatNothingNames() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f", code: "1")
        try await stage.publish("f")
        try await stage.update("f", code: "2")
        let folder = stage.packages.folder
        let orphan = RegistryStage.packageName("3")
        for name in [orphan, "\(orphan).new-1", "\(orphan).gone-1", "\(orphan).17.4"] {
            mkdir("\(folder)/\(name)", 0o755)
            try Data("x".utf8).write(to: URL(filePath: "\(folder)/\(name)/app.py"))
        }
        let next = try await RegistryStage(folder: stage.folder)
        await next.registry.sweepPackages(holding: try DrainLock(folder: stage.folder))
        let kept = [RegistryStage.packageName("1"), RegistryStage.packageName("2")].sorted()
        #expect(await next.packageNames() == kept)
        for name in kept { #expect(access("\(folder)/\(name)/app.py", R_OK) == 0) }
    }

    /// The records name packages by where they were.
    @Test func aMovedStateFolderKeepsItsPackages() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f", code: "1")
        try stage.database.close()
        let moved = stage.folder + "-moved"
        #expect(rename(stage.folder, moved) == 0)
        defer { rename(moved, stage.folder) }
        let next = try await RegistryStage(folder: moved)
        await next.registry.sweepPackages(holding: try DrainLock(folder: moved))
        let version = try await next.registry.resolve("f", qualifier: nil, choice: 0).version
        #expect(access(try #require(version.codeDirectory) + "/app.py", R_OK) == 0)
        #expect(version.codeDirectory?.hasPrefix(moved) == true)
    }

    @Test func anExecutableIsFrozenOnceAndWhole() async throws {
        let stage = try await RegistryStage()
        let package = try stage.packages.freeze(executable: "/bin/true")
        #expect(try stage.packages.freeze(executable: "/bin/true") == package)
        let bootstrap = package.directory + "/bootstrap"
        #expect(FileManager.default.contentsEqual(atPath: bootstrap, andPath: "/bin/true"))
        #expect(access(bootstrap, X_OK) == 0)
        #expect(await stage.packageNames().count == 1)
    }

    /// A folder can be opened, and every read of it fails.
    @Test func whatCannotBeReadIsNotFrozen() async throws {
        let stage = try await RegistryStage(executable: "/")
        #expect(throws: LambdaServiceError.self) {
            try stage.packages.freeze(executable: "/")
        }
        #expect(await stage.packageNames() == [])
    }

    private struct NoEnvironment: ExecutionEnvironment {
        let version: FunctionVersion
        let logStream = ""
        func initialize() async -> InitOutcome { InitOutcome(duration: .zero, succeeded: true) }
        func invoke(_ event: InvocationEvent) async -> InvocationAnswer { Stage.failure }
        func stop() async {}
    }
}
