extension FunctionRegistry {
    /// What functions without reserved concurrency are left, at least.
    ///
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
    static let unreservedMinimum = 100

    /// The concurrency that is reserved or provisioned, of all functions.
    var totalCommitted: Int {
        state.withLock { $0.functions.values.reduce(0) { $0 + $1.committedConcurrency } }
    }

    /// Reserves concurrency for a function; nil gives it back.
    func reserve(_ name: String, _ count: Int?) async throws(LambdaServiceError) {
        if let count, count < 0 {
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '\(count)' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0"
            )
        }
        try await change(name) { record throws(LambdaServiceError) in
            guard var changed = record else { throw notFound(name) }
            let provisioned = changed.provisioned.values.reduce(0, +)
            if let count, count < provisioned {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "ReservedConcurrentExecutions \(count) should not be lower than function's total provisioned concurrency [\(provisioned)]."
                )
            }
            changed.reservedConcurrency = count
            try claim(changed, "ReservedConcurrentExecutions")
            record = changed
        }
    }

    /// Makes sure that the account can spare what a changed function asks for. What other changes that are being written
    /// ask for counts; this one's does until it is written.
    ///
    /// - Parameter member: as the refusal names it.
    private func claim(
        _ changed: FunctionRecord, _ member: String
    ) throws(LambdaServiceError) {
        let asked = changed.committedConcurrency
        let account = settings.accountConcurrency
        let isSpared = state.withLock { state in
            var others = 0
            for (name, function) in state.functions where name != changed.name {
                others += max(function.committedConcurrency, state.claims[name] ?? 0)
            }
            let before = state.functions[changed.name]?.committedConcurrency ?? 0
            guard asked <= before || account - others - asked >= Self.unreservedMinimum else {
                return false
            }
            state.claims[changed.name] = asked
            return true
        }
        guard isSpared else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Specified \(member) for function decreases account's UnreservedConcurrentExecution below its minimum value of [\(Self.unreservedMinimum)]."
            )
        }
    }

    // MARK: Provisioned concurrency

    private static func unpublished() -> LambdaServiceError {
        LambdaServiceError(
            .invalidParameterValue,
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.")
    }

    /// Refuses what cannot be kept warm: an alias that splits, or what has been provisioned under another name.
    private func checkProvisionable(
        _ qualifier: String, _ function: FunctionRecord
    ) throws(LambdaServiceError) {
        guard let alias = function.aliases[qualifier] else {
            guard function.snapshot(qualifier) != nil else {
                throw notFound(function.name, qualifier)
            }
            let aliases = function.aliases.values.filter { $0.version == qualifier }
            guard !aliases.contains(where: { function.provisioned[$0.name] != nil }) else {
                throw LambdaServiceError(
                    .resourceConflict, "Version is pointed by a Provisioned Concurrency alias")
            }
            return
        }
        guard alias.additional.isEmpty else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Alias with weights can not be used with Provisioned Concurrency")
        }
        try checkProvisioned(alias, of: function)
    }

    /// Refuses to point an alias that is provisioned at what cannot be.
    func checkProvisioned(
        _ alias: FunctionRecord.Alias, of function: FunctionRecord
    ) throws(LambdaServiceError) {
        guard alias.version != "$LATEST" else { throw Self.unpublished() }
        guard function.provisioned[alias.version] == nil else {
            throw LambdaServiceError(
                .resourceConflict,
                "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
            )
        }
    }

    /// Source of the words: recorded refusals of the service.
    func provision(
        _ target: FunctionReference, _ count: Int
    ) async throws(LambdaServiceError) -> SettingsDocuments.Provisioned {
        guard let qualifier = target.qualifier, qualifier != "$LATEST" else {
            throw Self.unpublished()
        }
        guard count >= 1 else {
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '\(count)' at 'provisionedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 1"
            )
        }
        let now = UnixTime.milliseconds()
        try await change(target.name) { record throws(LambdaServiceError) in
            guard var function = record else { throw notFound(target.name) }
            try checkProvisionable(qualifier, function)
            function.provisioned[qualifier] = nil
            let others = function.provisioned.values.reduce(0, +)
            if let reserved = function.reservedConcurrency, reserved - others < count {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
                )
            }
            guard count <= settings.accountConcurrency else {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [\(settings.accountConcurrency)]."
                )
            }
            function.provisioned[qualifier] = count
            function.provisionedAt[qualifier] = now
            try claim(function, "ConcurrentExecutions")
            record = function
        }
        rewarm(target.name)
        return SettingsDocuments.Provisioned(
            FunctionArn: nil, RequestedProvisionedConcurrentExecutions: count,
            AvailableProvisionedConcurrentExecutions: 0,
            AllocatedProvisionedConcurrentExecutions: 0, Status: "IN_PROGRESS",
            LastModified: FunctionDocuments.time(now))
    }

    func unprovision(_ target: FunctionReference) async throws(LambdaServiceError) {
        let qualifier = target.qualifier ?? ""
        try await change(target.name) { record throws(LambdaServiceError) in
            guard record != nil else { throw notFound(target.name) }
            record?.provisioned[qualifier] = nil
            record?.provisionedAt[qualifier] = nil
        }
        rewarm(target.name)
    }

    private func document(
        _ qualifier: String, _ record: FunctionRecord, inList: Bool
    ) -> SettingsDocuments.Provisioned? {
        guard let count = record.provisioned[qualifier] else { return nil }
        let ready = ready(qualifier, record).map { min($0, count) }
        let failed = ready.map { $0 < count } ?? false
        return SettingsDocuments.Provisioned(
            FunctionArn: inList ? "\(arn(record.name)):\(qualifier)" : nil,
            RequestedProvisionedConcurrentExecutions: count,
            AvailableProvisionedConcurrentExecutions: ready ?? 0,
            AllocatedProvisionedConcurrentExecutions: ready ?? 0,
            Status: ready == nil ? "IN_PROGRESS" : failed ? "FAILED" : "READY",
            StatusReason: failed ? "FUNCTION_ERROR_INIT_FAILURE" : nil,
            LastModified: FunctionDocuments.time(record.provisionedAt[qualifier] ?? 0))
    }

    func provisioned(
        _ target: FunctionReference
    ) throws(LambdaServiceError) -> SettingsDocuments.Provisioned {
        let record = try record(target.name)
        guard let document = document(target.qualifier ?? "", record, inList: false) else {
            throw LambdaServiceError(
                .provisionedConcurrencyConfigNotFound,
                "No Provisioned Concurrency Config found for this function")
        }
        return document
    }

    /// By qualifier.
    func provisioned(
        _ name: String
    ) throws(LambdaServiceError) -> [SettingsDocuments.Provisioned] {
        let record = try record(name)
        return record.provisioned.keys.sorted().compactMap { document($0, record, inList: true) }
    }
}
