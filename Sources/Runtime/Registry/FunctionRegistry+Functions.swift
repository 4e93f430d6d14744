import FoundationEssentials
import Signing

extension FunctionRegistry {
    static func makeRevision() -> String {
        RequestIdentifier.make()
    }

    // MARK: Making and changing

    func create(
        _ settings: FunctionDocuments.Settings
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        guard let given = settings.FunctionName else { throw FunctionRules.missing("functionName") }
        let name = try FunctionRules.newName(
            given, region: self.settings.region, account: self.settings.account)
        guard let role = settings.Role else { throw FunctionRules.missing("role") }
        guard let code = settings.Code else { throw FunctionRules.missing("code") }
        guard let runtime = settings.Runtime else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Runtime is mandatory for functions created with deployment packages.")
        }
        guard let handler = settings.Handler else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Handler is mandatory for functions created with deployment packages.")
        }
        try FunctionRules.check(settings)
        guard state.withLock({ $0.functions[name] == nil }) else {
            throw LambdaServiceError(.resourceConflict, "Function already exist: \(name)")
        }
        let tags = settings.Tags ?? [:]
        try FunctionRules.check(tags: tags)
        let package = try await package(code)
        let answer = try await using(package) {
            () throws(LambdaServiceError) -> FunctionDocuments.Configuration in
            var snapshot = FunctionRecord.Snapshot(
                runtime: runtime, role: role, handler: handler, logGroup: "/aws/lambda/\(name)",
                codeSHA256: package.sha256, codeSize: package.size,
                codeDirectory: package.directory, modifiedAt: UnixTime.milliseconds(),
                revisionID: Self.makeRevision())
            try FunctionRules.apply(settings, to: &snapshot)
            snapshot.isPending = true
            return try await add(name, snapshot, tags: tags, publishes: settings.Publish == true)
        }
        settle(name, answer.RevisionId)
        return answer
    }

    private func add(
        _ name: String, _ snapshot: FunctionRecord.Snapshot, tags: [String: String],
        publishes: Bool
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        let arn = arn(name)
        return try await change(name) {
            record throws(LambdaServiceError) -> FunctionDocuments.Configuration in
            guard record == nil else {
                throw LambdaServiceError(.resourceConflict, "Function already exist: \(name)")
            }
            var new = FunctionRecord(name: name, latest: snapshot)
            new.nextVersion = nextVersion(name)
            new.tags = tags
            var shown = snapshot
            if publishes {
                shown.version = String(new.nextVersion)
                var version = shown
                version.isPending = false
                new.versions = [version]
                new.nextVersion += 1
            }
            record = new
            return Self.document(shown, name, arn, qualified: publishes)
        }
    }

    /// The number of a new function's first version: after those of all functions that had its name.
    func nextVersion(_ name: String) -> Int { state.withLock { $0.nextVersions[name] ?? 1 } }

    /// A new or changed function becomes what it says after a moment, as on Lambda; its revision changes with it.
    ///
    /// - Parameter revision: of the change. After another one, that one's moment counts.
    func settle(_ name: String, _ revision: String) {
        // As long as the registry, and for 30 ms: nobody waits for it.
        Task {
            // Nothing cancels it.
            try? await Task.sleep(for: Self.settling)
            await settleNow(name, revision)
        }
    }

    func settleNow(_ name: String, _ revision: String) async {
        @Sendable func settled(_ record: FunctionRecord?) -> FunctionRecord? {
            guard var record, record.latest.revisionID == revision else { return nil }
            record.latest.isPending = false
            record.latest.isUpdating = false
            record.latest.revisionID = Self.makeRevision()
            return record
        }
        do throws(LambdaServiceError) {
            try await change(name) { record throws(LambdaServiceError) in
                if let settled = settled(record) { record = settled }
            }
        } catch {
            // As after the next start.
            state.withLock { state in
                if let settled = settled(state.functions[name]) { state.functions[name] = settled }
            }
        }
    }

    func updateConfiguration(
        _ name: String, _ settings: FunctionDocuments.Settings
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        _ = try record(name)
        try FunctionRules.check(settings)
        return try await update(name, revision: settings.RevisionId) {
            snapshot throws(LambdaServiceError) in
            if snapshot.codeDirectory == nil, settings.Runtime != nil || settings.Handler != nil {
                throw FunctionRules.builtIn(name)
            }
            if let runtime = settings.Runtime { snapshot.runtime = runtime }
            if let handler = settings.Handler { snapshot.handler = handler }
            if let role = settings.Role { snapshot.role = role }
            try FunctionRules.apply(settings, to: &snapshot)
        }
    }

    func updateCode(
        _ name: String, _ code: FunctionDocuments.CodeUpdate
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        let before = try record(name)
        guard before.latest.codeDirectory != nil else { throw FunctionRules.builtIn(name) }
        try FunctionRules.check(architectures: code.Architectures)
        let package = try await package(code.code)
        let answer = try await using(package) {
            () throws(LambdaServiceError) -> FunctionDocuments.Configuration in
            if code.DryRun == true {
                var shown = before.latest
                try Self.checkIsSettled(shown, arn(name))
                try FunctionRules.check(revision: code.RevisionId, of: shown.revisionID)
                shown.codeSHA256 = package.sha256
                shown.codeSize = package.size
                return Self.document(shown, name, arn(name))
            }
            return try await update(name, revision: code.RevisionId) {
                snapshot throws(LambdaServiceError) in
                guard snapshot.codeDirectory != nil else { throw FunctionRules.builtIn(name) }
                snapshot.codeSHA256 = package.sha256
                snapshot.codeSize = package.size
                snapshot.codeDirectory = package.directory
                if let architecture = code.Architectures?.first {
                    snapshot.architecture = architecture
                }
            }
        }
        guard code.Publish == true, code.DryRun != true else { return answer }
        return try await publish(
            name, FunctionDocuments.Publication(CodeSha256: package.sha256))
    }

    private static func checkIsSettled(
        _ snapshot: FunctionRecord.Snapshot, _ arn: String
    ) throws(LambdaServiceError) {
        guard !snapshot.isUpdating, !snapshot.isPending else {
            throw LambdaServiceError(
                .resourceConflict,
                "The operation cannot be performed at this time. An update is in progress for resource: \(arn)"
            )
        }
    }

    private func update(
        _ name: String, revision: String?,
        _ body: @Sendable (inout FunctionRecord.Snapshot) throws(LambdaServiceError) -> Void
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        let arn = arn(name)
        let answer = try await change(name) {
            record throws(LambdaServiceError) -> FunctionDocuments.Configuration in
            guard var changed = record else { throw notFound(name) }
            try Self.checkIsSettled(changed.latest, arn)
            try FunctionRules.check(revision: revision, of: changed.latest.revisionID)
            try body(&changed.latest)
            changed.latest.modifiedAt = UnixTime.milliseconds()
            changed.latest.revisionID = Self.makeRevision()
            changed.latest.isUpdating = true
            record = changed
            return Self.document(changed.latest, name, arn)
        }
        await settings.changed(name, "$LATEST")
        settle(name, answer.RevisionId)
        return answer
    }
}
