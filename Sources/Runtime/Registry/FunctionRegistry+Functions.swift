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
        let name = try FunctionRules.newName(given, region: self.settings.region)
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
        let package = try await package(
            zip: code.ZipFile, bucket: code.S3Bucket, image: code.ImageUri)
        var snapshot = FunctionRecord.Snapshot(
            runtime: runtime, role: role, handler: handler, logGroup: "/aws/lambda/\(name)",
            codeSHA256: package.sha256, codeSize: package.size, codeDirectory: package.directory,
            modifiedAt: UnixTime.milliseconds(), revisionID: Self.makeRevision())
        FunctionRules.apply(settings, to: &snapshot)
        snapshot.isPending = true
        let publishes = settings.Publish == true
        let (tags, made) = (settings.Tags ?? [:], snapshot)
        try FunctionRules.check(tags: tags)
        let arn = arn(name)
        let answer = try await change(name) {
            record throws(LambdaServiceError) -> FunctionDocuments.Configuration in
            guard record == nil else {
                throw LambdaServiceError(.resourceConflict, "Function already exist: \(name)")
            }
            var new = FunctionRecord(name: name, latest: made)
            new.tags = tags
            var shown = made
            if publishes {
                shown.version = "1"
                var version = shown
                version.isPending = false
                new.versions = [version]
                new.nextVersion = 2
            }
            record = new
            return Self.document(shown, name, arn, qualified: publishes)
        }
        settle(name)
        return answer
    }

    /// A new or changed function becomes what it says after a moment, as on Lambda; its revision changes with it.
    func settle(_ name: String) {
        // As long as the registry, and for 30 ms: nobody waits for it.
        Task {
            // Nothing cancels it.
            try? await Task.sleep(for: Self.settling)
            do throws(LambdaServiceError) {
                try await change(name) { record throws(LambdaServiceError) in
                    record?.latest.isPending = false
                    record?.latest.isUpdating = false
                    record?.latest.revisionID = Self.makeRevision()
                }
            } catch {
                // It counts as settled after the next start.
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
            FunctionRules.apply(settings, to: &snapshot)
        }
    }

    func updateCode(
        _ name: String, _ code: FunctionDocuments.CodeUpdate
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        let before = try record(name)
        guard before.latest.codeDirectory != nil else { throw FunctionRules.builtIn(name) }
        try FunctionRules.check(architectures: code.Architectures)
        let package = try await package(
            zip: code.ZipFile, bucket: code.S3Bucket, image: code.ImageUri)
        if code.DryRun == true {
            var shown = before.latest
            shown.codeSHA256 = package.sha256
            return Self.document(shown, name, arn(name))
        }
        let answer = try await update(name, revision: code.RevisionId) {
            snapshot throws(LambdaServiceError) in
            snapshot.codeSHA256 = package.sha256
            snapshot.codeSize = package.size
            snapshot.codeDirectory = package.directory
            if let architecture = code.Architectures?.first { snapshot.architecture = architecture }
        }
        clean(before)
        guard code.Publish == true else { return answer }
        return try await publish(name, FunctionDocuments.Publication())
    }

    private func update(
        _ name: String, revision: String?,
        _ body: @Sendable (inout FunctionRecord.Snapshot) throws(LambdaServiceError) -> Void
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        let arn = arn(name)
        let answer = try await change(name) {
            record throws(LambdaServiceError) -> FunctionDocuments.Configuration in
            guard var changed = record else { throw notFound(name) }
            guard !changed.latest.isUpdating, !changed.latest.isPending else {
                throw LambdaServiceError(
                    .resourceConflict,
                    "The operation cannot be performed at this time. An update is in progress for resource: \(arn)"
                )
            }
            try FunctionRules.check(revision: revision, of: changed.latest.revisionID)
            try body(&changed.latest)
            changed.latest.modifiedAt = UnixTime.milliseconds()
            changed.latest.revisionID = Self.makeRevision()
            changed.latest.isUpdating = true
            record = changed
            return Self.document(changed.latest, name, arn)
        }
        await settings.changed(name)
        settle(name)
        // Its versions' environments went with the others.
        if state.withLock({ $0.functions[name]?.provisioned.isEmpty == false }) {
            Task { await self.warm(name) }
        }
        return answer
    }

    func package(
        zip: String?, bucket: String?, image: String?
    ) async throws(LambdaServiceError) -> PackageStore.Package {
        if image != nil {
            throw LambdaServiceError(
                .invalidParameterValue, "This runtime runs zip packages, and no container images.")
        }
        if bucket != nil {
            throw LambdaServiceError(
                .invalidParameterValue,
                "This runtime takes packages as a ZipFile in the request, and not from a bucket.")
        }
        guard let zip else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Please provide a source for function code.")
        }
        let packages = packages
        // Not on the caller's executor, which may be the loop that all requests share.
        let stored = await Task.detached {
            () -> Result<PackageStore.Package, LambdaServiceError> in
            guard let bytes = Base64.decode(zip) else { return .failure(PackageStore.notUnzipped) }
            do throws(LambdaServiceError) {
                return .success(try packages.store(zip: bytes))
            } catch {
                return .failure(error)
            }
        }.value
        return try stored.get()
    }

    // MARK: Publishing and deleting

    func publish(
        _ name: String, _ publication: FunctionDocuments.Publication
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        let current = try record(name)
        // The executable of this moment: an upgrade of the command leaves the version as it is.
        var frozen: PackageStore.Package?
        if current.latest.codeDirectory == nil {
            guard let executable = settings.executable else { throw FunctionRules.builtIn(name) }
            let packages = packages
            let result = await Task.detached {
                () -> Result<PackageStore.Package, LambdaServiceError> in
                do throws(LambdaServiceError) {
                    return .success(try packages.freeze(executable: executable))
                } catch {
                    return .failure(error)
                }
            }.value
            frozen = try result.get()
        }
        let (arn, package) = (arn(name), frozen)
        return try await change(name) {
            record throws(LambdaServiceError) -> FunctionDocuments.Configuration in
            guard var changed = record else { throw notFound(name) }
            if let digest = publication.CodeSha256, digest != changed.latest.codeSHA256 {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "CodeSHA256 (\(digest)) is different from current CodeSHA256 in $LATEST (\(changed.latest.codeSHA256)). Please try again with the CodeSHA256 in $LATEST."
                )
            }
            try FunctionRules.check(
                revision: publication.RevisionId, of: changed.latest.revisionID)
            var version = changed.latest
            if let package {
                version.runtime = "provided.al2023"
                version.handler = changed.latest.handler
                version.codeSHA256 = package.sha256
                version.codeSize = package.size
                version.codeDirectory = package.directory
            }
            if let last = changed.versions.last, last.isSame(as: version) {
                return Self.document(last, name, arn, qualified: true)
            }
            version.version = String(changed.nextVersion)
            version.isPending = false
            version.isUpdating = false
            version.revisionID = Self.makeRevision()
            version.modifiedAt = UnixTime.milliseconds()
            if let description = publication.Description { version.description = description }
            changed.versions.append(version)
            changed.nextVersion += 1
            record = changed
            return Self.document(version, name, arn, qualified: true)
        }
    }

    func delete(_ name: String, qualifier: String?) async throws(LambdaServiceError) {
        let before = try record(name, qualifier)
        if qualifier == "$LATEST" {
            throw LambdaServiceError(
                .invalidParameterValue,
                "$LATEST version cannot be deleted without deleting the function.")
        }
        try await change(name) { record throws(LambdaServiceError) in
            guard let qualifier else {
                record = nil
                return
            }
            guard qualifier.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw LambdaServiceError(
                    .invalidParameterValue, "Only versions can be deleted by a qualifier.")
            }
            let users = (record?.aliases.values.map { $0 } ?? []).filter {
                $0.version == qualifier || $0.additional[qualifier] != nil
            }
            guard users.isEmpty else {
                let names = users.map(\.name).sorted().joined(separator: ", ")
                throw LambdaServiceError(
                    .resourceConflict,
                    "Version \(qualifier) cannot be deleted: aliases point to it: \(names)")
            }
            record?.versions.removeAll { $0.version == qualifier }
        }
        await settings.changed(name)
        clean(before)
    }

    /// Removes the packages of a function's former state that nothing needs any more.
    private func clean(_ before: FunctionRecord) {
        let needed = state.withLock { state in
            Set(
                state.functions.values.flatMap { function in
                    ([function.latest] + function.versions).compactMap(\.codeDirectory)
                })
        }
        let had = Set(([before.latest] + before.versions).compactMap(\.codeDirectory))
        for directory in had.subtracting(needed) { packages.remove(directory) }
    }

    // MARK: Compiled-in functions

    /// Makes a compiled-in handler known as a function, or brings it up to date: what its owner has configured stays.
    public func registerBuiltIn(
        _ name: String, description: String, memoryMB: Int, timeoutSeconds: Int,
        codeSHA256: String
    ) async throws(LambdaServiceError) {
        let group = "/aws/lambda/\(name)"
        try await change(name) { record throws(LambdaServiceError) in
            if record != nil {
                record!.latest.codeSHA256 = codeSHA256
                record!.latest.codeDirectory = nil
                record!.latest.runtime = FunctionVersion.builtInRuntime
                return
            }
            var snapshot = FunctionRecord.Snapshot(
                runtime: FunctionVersion.builtInRuntime,
                role: "arn:aws:iam::\(settings.account):role/brigade", handler: name,
                logGroup: group, codeSHA256: codeSHA256, codeSize: 0, codeDirectory: nil,
                modifiedAt: UnixTime.milliseconds(), revisionID: Self.makeRevision())
            snapshot.description = description
            snapshot.memoryMB = memoryMB
            snapshot.timeoutSeconds = timeoutSeconds
            record = FunctionRecord(name: name, latest: snapshot)
        }
    }

    // MARK: Documents

    static func document(
        _ snapshot: FunctionRecord.Snapshot, _ name: String, _ arn: String,
        qualified: Bool = false, inList: Bool = false
    ) -> FunctionDocuments.Configuration {
        var document = FunctionDocuments.Configuration(
            FunctionName: name,
            FunctionArn: arn + (qualified ? ":\(snapshot.version)" : ""),
            Runtime: snapshot.runtime, Role: snapshot.role, Handler: snapshot.handler,
            CodeSize: snapshot.codeSize, Description: snapshot.description,
            Timeout: snapshot.timeoutSeconds, MemorySize: snapshot.memoryMB,
            LastModified: FunctionDocuments.time(snapshot.modifiedAt),
            CodeSha256: snapshot.codeSHA256, Version: snapshot.version,
            Environment: snapshot.environment.map { .init(Variables: $0) },
            DeadLetterConfig: snapshot.deadLetterTarget.map { .init(TargetArn: $0) },
            TracingConfig: .init(Mode: snapshot.tracingMode), RevisionId: snapshot.revisionID,
            Architectures: [snapshot.architecture],
            EphemeralStorage: .init(Size: snapshot.ephemeralStorageMB),
            RuntimeVersionConfig: .init(
                RuntimeVersionArn: runtimeARN(snapshot.runtime, arn)),
            LoggingConfig: .init(
                LogFormat: snapshot.logFormat.rawValue,
                ApplicationLogLevel: snapshot.applicationLogLevel,
                SystemLogLevel: snapshot.systemLogLevel, LogGroup: snapshot.logGroup))
        guard !inList else { return document }
        if snapshot.isPending {
            document.State = "Pending"
            document.StateReason = "The function is being created."
            document.StateReasonCode = "Creating"
            return document
        }
        document.State = "Active"
        document.LastUpdateStatus = snapshot.isUpdating ? "InProgress" : "Successful"
        if snapshot.isUpdating {
            document.LastUpdateStatusReason = "The function is being created."
            document.LastUpdateStatusReasonCode = "Creating"
        }
        return document
    }

    /// - Parameter function: whose region the runtime is in.
    private static func runtimeARN(_ runtime: String, _ function: String) -> String {
        let hex = Hex.encode(Checksum.of(Array(runtime.utf8), .sha256))
        let region = function.split(separator: ":").dropFirst(3).first ?? "us-east-1"
        return "arn:aws:lambda:\(region)::runtime:\(hex)"
    }
}
