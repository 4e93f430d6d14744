extension FunctionRegistry {
    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html>
    static let accountConcurrency = 1000
    static let unreservedMinimum = 100

    /// Reserves concurrency for a function; nil gives it back.
    func reserve(_ name: String, _ count: Int?) async throws(LambdaServiceError) {
        let before = try record(name).reservedConcurrency ?? 0
        if let count {
            guard count >= 0 else {
                throw LambdaServiceError(
                    .validation,
                    "1 validation error detected: Value '\(count)' at 'reservedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 0"
                )
            }
            guard
                Self.accountConcurrency - (totalReserved - before + count) >= Self.unreservedMinimum
            else {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [\(Self.unreservedMinimum)]."
                )
            }
        }
        try await change(name) { record throws(LambdaServiceError) in
            guard record != nil else { throw notFound(name) }
            record?.reservedConcurrency = count
        }
    }
}

// MARK: Asynchronous invocations

extension FunctionRegistry {
    private func eventInvokeARN(_ target: FunctionReference) -> String {
        "\(arn(target.name)):\(target.qualifier ?? "$LATEST")"
    }

    private func answer(
        _ config: FunctionRecord.EventInvoke, _ target: FunctionReference
    ) -> SettingsDocuments.EventInvokeAnswer {
        SettingsDocuments.EventInvokeAnswer(
            LastModified: Double(config.modifiedAt / 1000), FunctionArn: eventInvokeARN(target),
            MaximumRetryAttempts: config.maximumRetryAttempts,
            MaximumEventAgeInSeconds: config.maximumEventAgeSeconds,
            DestinationConfig: .init(
                OnSuccess: .init(Destination: config.onSuccess),
                OnFailure: .init(Destination: config.onFailure)))
    }

