// The members are named as AWS names them on the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

/// The documents of the Lambda API that are about what belongs to functions.
enum SettingsDocuments {
    struct Target: Codable, Sendable { var Destination: String? }

    struct Destinations: Codable, Sendable {
        var OnSuccess: Target?
        var OnFailure: Target?
    }

    struct EventInvoke: Decodable, Sendable {
        var MaximumRetryAttempts: Int?
        var MaximumEventAgeInSeconds: Int?
        var DestinationConfig: Destinations?
    }

    struct EventInvokeAnswer: Encodable, Sendable {
        /// Unix seconds.
        var LastModified: Double
        var FunctionArn: String
        var MaximumRetryAttempts: Int?
        var MaximumEventAgeInSeconds: Int?
        var DestinationConfig: Destinations
    }

    struct Provisioned: Encodable, Sendable {
        var FunctionArn: String?
        var RequestedProvisionedConcurrentExecutions: Int
        var AvailableProvisionedConcurrentExecutions: Int
        var AllocatedProvisionedConcurrentExecutions: Int
        var Status: String
        var StatusReason: String?
        var LastModified: String
    }

    struct Permission: Decodable, Sendable {
        var StatementId: String?
        var Action: String?
        var Principal: String?
        var SourceArn: String?
        var SourceAccount: String?
        var EventSourceToken: String?
        var FunctionUrlAuthType: String?
        var RevisionId: String?
    }

    struct Cors: Codable, Sendable {
        var AllowCredentials: Bool?
        var AllowHeaders: [String]?
        var AllowMethods: [String]?
        var AllowOrigins: [String]?
        var ExposeHeaders: [String]?
        var MaxAge: Int?
    }

    struct URLSettings: Decodable, Sendable {
        var AuthType: String?
        var Cors: Cors?
        var InvokeMode: String?
    }

    struct URLAnswer: Encodable, Sendable {
        var FunctionUrl: String
        var FunctionArn: String
        var AuthType: String
        var Cors: Cors?
        var CreationTime: String
        var LastModifiedTime: String?
        var InvokeMode: String
    }

    struct Account: Encodable, Sendable {
        struct Limit: Encodable, Sendable {
            var TotalCodeSize = 80_530_636_800
            var CodeSizeUnzipped = PackageStore.unzippedMaximum
            var CodeSizeZipped = PackageStore.zippedMaximum
            var ConcurrentExecutions: Int
            var UnreservedConcurrentExecutions: Int
        }

        struct Usage: Encodable, Sendable {
            var TotalCodeSize: Int64
            var FunctionCount: Int
        }

        var AccountLimit: Limit
        var AccountUsage: Usage
    }
}
