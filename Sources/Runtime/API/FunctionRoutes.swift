// The members are named as AWS names them on the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The operations on functions, versions and aliases.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html>
public struct FunctionRoutes: Sendable {
    private let registry: FunctionRegistry

    public init(_ registry: FunctionRegistry) { self.registry = registry }

    private struct Functions: Encodable {
        var Functions: [FunctionDocuments.Configuration]
        var NextMarker: String?
    }
    private struct Versions: Encodable {
        var Versions: [FunctionDocuments.Configuration]
        var NextMarker: String?
    }
    private struct Aliases: Encodable {
        var Aliases: [FunctionDocuments.Alias]
        var NextMarker: String?
    }
    private struct Concurrency: Codable { var ReservedConcurrentExecutions: Int? }
    private struct Location: Encodable {
        var RepositoryType = "S3"
        var Location: String?
    }
    private struct Whole: Encodable {
        var Configuration: FunctionDocuments.Configuration
        var Code: Location
        var Tags: [String: String]?
        var Concurrency: Concurrency?
    }

    func reference(_ call: LambdaCall) throws(LambdaServiceError) -> FunctionReference {
        try registry.reference(call.function, qualifier: call.qualifier)
    }

    private func maximum(_ call: LambdaCall) -> Int? { call.query("MaxItems").flatMap { Int($0) } }

    public var routes: [LambdaRoute] { functions + versionsAndAliases }

    private var functions: [LambdaRoute] {
        [
            LambdaRoute("CreateFunction", "POST", "/2015-03-31/functions", limit: .package) {
                call throws(LambdaServiceError) in
                let settings = try call.body(FunctionDocuments.Settings.self)
                return LambdaCall.answer(201, try await registry.create(settings))
            },
            LambdaRoute("ListFunctions", "GET", "/2015-03-31/functions") {
                call throws(LambdaServiceError) in
                let page = try FunctionRegistry.page(
                    registry.list(allVersions: call.query("FunctionVersion") == "ALL"),
                    marker: call.query("Marker"), maximum: maximum(call), key: FunctionRegistry.key)
                return LambdaCall.answer(
                    200, Functions(Functions: page.items, NextMarker: page.next))
            },
            LambdaRoute("GetFunction", "GET", "/2015-03-31/functions/*") {
                call throws(LambdaServiceError) in
                let target = try reference(call)
                let record = try registry.record(target.name, target.qualifier)
                return LambdaCall.answer(
                    200,
                    Whole(
                        Configuration: try registry.configuration(
                            target.name, qualifier: target.qualifier),
                        Code: Location(), Tags: record.tags.isEmpty ? nil : record.tags,
                        Concurrency: record.reservedConcurrency.map {
                            Concurrency(ReservedConcurrentExecutions: $0)
                        }))
            },
            LambdaRoute("GetFunctionConfiguration", "GET", "/2015-03-31/functions/*/configuration")
            {
                call throws(LambdaServiceError) in
                let target = try reference(call)
                return LambdaCall.answer(
                    200, try registry.configuration(target.name, qualifier: target.qualifier))
            },
            LambdaRoute(
                "UpdateFunctionConfiguration", "PUT", "/2015-03-31/functions/*/configuration",
                limit: .configuration
            ) {
                call throws(LambdaServiceError) in
                let settings = try call.body(FunctionDocuments.Settings.self)
                return LambdaCall.answer(
                    200, try await registry.updateConfiguration(changeable(call), settings))
            },
            LambdaRoute(
                "UpdateFunctionCode", "PUT", "/2015-03-31/functions/*/code", limit: .package
            ) { call throws(LambdaServiceError) in
                let code = try call.body(FunctionDocuments.CodeUpdate.self)
                return LambdaCall.answer(
                    200, try await registry.updateCode(changeable(call), code))
            },
            LambdaRoute("DeleteFunction", "DELETE", "/2015-03-31/functions/*") {
                call throws(LambdaServiceError) in
                let target = try reference(call)
                try await registry.delete(target.name, qualifier: target.qualifier)
                return APIAnswer(204)
            },
            LambdaRoute("PutFunctionConcurrency", "PUT", "/2017-10-31/functions/*/concurrency") {
                call throws(LambdaServiceError) in
                let given = try call.body(Concurrency.self)
                guard let count = given.ReservedConcurrentExecutions else {
                    throw FunctionRules.missing("reservedConcurrentExecutions")
                }
                try await registry.reserve(try unqualified(call), count)
                return LambdaCall.answer(200, given)
            },
            LambdaRoute("GetFunctionConcurrency", "GET", "/2019-09-30/functions/*/concurrency") {
                call throws(LambdaServiceError) in
                let record = try registry.record(reference(call).name)
                return LambdaCall.answer(
                    200, Concurrency(ReservedConcurrentExecutions: record.reservedConcurrency))
            },
            LambdaRoute(
                "DeleteFunctionConcurrency", "DELETE", "/2017-10-31/functions/*/concurrency"
            ) {
                call throws(LambdaServiceError) in
                try await registry.reserve(try unqualified(call), nil)
                return APIAnswer(204)
            },
        ]
    }

