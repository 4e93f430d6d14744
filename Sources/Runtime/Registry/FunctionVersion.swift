/// One version of a function as it is to be run: all that an execution environment needs to know. Immutable.
public struct FunctionVersion: Sendable, Hashable {
    public enum LogFormat: String, Sendable, Codable {
        case text = "Text"
        case json = "JSON"
    }

    public var functionName: String
    /// "$LATEST" or a number.
    public var version: String
    /// Of the function, without a qualifier.
    public var functionARN: String
    /// "python3.12", "provided.al2023" and so on; ``builtInRuntime`` for a compiled-in handler.
    public var runtime: String
    public var handler: String
    /// MB, 128 to 10,240.
    public var memoryMB: Int
    /// Seconds, 1 to 900.
    public var timeoutSeconds: Int
    /// The user's own variables.
    public var environment: [String: String]
    /// MB of `/tmp`, 512 to 10,240.
    public var ephemeralStorageMB: Int
    /// The unpacked package; nil for a compiled-in handler.
    public var codeDirectory: String?
    public var logFormat: LogFormat
    /// For JSON logs: "TRACE" to "FATAL" of the function's own lines; nil: not set.
    public var applicationLogLevel: String?
    /// For JSON logs: "DEBUG", "INFO" or "WARN" of the runtime's lines; nil: not set.
    public var systemLogLevel: String?
    /// "/aws/lambda/NAME" unless configured.
    public var logGroup: String
    /// Changes with every change of code or configuration: environments of an older one are not used again.
    public var revision: String
    /// "Active" or "PassThrough".
    public var tracingMode: String

    /// The runtime of handlers that are compiled into `brigade`.
    public static let builtInRuntime = "brigade"

    public init(
        functionName: String, version: String = "$LATEST", functionARN: String, runtime: String,
        handler: String, memoryMB: Int = 128, timeoutSeconds: Int = 3,
        environment: [String: String] = [:], ephemeralStorageMB: Int = 512,
        codeDirectory: String? = nil, logFormat: LogFormat = .text,
        applicationLogLevel: String? = nil, systemLogLevel: String? = nil,
        logGroup: String? = nil, revision: String = "", tracingMode: String = "PassThrough"
    ) {
        self.functionName = functionName
        self.version = version
        self.functionARN = functionARN
        self.runtime = runtime
        self.handler = handler
        self.memoryMB = memoryMB
        self.timeoutSeconds = timeoutSeconds
        self.environment = environment
        self.ephemeralStorageMB = ephemeralStorageMB
        self.codeDirectory = codeDirectory
        self.logFormat = logFormat
        self.applicationLogLevel = applicationLogLevel
        self.systemLogLevel = systemLogLevel
        self.logGroup = logGroup ?? "/aws/lambda/\(functionName)"
        self.revision = revision
        self.tracingMode = tracingMode
    }

    /// Of what tells versions apart as a rule: every invocation looks for its version several times.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(functionName)
        hasher.combine(version)
        hasher.combine(revision)
    }
}
