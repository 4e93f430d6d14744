extension FunctionRegistry {
    private func document(
        _ url: FunctionRecord.FunctionURL, _ name: String, _ qualifier: String?
    ) -> SettingsDocuments.URLAnswer {
        SettingsDocuments.URLAnswer(
            FunctionUrl: "https://\(url.identifier).lambda-url.\(settings.region).on.aws/",
            FunctionArn: arn(name) + (qualifier.map { ":\($0)" } ?? ""), AuthType: url.authType,
            Cors: url.cors, CreationTime: FunctionDocuments.time(url.createdAt),
            LastModifiedTime: FunctionDocuments.time(url.modifiedAt), InvokeMode: url.invokeMode)
    }

    private func noURL(_ target: FunctionReference) -> LambdaServiceError {
        LambdaServiceError(.resourceNotFound, "The resource you requested does not exist.")
    }

    private func check(
        _ target: FunctionReference, _ given: SettingsDocuments.URLSettings
    ) throws(LambdaServiceError) {
        if let qualifier = target.qualifier {
            guard try record(target.name).aliases[qualifier] != nil else {
                throw LambdaServiceError(
                    .validation,
                    "1 validation error detected: Value '\(qualifier)' at 'qualifier' failed to satisfy constraint: Member must satisfy regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)"
                )
            }
        }
        for (value, allowed, name) in [
            (given.AuthType, ["AWS_IAM", "NONE"], "authType"),
            (given.InvokeMode, ["BUFFERED", "RESPONSE_STREAM"], "invokeMode"),
        ] {
            guard let value, !allowed.contains(value) else { continue }
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '\(value)' at '\(name)' failed to satisfy constraint: Member must satisfy enum value set: [\(allowed.joined(separator: ", "))]"
            )
        }
    }

    /// Keeps the configuration of a function's URL; requests to it come with the HTTP gateway.
    func createURL(
        _ target: FunctionReference, _ given: SettingsDocuments.URLSettings
    ) async throws(LambdaServiceError) -> SettingsDocuments.URLAnswer {
        guard let authType = given.AuthType else { throw FunctionRules.missing("authType") }
        try check(target, given)
        let key = target.qualifier ?? ""
        let now = UnixTime.milliseconds()
        let random = UInt64.random(in: 0...UInt64.max)
        let url = FunctionRecord.FunctionURL(
            authType: authType, invokeMode: given.InvokeMode ?? "BUFFERED", cors: given.Cors,
            identifier: String(random, radix: 36), createdAt: now, modifiedAt: now)
        try await change(target.name) { record throws(LambdaServiceError) in
            guard let function = record else { throw notFound(target.name) }
            guard key.isEmpty || function.aliases[key] != nil else {
                throw notFound(target.name, key)
            }
            guard function.urls[key] == nil else {
                let arn = arn(target.name) + (target.qualifier.map { ":\($0)" } ?? "")
                throw LambdaServiceError(
                    .resourceConflict,
                    "Failed to create function url config for [functionArn = \(arn)]. Error message:  FunctionUrlConfig exists for this Lambda function"
                )
            }
            record?.urls[key] = url
        }
        var answer = document(url, target.name, target.qualifier)
        answer.LastModifiedTime = nil
        return answer
    }

    func url(_ target: FunctionReference) throws(LambdaServiceError) -> SettingsDocuments.URLAnswer
    {
        guard let url = try record(target.name).urls[target.qualifier ?? ""] else {
            throw noURL(target)
        }
        return document(url, target.name, target.qualifier)
    }

    func urls(_ name: String) throws(LambdaServiceError) -> [SettingsDocuments.URLAnswer] {
        try record(name).urls.sorted { $0.key < $1.key }.map {
            document($0.value, name, $0.key.isEmpty ? nil : $0.key)
        }
    }

    func updateURL(
        _ target: FunctionReference, _ given: SettingsDocuments.URLSettings
    ) async throws(LambdaServiceError) -> SettingsDocuments.URLAnswer {
        try check(target, given)
        let key = target.qualifier ?? ""
        let url = try await change(target.name) {
            record throws(LambdaServiceError) -> FunctionRecord.FunctionURL in
            guard var url = record?.urls[key] else { throw noURL(target) }
            if let authType = given.AuthType { url.authType = authType }
            if let mode = given.InvokeMode { url.invokeMode = mode }
            if let cors = given.Cors { url.cors = cors }
            url.modifiedAt = UnixTime.milliseconds()
            record?.urls[key] = url
            return url
        }
        return document(url, target.name, target.qualifier)
    }

    func deleteURL(_ target: FunctionReference) async throws(LambdaServiceError) {
        let key = target.qualifier ?? ""
        try await change(target.name) { record throws(LambdaServiceError) in
            guard record?.urls.removeValue(forKey: key) != nil else { throw noURL(target) }
        }
    }
}
