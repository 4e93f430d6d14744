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
            guard case .function(let name, _) = parsed else { continue }
            do {
                _ = try reference(destination, qualifier: nil)
            } catch {
                // Of another region or account: it would run a function of the same name here.
                throw invalid("The destination ARN \(destination) is invalid.")
            }
            guard name != target.name else {
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
                    try reference(name, qualifier: key)))
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
}
