extension FunctionRegistry {
    // MARK: Loops, tags, account

    func setRecursion(_ name: String, stops: Bool) async throws(LambdaServiceError) {
        try await change(name) { record throws(LambdaServiceError) in
            guard record != nil else { throw notFound(name) }
            record?.stopsRecursion = stops
        }
    }

    func tag(
        _ name: String, adding: [String: String], removing: [String]
    ) async throws(LambdaServiceError) {
        try await change(name) { record throws(LambdaServiceError) in
            guard var tags = record?.tags else { throw notFound(name) }
            for key in removing { tags[key] = nil }
            tags.merge(adding) { $1 }
            try FunctionRules.check(tags: tags)
            record?.tags = tags
        }
    }

    func accountSettings() -> SettingsDocuments.Account {
        let (count, size) = state.withLock { state in
            let packages = Dictionary(
                state.functions.values.flatMap { [$0.latest] + $0.versions }.map {
                    ($0.codeSHA256, $0.codeSize)
                }, uniquingKeysWith: { a, _ in a })
            return (state.functions.count, packages.values.reduce(0, +))
        }
        return SettingsDocuments.Account(
            AccountLimit: .init(
                ConcurrentExecutions: settings.accountConcurrency,
                UnreservedConcurrentExecutions: settings.accountConcurrency - totalCommitted),
            AccountUsage: .init(TotalCodeSize: size, FunctionCount: count))
    }

    // MARK: Resource policies

    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/access-control-resource-based.html>
    static let policyMaximum = 20_480

    private func checkPolicyTarget(_ target: FunctionReference) throws(LambdaServiceError) {
        guard target.qualifier != "$LATEST" else {
            throw LambdaServiceError(
                .invalidParameterValue, "We currently do not support adding policies for $LATEST.")
        }
        let record = try record(target.name, target.qualifier)
        if let qualifier = target.qualifier, record.aliases[qualifier] == nil,
            record.snapshot(qualifier) == nil
        {
            throw notFound(target.name, qualifier)
        }
    }

    /// - Returns: the statement's JSON.
    func permit(
        _ target: FunctionReference, _ given: SettingsDocuments.Permission
    ) async throws(LambdaServiceError) -> String {
        guard let id = given.StatementId else { throw FunctionRules.missing("statementId") }
        guard let action = given.Action else { throw FunctionRules.missing("action") }
        guard let principal = given.Principal else { throw FunctionRules.missing("principal") }
        try checkPolicyTarget(target)
        let key = target.qualifier ?? ""
        let document = statement(id, action, principal, given, target)
        return try await change(target.name) { record throws(LambdaServiceError) -> String in
            guard let function = record else { throw notFound(target.name) }
            guard key.isEmpty || function.aliases[key] != nil || function.snapshot(key) != nil
            else { throw notFound(target.name, key) }
            var statements = function.policies[key] ?? []
            try FunctionRules.check(
                revision: given.RevisionId,
                of: function.policyRevisions[key] ?? given.RevisionId ?? "")
            guard !statements.contains(where: { $0.id == id }) else {
                throw LambdaServiceError(
                    .resourceConflict,
                    "The statement id (\(id)) provided already exists. Please provide a new statement id, or remove the existing statement."
                )
            }
            statements.append(.init(id: id, document: document))
            let size = statements.reduce(0) { $0 + $1.document.utf8.count }
            guard size <= Self.policyMaximum else {
                throw LambdaServiceError(
                    .policyLengthExceeded,
                    "The final policy size (\(size)) is bigger than the limit (\(Self.policyMaximum))."
                )
            }
            record?.policies[key] = statements
            record?.policyRevisions[key] = Self.makeRevision()
            return document
        }
    }

    private func statement(
        _ id: String, _ action: String, _ principal: String,
        _ given: SettingsDocuments.Permission, _ target: FunctionReference
    ) -> String {
        let who: String
        if principal == "*" {
            who = "\"*\""
        } else if principal.hasSuffix(".amazonaws.com") || principal.contains(".") {
            who = "{\"Service\":\(JSONText.string(principal))}"
        } else {
            let isAccount = principal.utf8.allSatisfy { (0x30...0x39).contains($0) }
            who =
                "{\"AWS\":\(JSONText.string(isAccount ? "arn:aws:iam::\(principal):root" : principal))}"
        }
        let resource = arn(target.name) + (target.qualifier.map { ":\($0)" } ?? "")
        var equals: [String] = []
        if let account = given.SourceAccount {
            equals.append("\"AWS:SourceAccount\":\(JSONText.string(account))")
        }
        if let token = given.EventSourceToken {
            equals.append("\"lambda:EventSourceToken\":\(JSONText.string(token))")
        }
        if let type = given.FunctionUrlAuthType {
            equals.append("\"lambda:FunctionUrlAuthType\":\(JSONText.string(type))")
        }
        var conditions: [String] = []
        if !equals.isEmpty {
            conditions.append("\"StringEquals\":{\(equals.joined(separator: ","))}")
        }
        if let source = given.SourceArn {
            conditions.append("\"ArnLike\":{\"AWS:SourceArn\":\(JSONText.string(source))}")
        }
        let condition =
            conditions.isEmpty ? "" : ",\"Condition\":{\(conditions.joined(separator: ","))}"
        return "{\"Sid\":\(JSONText.string(id)),\"Effect\":\"Allow\",\"Principal\":\(who),"
            + "\"Action\":\(JSONText.string(action)),\"Resource\":\(JSONText.string(resource))\(condition)}"
    }

    func policy(
        _ target: FunctionReference
    ) throws(LambdaServiceError) -> (text: String, revision: String) {
        let record = try record(target.name, target.qualifier)
        let key = target.qualifier ?? ""
        guard let statements = record.policies[key], !statements.isEmpty else {
            throw LambdaServiceError(
                .resourceNotFound, "The resource you requested does not exist.")
        }
        let list = statements.map(\.document).joined(separator: ",")
        return (
            "{\"Version\":\"2012-10-17\",\"Id\":\"default\",\"Statement\":[\(list)]}",
            record.policyRevisions[key] ?? ""
        )
    }

    func forbid(
        _ target: FunctionReference, _ id: String, revision: String?
    ) async throws(LambdaServiceError) {
        let key = target.qualifier ?? ""
        try await change(target.name) { record throws(LambdaServiceError) in
            guard let function = record else { throw notFound(target.name) }
            guard var statements = function.policies[key], !statements.isEmpty else {
                throw LambdaServiceError(
                    .resourceNotFound, "No policy is associated with the given resource.")
            }
            try FunctionRules.check(revision: revision, of: function.policyRevisions[key] ?? "")
            guard let index = statements.firstIndex(where: { $0.id == id }) else {
                throw LambdaServiceError(
                    .resourceNotFound, "Statement \(id) is not found in resource policy.")
            }
            statements.remove(at: index)
            record?.policies[key] = statements
            record?.policyRevisions[key] = Self.makeRevision()
        }
    }
}
