// The members are named as AWS names them on the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// A page of a list of the Lambda API.
protocol ListPage: Decodable {
    /// Where the next one begins; nil or empty: it is the last.
    var NextMarker: String? { get }
}

/// What the Lambda API says of a function, as far as the command shows it.
struct FunctionDocument: Decodable {
    struct Page: ListPage {
        var Functions: [FunctionDocument]?
        var Versions: [FunctionDocument]?
        var NextMarker: String?
    }

    var FunctionName: String
    var FunctionArn: String
    var Runtime: String?
    var Handler: String?
    var Description: String?
    var Timeout: Int?
    var MemorySize: Int?
    var CodeSize: Int64?
    var LastModified: String?
    var Version: String
    var State: String?
    var CodeSha256: String?

    var json: JSONValue {
        .object([
            "name": .string(FunctionName), "version": .string(Version),
            "arn": .string(FunctionArn), "runtime": .optional(Runtime),
            "handler": .optional(Handler), "description": .optional(Description),
            "memory": MemorySize.map { .int($0) } ?? .null,
            "timeout": Timeout.map { .int($0) } ?? .null,
            "codeSize": CodeSize.map { .int($0) } ?? .null, "modified": .optional(LastModified),
            "state": .optional(State), "codeSha256": .optional(CodeSha256),
        ])
    }
}

/// What the Lambda API says of an alias.
struct AliasDocument: Decodable {
    struct Page: ListPage {
        var Aliases: [AliasDocument]
        var NextMarker: String?
    }

    struct Routing: Codable {
        var AdditionalVersionWeights: [String: Double]?
    }

    var AliasArn: String
    var Name: String
    var FunctionVersion: String
    var Description: String?
    var RoutingConfig: Routing?

    /// "3", or "3 (90 %), 4 (10 %)".
    var route: String {
        guard let other = RoutingConfig?.AdditionalVersionWeights?.first else {
            return FunctionVersion
        }
        func percent(_ share: Double) -> String {
            let tenths = (share * 1000).rounded() / 10
            return tenths == tenths.rounded() ? "\(Int(tenths)) %" : "\(tenths) %"
        }
        return
            "\(FunctionVersion) (\(percent(1 - other.value))), \(other.key) (\(percent(other.value)))"
    }

    var json: JSONValue {
        .object([
            "name": .string(Name), "arn": .string(AliasArn), "version": .string(FunctionVersion),
            "description": .optional(Description),
            "weights": .object(
                (RoutingConfig?.AdditionalVersionWeights ?? [:]).sorted { $0.key < $1.key }.map {
                    JSONValue.Member(name: $0.key, value: .number("\($0.value)"))
                }),
        ])
    }
}