    /// - Parameter merges: what is not given stays; else it is as if it had never been set.
    func putEventInvoke(
        _ target: FunctionReference, _ given: SettingsDocuments.EventInvoke, merges: Bool
    ) async throws(LambdaServiceError) -> SettingsDocuments.EventInvokeAnswer {
        func invalid(_ message: String) -> LambdaServiceError {
            LambdaServiceError(.invalidParameterValue, message)
        }
        guard
            given.MaximumRetryAttempts != nil || given.MaximumEventAgeInSeconds != nil
                || given.DestinationConfig != nil
        else {
            throw invalid("You must specify at least one of error handling or destination setting.")
        }
        for (value, range, name) in [
            (given.MaximumRetryAttempts, 0...2, "maximumRetryAttempts"),
            (given.MaximumEventAgeInSeconds, 60...21_600, "maximumEventAgeInSeconds"),
        ] {
            guard let value, !range.contains(value) else { continue }
            let isLow = value < range.lowerBound
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '\(value)' at '\(name)' failed to satisfy constraint: Member must have value \(isLow ? "greater" : "less") than or equal to \(isLow ? range.lowerBound : range.upperBound)"
            )
        }
        let success = given.DestinationConfig?.OnSuccess?.Destination
        let failure = given.DestinationConfig?.OnFailure?.Destination
        for destination in [success, failure].compactMap({ $0 }) where !destination.isEmpty {
            guard let parsed = Destination(destination) else {
                throw invalid("The destination ARN \(destination) is invalid.")
            }
            if case .function(target.name, _) = parsed {
                throw invalid("You can't specify the function as a destination for itself.")
            }
        }
        let key = target.qualifier ?? "$LATEST"
        let config = try await change(target.name) {
            record throws(LambdaServiceError) -> FunctionRecord.EventInvoke in
            guard let function = record else { throw notFound(target.name) }
            guard function.aliases[key] != nil || function.snapshot(key) != nil else {
                throw notFound(target.name, key)
            }
            var config =
                merges
                ? function.eventInvoke[key] ?? FunctionRecord.EventInvoke(modifiedAt: 0)
                : FunctionRecord.EventInvoke(modifiedAt: 0)
            if let value = given.MaximumRetryAttempts { config.maximumRetryAttempts = value }
            if let value = given.MaximumEventAgeInSeconds { config.maximumEventAgeSeconds = value }
            if given.DestinationConfig?.OnSuccess != nil {
                config.onSuccess = success.flatMap { $0.isEmpty ? nil : $0 }
            }
            if given.DestinationConfig?.OnFailure != nil {
                config.onFailure = failure.flatMap { $0.isEmpty ? nil : $0 }
            }
            config.modifiedAt = UnixTime.milliseconds()
            record?.eventInvoke[key] = config
            return config
        }
        return answer(config, target)
    }

    func eventInvoke(
        _ target: FunctionReference
    ) throws(LambdaServiceError) -> SettingsDocuments.EventInvokeAnswer {
        guard let config = try record(target.name).eventInvoke[target.qualifier ?? "$LATEST"] else {
            throw noEventInvoke(target)
        }
        return answer(config, target)
    }

    private func noEventInvoke(_ target: FunctionReference) -> LambdaServiceError {
        LambdaServiceError(
            .resourceNotFound,
            "The function \(eventInvokeARN(target)) doesn't have an EventInvokeConfig")
    }

    func eventInvokes(
        _ name: String
    ) throws(LambdaServiceError) -> [SettingsDocuments.EventInvokeAnswer] {
        var answers: [SettingsDocuments.EventInvokeAnswer] = []
        for (key, config) in try record(name).eventInvoke.sorted(by: { $0.key < $1.key }) {
            answers.append(
                answer(
                    config,
                    try FunctionReference(name, qualifier: key, region: settings.region)))
        }
        return answers
    }

    func deleteEventInvoke(_ target: FunctionReference) async throws(LambdaServiceError) {
        let key = target.qualifier ?? "$LATEST"
        try await change(target.name) { record throws(LambdaServiceError) in
            guard record != nil else { throw notFound(target.name) }
            guard record?.eventInvoke.removeValue(forKey: key) != nil else {
                throw noEventInvoke(target)
            }
        }
    }

    // MARK: Provisioned concurrency

    func provision(
        _ target: FunctionReference, _ count: Int
    ) async throws(LambdaServiceError) -> SettingsDocuments.Provisioned {
        guard let qualifier = target.qualifier, qualifier != "$LATEST" else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
            )
        }
        guard count >= 1 else {
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '\(count)' at 'provisionedConcurrentExecutions' failed to satisfy constraint: Member must have value greater than or equal to 1"
            )
        }
        let now = UnixTime.milliseconds()
        try await change(target.name) { record throws(LambdaServiceError) in
            guard let function = record else { throw notFound(target.name) }
            if let alias = function.aliases[qualifier] {
                guard function.provisioned[alias.version] == nil else {
                    throw LambdaServiceError(
                        .resourceConflict,
                        "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
                    )
                }
            } else {
                guard function.snapshot(qualifier) != nil else {
                    throw notFound(target.name, qualifier)
                }
                let aliases = function.aliases.values.filter { $0.version == qualifier }
                guard !aliases.contains(where: { function.provisioned[$0.name] != nil }) else {
                    throw LambdaServiceError(
                        .resourceConflict, "Version is pointed by a Provisioned Concurrency alias")
                }
            }
            record?.provisioned[qualifier] = count
            record?.provisionedAt[qualifier] = now
        }
        // They start while the caller goes on; `warm` counts them.
        Task { await self.warm(target.name) }
        return SettingsDocuments.Provisioned(
            FunctionArn: nil, RequestedProvisionedConcurrentExecutions: count,
            AvailableProvisionedConcurrentExecutions: 0,
            AllocatedProvisionedConcurrentExecutions: 0, Status: "IN_PROGRESS",
            LastModified: FunctionDocuments.time(now))
    }

    /// Starts what is provisioned and not there, for every version that has any.
    func warm(_ name: String) async {
        let wanted = state.withLock { state -> [(String, FunctionVersion, Int)] in
            guard let record = state.functions[name] else { return [] }
            return record.provisioned.compactMap { qualifier, count in
                let version = record.aliases[qualifier]?.version ?? qualifier
                return state.runnable[name]?[version].map { (qualifier, $0, count) }
            }
        }
        for (qualifier, version, count) in wanted {
            let ready = await settings.provision(version, count)
            state.withLock { $0.ready["\(name):\(qualifier)"] = ready }
        }
    }

    /// Starts what is provisioned, of every function: once, after the start.
    public func warmAll() async {
        for name in state.withLock({ Array($0.functions.keys) }) { await warm(name) }
    }

    private func document(
        _ name: String, _ qualifier: String, _ record: FunctionRecord, inList: Bool
    ) -> SettingsDocuments.Provisioned? {
        guard let count = record.provisioned[qualifier] else { return nil }
        let ready = state.withLock { $0.ready["\(name):\(qualifier)"] }
        let failed = ready.map { $0 < count } ?? false
        return SettingsDocuments.Provisioned(
            FunctionArn: inList ? "\(arn(name)):\(qualifier)" : nil,
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
        guard let document = document(target.name, target.qualifier ?? "", record, inList: false)
        else {
            throw LambdaServiceError(
                .provisionedConcurrencyConfigNotFound,
                "No Provisioned Concurrency Config found for this function")
        }
        return document
    }

    func provisioned(
        _ name: String
    ) throws(LambdaServiceError) -> [SettingsDocuments.Provisioned] {
        let record = try record(name)
        return record.provisioned.keys.sorted().compactMap {
            document(name, $0, record, inList: true)
        }
    }

    func unprovision(_ target: FunctionReference) async throws(LambdaServiceError) {
        let qualifier = target.qualifier ?? ""
        let version = try await change(target.name) {
            record throws(LambdaServiceError) -> String in
            guard let function = record else { throw notFound(target.name) }
            record?.provisioned[qualifier] = nil
            return function.aliases[qualifier]?.version ?? qualifier
        }
        let runnable = state.withLock { state in
            state.ready["\(target.name):\(qualifier)"] = nil
            return state.runnable[target.name]?[version]
        }
        if let runnable { _ = await settings.provision(runnable, 0) }
    }
}
