// The members are named as AWS names them on the wire.
// swift-format-ignore-file: AlwaysUseLowerCamelCase

import FoundationEssentials

/// The documents of the Lambda API that are about functions, with AWS's names.
enum FunctionDocuments {
    struct Variables: Codable, Sendable { var Variables: [String: String]? }
    struct Target: Codable, Sendable { var TargetArn: String? }
    struct Mode: Codable, Sendable { var Mode: String? }
    struct Storage: Codable, Sendable { var Size: Int }
    struct Logging: Codable, Sendable {
        var LogFormat: String?
        var ApplicationLogLevel: String?
        var SystemLogLevel: String?
        var LogGroup: String?
    }
    struct Start: Codable, Sendable {
        var ApplyOn: String?
        var OptimizationStatus: String?
    }
    struct RuntimeVersion: Codable, Sendable { var RuntimeVersionArn: String }

    struct Code: Codable, Sendable {
        var ZipFile: String?
        var S3Bucket: String?
        var S3Key: String?
        var S3ObjectVersion: String?
        var ImageUri: String?
    }

    /// CreateFunction and UpdateFunctionConfiguration.
    struct Settings: Decodable, Sendable {
        var FunctionName: String?
        var Runtime: String?
        var Role: String?
        var Handler: String?
        var Code: Code?
        var Description: String?
        var Timeout: Int?
        var MemorySize: Int?
        var Publish: Bool?
        var PackageType: String?
        var DeadLetterConfig: Target?
        var Environment: Variables?
        var TracingConfig: Mode?
        var Tags: [String: String]?
        var Layers: [String]?
        var Architectures: [String]?
        var EphemeralStorage: Storage?
        var LoggingConfig: Logging?
        var RevisionId: String?
    }

    struct CodeUpdate: Decodable, Sendable {
        var ZipFile: String?
        var S3Bucket: String?
        var S3Key: String?
        var S3ObjectVersion: String?
        var ImageUri: String?
        var Publish: Bool?
        var DryRun: Bool?
        var RevisionId: String?
        var Architectures: [String]?

        var code: Code {
            Code(
                ZipFile: ZipFile, S3Bucket: S3Bucket, S3Key: S3Key,
                S3ObjectVersion: S3ObjectVersion, ImageUri: ImageUri)
        }
    }

    struct Publication: Decodable, Sendable {
        var CodeSha256: String?
        var Description: String?
        var RevisionId: String?
    }

    struct Configuration: Encodable, Sendable {
        var FunctionName: String
        var FunctionArn: String
        var Runtime: String
        var Role: String
        var Handler: String
        var CodeSize: Int64
        var Description: String
        var Timeout: Int
        var MemorySize: Int
        var LastModified: String
        var CodeSha256: String
        var Version: String
        var Environment: Variables?
        var DeadLetterConfig: Target?
        var TracingConfig: Mode
        var RevisionId: String
        var State: String?
        var StateReason: String?
        var StateReasonCode: String?
        var LastUpdateStatus: String?
        var LastUpdateStatusReason: String?
        var LastUpdateStatusReasonCode: String?
        var PackageType = "Zip"
        var Architectures: [String]
        var EphemeralStorage: Storage
        var SnapStart = Start(ApplyOn: "None", OptimizationStatus: "Off")
        var RuntimeVersionConfig: RuntimeVersion
        var LoggingConfig: Logging
    }

    struct Alias: Encodable, Sendable {
        struct Routing: Codable, Sendable { var AdditionalVersionWeights: [String: Double]? }

        var AliasArn: String
        var Name: String
        var FunctionVersion: String
        var Description: String
        var RoutingConfig: Routing?
        var RevisionId: String
    }

    struct AliasSettings: Decodable, Sendable {
        var Name: String?
        var FunctionVersion: String?
        var Description: String?
        var RoutingConfig: Alias.Routing?
        var RevisionId: String?
    }

    /// "2026-11-23T14:00:00.123+0000"
    static func time(_ milliseconds: Int64) -> String {
        String(JSONText.timestamp(milliseconds).dropLast()) + "+0000"
    }
}