    /// A function's own code and configuration may be changed; those of a version never.
    private func changeable(_ call: LambdaCall) throws(LambdaServiceError) -> String {
        let target = try reference(call)
        return target.qualifier == "$LATEST" ? target.name : try unqualified(call)
    }

    private func unqualified(_ call: LambdaCall) throws(LambdaServiceError) -> String {
        let target = try reference(call)
        guard target.qualifier == nil else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN."
            )
        }
        return target.name
    }

    private var versionsAndAliases: [LambdaRoute] {
        [
            LambdaRoute("PublishVersion", "POST", "/2015-03-31/functions/*/versions") {
                call throws(LambdaServiceError) in
                let publication = try call.body(FunctionDocuments.Publication.self)
                return LambdaCall.answer(
                    201, try await registry.publish(reference(call).name, publication))
            },
            LambdaRoute("ListVersionsByFunction", "GET", "/2015-03-31/functions/*/versions") {
                call throws(LambdaServiceError) in
                let page = try FunctionRegistry.page(
                    registry.versions(reference(call).name), marker: call.query("Marker"),
                    maximum: maximum(call), key: FunctionRegistry.key)
                return LambdaCall.answer(200, Versions(Versions: page.items, NextMarker: page.next))
            },
            LambdaRoute("CreateAlias", "POST", "/2015-03-31/functions/*/aliases") {
                call throws(LambdaServiceError) in
                let settings = try call.body(FunctionDocuments.AliasSettings.self)
                return LambdaCall.answer(
                    201, try await registry.createAlias(reference(call).name, settings))
            },
            LambdaRoute("ListAliases", "GET", "/2015-03-31/functions/*/aliases") {
                call throws(LambdaServiceError) in
                let page = try FunctionRegistry.page(
                    registry.aliases(reference(call).name, version: call.query("FunctionVersion")),
                    marker: call.query("Marker"), maximum: maximum(call), key: \.Name)
                return LambdaCall.answer(200, Aliases(Aliases: page.items, NextMarker: page.next))
            },
            LambdaRoute("GetAlias", "GET", "/2015-03-31/functions/*/aliases/*") {
                call throws(LambdaServiceError) in
                LambdaCall.answer(
                    200, try registry.alias(reference(call).name, call.parameters[1]))
            },
            LambdaRoute("UpdateAlias", "PUT", "/2015-03-31/functions/*/aliases/*") {
                call throws(LambdaServiceError) in
                let settings = try call.body(FunctionDocuments.AliasSettings.self)
                return LambdaCall.answer(
                    200,
                    try await registry.updateAlias(
                        reference(call).name, call.parameters[1], settings))
            },
            LambdaRoute("DeleteAlias", "DELETE", "/2015-03-31/functions/*/aliases/*") {
                call throws(LambdaServiceError) in
                try await registry.deleteAlias(reference(call).name, call.parameters[1])
                return APIAnswer(204)
            },
        ]
    }
}
