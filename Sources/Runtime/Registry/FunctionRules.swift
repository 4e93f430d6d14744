/// What Lambda accepts as a function's settings, and how it refuses the rest.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html>, and refusals as recorded.
enum FunctionRules {
    /// Of the runtimes that clients may name; which of them this machine has shows when they start.
    static let runtimes = [
        "nodejs18.x", "nodejs20.x", "nodejs22.x", "nodejs24.x", "python3.9", "python3.10",
        "python3.11", "python3.12", "python3.13", "python3.14", "java11", "java17", "java21",
        "java25", "dotnet8", "dotnet10", "ruby3.2", "ruby3.3", "ruby3.4", "provided.al2",
        "provided.al2023",
    ]
    static let deprecated: Set<String> = [
        "go1.x", "provided", "nodejs", "nodejs4.3", "nodejs6.10", "nodejs8.10", "nodejs10.x",
        "nodejs12.x", "nodejs14.x", "nodejs16.x", "python2.7", "python3.6", "python3.7",
        "python3.8", "java8", "dotnetcore3.1", "dotnet6", "ruby2.5", "ruby2.7",
    ]
    /// Variables that the runtime sets itself.
    static let reservedVariables: Set<String> = [
        "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_DEFAULT_REGION", "AWS_REGION", "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION", "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "LAMBDA_RUNTIME_DIR",
    ]

    static func missing(_ member: String) -> LambdaServiceError {
        LambdaServiceError(
            .validation,
            "1 validation error detected: Value null at '\(member)' failed to satisfy constraint: Member must not be null"
        )
    }

    static func builtIn(_ name: String) -> LambdaServiceError {
        LambdaServiceError(
            .invalidParameterValue,
            "\(name) is compiled into this runtime; its code changes with the runtime's release.")
    }

