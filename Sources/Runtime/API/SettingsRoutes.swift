// The members are named as AWS names them on the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The operations on what belongs to functions: how asynchronous events are treated, provisioned concurrency, loops, tags,
/// resource policies; and on the account.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>
public struct SettingsRoutes: Sendable {
    private let registry: FunctionRegistry

    public init(_ registry: FunctionRegistry) { self.registry = registry }

    private func reference(_ call: LambdaCall) throws(LambdaServiceError) -> FunctionReference {
        try registry.reference(call.function, qualifier: call.qualifier)
    }

    /// Source of the limit: <https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html>
    private func page<Item: Sendable>(
        _ items: [Item], _ call: LambdaCall, key: (Item) -> String
    ) throws(LambdaServiceError) -> FunctionRegistry.Page<Item> {
        try FunctionRegistry.page(
            items, marker: call.query("Marker"),
            maximum: call.query("MaxItems").flatMap { Int($0) }, limit: 50, key: key)
    }

    public var routes: [LambdaRoute] { eventInvoke + provisioned + urls + others }

    private static let eventInvokePath = "/2019-09-25/functions/*/event-invoke-config"
    private static let provisionedPath = "/2019-09-30/functions/*/provisioned-concurrency"

    private var eventInvoke: [LambdaRoute] {
        let path = Self.eventInvokePath
        return [
            LambdaRoute("PutFunctionEventInvokeConfig", "PUT", path) {
                call throws(LambdaServiceError) in
                let given = try call.body(SettingsDocuments.EventInvoke.self)
                return LambdaCall.answer(
                    200, try await registry.putEventInvoke(reference(call), given, merges: false))
            },
            LambdaRoute("UpdateFunctionEventInvokeConfig", "POST", path) {
                call throws(LambdaServiceError) in
                let given = try call.body(SettingsDocuments.EventInvoke.self)
                return LambdaCall.answer(
                    200, try await registry.putEventInvoke(reference(call), given, merges: true))
            },
            LambdaRoute("GetFunctionEventInvokeConfig", "GET", path) {
                call throws(LambdaServiceError) in
                LambdaCall.answer(200, try registry.eventInvoke(reference(call)))
            },
            LambdaRoute("ListFunctionEventInvokeConfigs", "GET", path + "/list") {
                call throws(LambdaServiceError) in
                struct List: Encodable {
                    var FunctionEventInvokeConfigs: [SettingsDocuments.EventInvokeAnswer]
                    var NextMarker: String?
                }
                let page = try page(
                    registry.eventInvokes(reference(call).name), call, key: \.FunctionArn)
                return LambdaCall.answer(
                    200, List(FunctionEventInvokeConfigs: page.items, NextMarker: page.next))
            },
            LambdaRoute("DeleteFunctionEventInvokeConfig", "DELETE", path) {
                call throws(LambdaServiceError) in
                try await registry.deleteEventInvoke(reference(call))
                return APIAnswer(204)
            },
        ]
    }

    private var provisioned: [LambdaRoute] {
        let path = Self.provisionedPath
        return [
            LambdaRoute("PutProvisionedConcurrencyConfig", "PUT", path) {
                call throws(LambdaServiceError) in
                struct Given: Decodable { var ProvisionedConcurrentExecutions: Int? }
                guard let count = try call.body(Given.self).ProvisionedConcurrentExecutions else {
                    throw FunctionRules.missing("provisionedConcurrentExecutions")
                }
                return LambdaCall.answer(
                    202, try await registry.provision(reference(call), count))
            },
            LambdaRoute("GetProvisionedConcurrencyConfig", "GET", path) {
                call throws(LambdaServiceError) in
                if call.query("List") == "ALL" {
                    struct List: Encodable {
                        var ProvisionedConcurrencyConfigs: [SettingsDocuments.Provisioned]
                        var NextMarker: String?
                    }
                    let page = try page(registry.provisioned(reference(call).name), call) {
                        $0.FunctionArn ?? ""
                    }
                    return LambdaCall.answer(
                        200,
                        List(ProvisionedConcurrencyConfigs: page.items, NextMarker: page.next))
                }
                return LambdaCall.answer(200, try registry.provisioned(reference(call)))
            },
            LambdaRoute("DeleteProvisionedConcurrencyConfig", "DELETE", path) {
                call throws(LambdaServiceError) in
                try await registry.unprovision(reference(call))
                return APIAnswer(204)
            },
        ]
    }

