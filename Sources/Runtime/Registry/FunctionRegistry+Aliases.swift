extension FunctionRegistry {
    private static func document(
        _ alias: FunctionRecord.Alias, _ arn: String
    ) -> FunctionDocuments.Alias {
        FunctionDocuments.Alias(
            AliasArn: "\(arn):\(alias.name)", Name: alias.name, FunctionVersion: alias.version,
            Description: alias.description,
            RoutingConfig: alias.additional.isEmpty
                ? nil : .init(AdditionalVersionWeights: alias.additional),
            RevisionId: alias.revisionID)
    }

    func createAlias(
        _ name: String, _ settings: FunctionDocuments.AliasSettings
    ) async throws(LambdaServiceError) -> FunctionDocuments.Alias {
        guard let aliasName = settings.Name else { throw FunctionRules.missing("name") }
        guard let version = settings.FunctionVersion else {
            throw FunctionRules.missing("functionVersion")
        }
        try Self.check(aliasName: aliasName)
        let arn = arn(name)
        return try await change(name) {
            record throws(LambdaServiceError) -> FunctionDocuments.Alias in
            guard let function = record else { throw notFound(name) }
            guard function.aliases[aliasName] == nil else {
                throw LambdaServiceError(
                    .resourceConflict, "Alias already exists: \(arn):\(aliasName)")
            }
            var alias = FunctionRecord.Alias(
                name: aliasName, version: version, revisionID: Self.makeRevision())
            alias.description = settings.Description ?? ""
            alias.additional = settings.RoutingConfig?.AdditionalVersionWeights ?? [:]
            try check(alias, of: function)
            record?.aliases[aliasName] = alias
            return Self.document(alias, arn)
        }
    }

    func updateAlias(
        _ name: String, _ aliasName: String, _ settings: FunctionDocuments.AliasSettings
    ) async throws(LambdaServiceError) -> FunctionDocuments.Alias {
        let arn = arn(name)
        let answer = try await change(name) {
            record throws(LambdaServiceError) -> FunctionDocuments.Alias in
            guard let function = record else { throw notFound(name) }
            guard var alias = function.aliases[aliasName] else {
                throw LambdaServiceError(.resourceNotFound, "Alias not found: \(arn):\(aliasName)")
            }
            try FunctionRules.check(revision: settings.RevisionId, of: alias.revisionID)
            if let version = settings.FunctionVersion { alias.version = version }
            if let description = settings.Description { alias.description = description }
            if let routing = settings.RoutingConfig {
                alias.additional = routing.AdditionalVersionWeights ?? [:]
            }
            try check(alias, of: function)
            if function.provisioned[aliasName] != nil {
                try checkProvisioned(alias, of: function)
            }
            alias.revisionID = Self.makeRevision()
            record?.aliases[aliasName] = alias
            return Self.document(alias, arn)
        }
        // What is kept warm is what it points to.
        rewarm(name)
        return answer
    }

    func alias(
        _ name: String, _ aliasName: String
    ) throws(LambdaServiceError) -> FunctionDocuments.Alias {
        let record = try record(name)
        guard let alias = record.aliases[aliasName] else {
            throw LambdaServiceError(
                .resourceNotFound, "Cannot find alias arn: \(arn(name)):\(aliasName)")
        }
        return Self.document(alias, arn(name))
    }

    /// By name; those of one version where one is given.
    func aliases(
        _ name: String, version: String?
    ) throws(LambdaServiceError) -> [FunctionDocuments.Alias] {
        let arn = arn(name)
        return try record(name).aliases.values
            .filter { version == nil || $0.version == version || $0.additional[version!] != nil }
            .sorted { $0.name < $1.name }.map { Self.document($0, arn) }
    }

    /// One that is not there is gone as well.
    func deleteAlias(_ name: String, _ aliasName: String) async throws(LambdaServiceError) {
        try await change(name) { record throws(LambdaServiceError) in
            guard record != nil else { throw notFound(name) }
            record?.aliases[aliasName] = nil
            record?.removeSettings(of: aliasName)
        }
        rewarm(name)
    }

    private static func check(aliasName: String) throws(LambdaServiceError) {
        let isNumber = aliasName.utf8.allSatisfy { (0x30...0x39).contains($0) }
        let isPlain =
            !aliasName.isEmpty && !isNumber && aliasName.utf8.count <= 128
            && aliasName.utf8.allSatisfy(FunctionReference.isNameByte)
        guard isPlain else {
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '\(aliasName)' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
            )
        }
    }

    /// Lambda's rules for what an alias may point to.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html>, and refusals as recorded.
    private func check(
        _ alias: FunctionRecord.Alias, of function: FunctionRecord
    ) throws(LambdaServiceError) {
        let weights = alias.additional
        func invalid(_ message: String) -> LambdaServiceError {
            LambdaServiceError(.invalidParameterValue, message)
        }
        guard weights.count <= 1 else {
            throw invalid("Number of items in AdditionalVersionWeights cannot be greater than 1")
        }
        if let (key, weight) = weights.first {
            guard !key.isEmpty, key.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
                throw LambdaServiceError(
                    .validation,
                    "1 validation error detected: Value '{\(key)=\(weight)}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must have length greater than or equal to 1, Member must satisfy regular expression pattern: [0-9]+, Member must not be null]"
                )
            }
            guard (0...1).contains(weight) else {
                throw LambdaServiceError(
                    .validation,
                    "1 validation error detected: Value '{\(key)=\(weight)}' at 'routingConfig.additionalVersionWeights' failed to satisfy constraint: Map value must satisfy constraint: [Member must have value less than or equal to 1.0, Member must have value greater than or equal to 0.0, Member must not be null]"
                )
            }
            guard alias.version != "$LATEST" else {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "$LATEST is not supported for an alias pointing to more than 1 version")
            }
            guard key != alias.version else {
                throw invalid(
                    "Invalid function version \(key). Function version \(key) is already included in routing configuration."
                )
            }
        }
        var pointed: [FunctionRecord.Snapshot] = []
        for version in [alias.version] + weights.keys {
            guard let snapshot = function.snapshot(version) else {
                throw notFound(function.name, version)
            }
            pointed.append(snapshot)
        }
        guard pointed.allSatisfy({ $0.role == pointed[0].role }) else {
            throw invalid("Specified versions must be associated with the same execution role")
        }
        guard pointed.allSatisfy({ $0.deadLetterTarget == pointed[0].deadLetterTarget }) else {
            throw invalid("Specified versions must have the same dead letter configuration")
        }
    }
}