    static func newName(
        _ text: String, region: String, account: String
    ) throws(LambdaServiceError) -> String {
        let reference = try FunctionReference(
            text, qualifier: nil, region: region, account: account)
        guard reference.qualifier == nil else {
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '\(text)' at 'functionName' failed to satisfy constraint: Member must satisfy regular expression pattern: (arn:...)?"
            )
        }
        guard reference.name.utf8.count <= 64 else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "1 validation error detected: Value '\(text)' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to 64"
            )
        }
        return reference.name
    }

    static func check(revision: String?, of current: String) throws(LambdaServiceError) {
        guard let revision, revision != current else { return }
        throw LambdaServiceError(
            .preconditionFailed,
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id"
        )
    }

    private static func range(
        _ value: Int?, _ range: ClosedRange<Int>, _ member: String
    ) throws(LambdaServiceError) {
        guard let value, !range.contains(value) else { return }
        let isLow = value < range.lowerBound
        throw LambdaServiceError(
            isLow ? .validation : .invalidParameterValue,
            "1 validation error detected: Value '\(value)' at '\(member)' failed to satisfy constraint: Member must have value \(isLow ? "greater" : "less") than or equal to \(isLow ? range.lowerBound : range.upperBound)"
        )
    }

    static func check(maximum: Int?, limit: Int) throws(LambdaServiceError) {
        guard let maximum, !(1...limit).contains(maximum) else { return }
        throw LambdaServiceError(
            .validation,
            "1 validation error detected: Value '\(maximum)' at 'maxItems' failed to satisfy constraint: Member must have value \(maximum < 1 ? "greater than or equal to 1" : "less than or equal to \(limit)")"
        )
    }

    private static func member(
        _ value: String?, of allowed: [String], _ member: String
    ) throws(LambdaServiceError) {
        guard let value, !allowed.contains(value) else { return }
        throw LambdaServiceError(
            .validation,
            "1 validation error detected: Value '\(value)' at '\(member)' failed to satisfy constraint: Member must satisfy enum value set: [\(allowed.joined(separator: ", "))]"
        )
    }

    private static func length(
        _ value: String?, _ maximum: Int, _ member: String
    ) throws(LambdaServiceError) {
        guard let value, value.utf16.count > maximum else { return }
        throw LambdaServiceError(
            .validation,
            "1 validation error detected: Value '\(value)' at '\(member)' failed to satisfy constraint: Member must have length less than or equal to \(maximum)"
        )
    }

    /// - Parameter matches: whether a value is what the pattern, as Lambda words it, says.
    private static func pattern(
        _ value: String?, _ pattern: String, _ member: String, _ matches: (String) -> Bool
    ) throws(LambdaServiceError) {
        guard let value, !matches(value) else { return }
        throw LambdaServiceError(
            .validation,
            "1 validation error detected: Value '\(value)' at '\(member)' failed to satisfy constraint: Member must satisfy regular expression pattern: \(pattern)"
        )
    }

    static func isRole(_ text: String) -> Bool {
        let parts = text.split(separator: ":", maxSplits: 5, omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0] == "arn", parts[2] == "iam", parts[3].isEmpty,
            parts[1].isEmpty || parts[1].hasPrefix("aws"), parts[5].hasPrefix("role")
        else { return false }
        let isLetter: (UInt8) -> Bool = { (0x61...0x7a).contains($0 | 0x20) }
        let isDigit: (UInt8) -> Bool = { (0x30...0x39).contains($0) }
        let name = parts[5].utf8.dropFirst("role".utf8.count)
        return parts[1].utf8.allSatisfy { isLetter($0) || $0 == UInt8(ascii: "-") }
            && parts[4].utf8.count == 12 && parts[4].utf8.allSatisfy(isDigit) && !name.isEmpty
            && name.allSatisfy { isLetter($0) || isDigit($0) || "_+=,.@-/".utf8.contains($0) }
    }

    static func check(architectures: [String]?) throws(LambdaServiceError) {
        guard let architectures else { return }
        guard architectures.count == 1, ["x86_64", "arm64"].contains(architectures[0]) else {
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value '[\(architectures.joined(separator: ", "))]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]"
            )
        }
    }

    static func check(tags: [String: String]) throws(LambdaServiceError) {
        guard tags.count <= 50 else {
            throw LambdaServiceError(
                .invalidParameterValue, "Number of tags exceeds resource tag limit.")
        }
    }

    static func check(_ settings: FunctionDocuments.Settings) throws(LambdaServiceError) {
        try range(settings.MemorySize, 128...10_240, "memorySize")
        try range(settings.Timeout, 1...900, "timeout")
        try range(settings.EphemeralStorage?.Size, 512...10_240, "ephemeralStorage.size")
        try check(architectures: settings.Architectures)
        try pattern(
            settings.Role,
            "arn:(aws[a-zA-Z-]*)?:iam::\\d{12}:role/?[a-zA-Z_0-9+=,.@\\-_/]+", "role", isRole)
        try pattern(settings.Handler, "[^\\s]+", "handler") { handler in
            !handler.isEmpty && !handler.unicodeScalars.contains { $0.properties.isWhitespace }
        }
        try length(settings.Handler, 128, "handler")
        try length(settings.Description, 256, "description")
        try member(
            settings.TracingConfig?.Mode, of: ["Active", "PassThrough"], "tracingConfig.mode")
        if let runtime = settings.Runtime {
            if deprecated.contains(runtime) {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "The runtime parameter of \(runtime) is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions."
                )
            }
            guard runtimes.contains(runtime) else {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "Value \(runtime) at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [\(runtimes.joined(separator: ", "))] or be a valid ARN"
                )
            }
        }
        if let target = settings.DeadLetterConfig?.TargetArn, !target.isEmpty,
            Destination(target) == nil
        {
            throw LambdaServiceError(
                .invalidParameterValue,
                "The dead letter target \(target) is none that this runtime knows: it takes ARNs of SQS queues, of functions and of buckets, and http(s) URLs."
            )
        }
        try member(settings.PackageType, of: ["Zip", "Image"], "packageType")
        if settings.PackageType == "Image" {
            throw LambdaServiceError(
                .invalidParameterValue, "This runtime runs zip packages, and no container images.")
        }
        if let layers = settings.Layers, !layers.isEmpty {
            throw LambdaServiceError(
                .invalidParameterValue,
                "This runtime has no layers: put what they hold into the package.")
        }
        if let variables = settings.Environment?.Variables { try check(variables) }
        if let logging = settings.LoggingConfig { try check(logging) }
    }

    private static func check(_ logging: FunctionDocuments.Logging) throws(LambdaServiceError) {
        try member(logging.LogFormat, of: ["JSON", "Text"], "loggingConfig.logFormat")
        try member(
            logging.ApplicationLogLevel,
            of: ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"],
            "loggingConfig.applicationLogLevel")
        try member(
            logging.SystemLogLevel, of: ["DEBUG", "INFO", "WARN"], "loggingConfig.systemLogLevel")
        try length(logging.LogGroup, 512, "loggingConfig.logGroup")
        try pattern(logging.LogGroup, "[\\.\\-_/#A-Za-z0-9]+", "loggingConfig.logGroup") { group in
            !group.isEmpty
                && group.utf8.allSatisfy {
                    FunctionReference.isNameByte($0) || "./#".utf8.contains($0)
                }
        }
    }

    private static func check(_ variables: [String: String]) throws(LambdaServiceError) {
        if let name = variables.keys.sorted().first(where: { reservedVariables.contains($0) }) {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Lambda was unable to configure your environment variables because the environment variables you have provided contains reserved keys that are currently not supported for modification. Reserved keys used in this request: \(name)"
            )
        }
        let isName: (String) -> Bool = { name in
            guard let first = name.utf8.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7a else {
                return false
            }
            return name.utf8.allSatisfy { FunctionReference.isNameByte($0) && $0 != 0x2d }
        }
        if let name = variables.keys.sorted().first(where: { !isName($0) }) {
            throw LambdaServiceError(
                .validation,
                "1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+]: \(name)"
            )
        }
        // The system's variables end there: the function would be given another value.
        if let name = variables.keys.sorted().first(where: { variables[$0]!.utf8.contains(0) }) {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Lambda was unable to configure your environment variables because the value of \(name) contains a NUL character"
            )
        }
        let measured =
            "{"
            + variables.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
            .joined(separator: ",") + "}"
        guard measured.utf8.count <= 4096 else {
            throw LambdaServiceError(
                .invalidParameterValue,
                "Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: \(measured)"
            )
        }
    }

    /// What was given replaces what was there.
    static func apply(
        _ settings: FunctionDocuments.Settings, to snapshot: inout FunctionRecord.Snapshot
    ) throws(LambdaServiceError) {
        if let description = settings.Description { snapshot.description = description }
        if let timeout = settings.Timeout { snapshot.timeoutSeconds = timeout }
        if let memory = settings.MemorySize { snapshot.memoryMB = memory }
        if let environment = settings.Environment {
            snapshot.environment = environment.Variables ?? [:]
        }
        if let storage = settings.EphemeralStorage { snapshot.ephemeralStorageMB = storage.Size }
        if let architecture = settings.Architectures?.first { snapshot.architecture = architecture }
        if let mode = settings.TracingConfig?.Mode { snapshot.tracingMode = mode }
        if let target = settings.DeadLetterConfig {
            snapshot.deadLetterTarget = target.TargetArn.flatMap { $0.isEmpty ? nil : $0 }
        }
        if let logging = settings.LoggingConfig {
            if let format = logging.LogFormat.flatMap({ FunctionVersion.LogFormat(rawValue: $0) }) {
                snapshot.logFormat = format
            }
            let isJSON = snapshot.logFormat == .json
            let hasLevel = logging.ApplicationLogLevel != nil || logging.SystemLogLevel != nil
            guard isJSON || !hasLevel else {
                throw LambdaServiceError(
                    .invalidParameterValue,
                    "LogLevel is not supported when LogFormat is set to \"Text\". Remove LogLevel from your request or change the LogFormat to \"JSON\" and try again."
                )
            }
            snapshot.applicationLogLevel =
                isJSON ? logging.ApplicationLogLevel ?? snapshot.applicationLogLevel ?? "INFO" : nil
            snapshot.systemLogLevel =
                isJSON ? logging.SystemLogLevel ?? snapshot.systemLogLevel ?? "INFO" : nil
            if let group = logging.LogGroup { snapshot.logGroup = group }
        }
    }
}