    private var urls: [LambdaRoute] {
        let path = "/2021-10-31/functions/*/url"
        return [
            LambdaRoute("CreateFunctionUrlConfig", "POST", path) {
                call throws(LambdaServiceError) in
                let given = try call.body(SettingsDocuments.URLSettings.self)
                return LambdaCall.answer(
                    201, try await registry.createURL(reference(call), given))
            },
            LambdaRoute("GetFunctionUrlConfig", "GET", path) { call throws(LambdaServiceError) in
                LambdaCall.answer(200, try registry.url(reference(call)))
            },
            LambdaRoute("UpdateFunctionUrlConfig", "PUT", path) { call throws(LambdaServiceError) in
                let given = try call.body(SettingsDocuments.URLSettings.self)
                return LambdaCall.answer(
                    200, try await registry.updateURL(reference(call), given))
            },
            LambdaRoute("DeleteFunctionUrlConfig", "DELETE", path) {
                call throws(LambdaServiceError) in
                try await registry.deleteURL(reference(call))
                return APIAnswer(204)
            },
            LambdaRoute("ListFunctionUrlConfigs", "GET", path + "s") {
                call throws(LambdaServiceError) in
                struct List: Encodable {
                    var FunctionUrlConfigs: [SettingsDocuments.URLAnswer]
                    var NextMarker: String?
                }
                let page = try page(
                    registry.urls(reference(call).name), call, key: \.FunctionArn)
                return LambdaCall.answer(
                    200, List(FunctionUrlConfigs: page.items, NextMarker: page.next))
            },
        ]
    }

    private struct Recursion: Codable { var RecursiveLoop: String? }
    private struct Tags: Codable { var Tags: [String: String] }

    private var others: [LambdaRoute] {
        [
            LambdaRoute(
                "PutFunctionRecursionConfig", "PUT", "/2024-08-31/functions/*/recursion-config"
            ) {
                call throws(LambdaServiceError) in
                let given = try call.body(Recursion.self)
                guard let word = given.RecursiveLoop, ["Allow", "Terminate"].contains(word) else {
                    throw LambdaServiceError(
                        .validation,
                        "1 validation error detected: Value '\(given.RecursiveLoop ?? "null")' at 'recursiveLoop' failed to satisfy constraint: Member must satisfy enum value set: [Allow, Terminate]"
                    )
                }
                try await registry.setRecursion(reference(call).name, stops: word == "Terminate")
                return LambdaCall.answer(200, given)
            },
            LambdaRoute(
                "GetFunctionRecursionConfig", "GET", "/2024-08-31/functions/*/recursion-config"
            ) {
                call throws(LambdaServiceError) in
                let record = try registry.record(reference(call).name)
                return LambdaCall.answer(
                    200, Recursion(RecursiveLoop: record.stopsRecursion ? "Terminate" : "Allow"))
            },
            LambdaRoute("TagResource", "POST", "/2017-03-31/tags/*") {
                call throws(LambdaServiceError) in
                let given = try call.body(Tags.self).Tags
                try await registry.tag(try tagged(call), adding: given, removing: [])
                return APIAnswer(204)
            },
            LambdaRoute("UntagResource", "DELETE", "/2017-03-31/tags/*") {
                call throws(LambdaServiceError) in
                try await registry.tag(
                    try tagged(call), adding: [:], removing: call.queries("tagKeys"))
                return APIAnswer(204)
            },
            LambdaRoute("ListTags", "GET", "/2017-03-31/tags/*") {
                call throws(LambdaServiceError) in
                LambdaCall.answer(200, Tags(Tags: try registry.record(try tagged(call)).tags))
            },
            LambdaRoute("GetAccountSettings", "GET", "/2016-08-19/account-settings") {
                _ throws(LambdaServiceError) in
                LambdaCall.answer(200, registry.accountSettings())
            },
            LambdaRoute("AddPermission", "POST", "/2015-03-31/functions/*/policy") {
                call throws(LambdaServiceError) in
                struct Answer: Encodable { var Statement: String }
                let given = try call.body(SettingsDocuments.Permission.self)
                return LambdaCall.answer(
                    201, Answer(Statement: try await registry.permit(reference(call), given)))
            },
            LambdaRoute("GetPolicy", "GET", "/2015-03-31/functions/*/policy") {
                call throws(LambdaServiceError) in
                struct Answer: Encodable {
                    var Policy: String
                    var RevisionId: String
                }
                let policy = try registry.policy(reference(call))
                return LambdaCall.answer(
                    200, Answer(Policy: policy.text, RevisionId: policy.revision))
            },
            LambdaRoute("RemovePermission", "DELETE", "/2015-03-31/functions/*/policy/*") {
                call throws(LambdaServiceError) in
                try await registry.forbid(
                    reference(call), call.parameters[1], revision: call.query("RevisionId"))
                return APIAnswer(204)
            },
        ]
    }

    private func tagged(_ call: LambdaCall) throws(LambdaServiceError) -> String {
        let target = try reference(call)
        guard target.qualifier == nil else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Tags on function aliases and versions are not supported. Please specify a function ARN."
            )
        }
        return target.name
    }
}
