extension FunctionRegistry {
    func publish(
        _ name: String, _ publication: FunctionDocuments.Publication
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        guard try record(name).latest.codeDirectory == nil else {
            return try await publish(name, publication, frozen: nil)
        }
        guard let executable = settings.executable else { throw FunctionRules.builtIn(name) }
        // The executable of this moment: an upgrade of the command leaves the version as it is.
        let frozen = try await packaging { packages throws(LambdaServiceError) in
            try packages.freeze(executable: executable)
        }
        return try await using(frozen) { () throws(LambdaServiceError) in
            try await publish(name, publication, frozen: frozen)
        }
    }

    private func publish(
        _ name: String, _ publication: FunctionDocuments.Publication,
        frozen package: PackageStore.Package?
    ) async throws(LambdaServiceError) -> FunctionDocuments.Configuration {
        let arn = arn(name)
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
            if version.codeDirectory == nil {
                // Another function of this name has come in between.
                guard let package else { throw FunctionRules.builtIn(name) }
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
        if qualifier == "$LATEST" {
            throw LambdaServiceError(
                .invalidParameterValue,
                "$LATEST version cannot be deleted without deleting the function.")
        }
        if let qualifier, !qualifier.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            throw LambdaServiceError(
                .invalidParameterValue, "Deletion of aliases is not currently supported.")
        }
        try await change(name) { record throws(LambdaServiceError) in
            guard let function = record else { throw notFound(name, qualifier) }
            guard let qualifier else {
                record = nil
                return
            }
            let users = function.aliases.values.filter {
                $0.version == qualifier || $0.additional[qualifier] != nil
            }
            guard users.isEmpty else {
                let names = users.map(\.name).sorted().joined(separator: ", ")
                throw LambdaServiceError(
                    .resourceConflict,
                    "Unable to delete version because the following aliases reference it: [\(names)]"
                )
            }
            record?.versions.removeAll { $0.version == qualifier }
            record?.removeSettings(of: qualifier)
        }
        await settings.changed(name, qualifier)
        rewarm(name)
    }

    // MARK: Compiled-in functions

    /// Makes a compiled-in handler known as a function, or brings it up to date: what its owner has configured stays.
    ///
    /// - Returns: false where there is a function of this name that somebody has made: it stays as it is.
    @discardableResult
    public func registerBuiltIn(
        _ name: String, description: String, memoryMB: Int, timeoutSeconds: Int,
        codeSHA256: String
    ) async throws(LambdaServiceError) -> Bool {
        let group = "/aws/lambda/\(name)"
        return try await change(name) { record throws(LambdaServiceError) -> Bool in
            if let existing = record {
                guard existing.latest.codeDirectory == nil else { return false }
                record!.latest.codeSHA256 = codeSHA256
                record!.latest.runtime = FunctionVersion.builtInRuntime
                return true
            }
            var snapshot = FunctionRecord.Snapshot(
                runtime: FunctionVersion.builtInRuntime,
                role: "arn:aws:iam::\(settings.account):role/brigade", handler: name,
                logGroup: group, codeSHA256: codeSHA256, codeSize: 0, codeDirectory: nil,
                modifiedAt: UnixTime.milliseconds(), revisionID: Self.makeRevision())
            snapshot.description = description
            snapshot.memoryMB = memoryMB
            snapshot.timeoutSeconds = timeoutSeconds
            var function = FunctionRecord(name: name, latest: snapshot)
            function.nextVersion = nextVersion(name)
            record = function
            return true
        }
    }
}
