/// What a caller asks of a function, and how.
public struct InvocationRequest: Sendable {
    public enum InvocationType: String, Sendable {
        case requestResponse = "RequestResponse"
        case event = "Event"
        case dryRun = "DryRun"
    }

    /// The bare name.
    public var functionName: String
    /// A version, an alias or "$LATEST"; nil: unqualified.
    public var qualifier: String?
    public var type: InvocationType
    public var payload: [UInt8]
    /// The decoded JSON of `X-Amz-Client-Context`.
    public var clientContext: [UInt8]?
    public var wantsLogTail: Bool
    /// `X-Amzn-Trace-Id` as it came; nil: a new trace begins.
    public var traceHeader: String?
    /// Request id of the invocation that asks; nil: none of ours.
    public var parent: String?
    /// Takes the parts of a streamed response as they come.
    public var stream: (@Sendable ([UInt8]) async -> Void)?
    /// 0 to 1: which version of a weighted alias, for who asks of the same one twice. nil: it is drawn.
    var choice: Double?

    public init(
        functionName: String, qualifier: String? = nil, type: InvocationType = .requestResponse,
        payload: [UInt8], clientContext: [UInt8]? = nil, wantsLogTail: Bool = false,
        traceHeader: String? = nil, parent: String? = nil,
        stream: (@Sendable ([UInt8]) async -> Void)? = nil
    ) {
        self.functionName = functionName
        self.parent = parent
        self.qualifier = qualifier
        self.type = type
        self.payload = payload
        self.clientContext = clientContext
        self.wantsLogTail = wantsLogTail
        self.traceHeader = traceHeader
        self.stream = stream
    }
}

/// What the caller is told.
public struct InvocationResponse: Sendable {
    public var requestID: String
    /// 200, 202 for an accepted event, 204 for a dry run.
    public var statusCode: Int
    public var payload: [UInt8]
    /// "Unhandled" when the function failed.
    public var functionError: String?
    /// What ran, or would have in a dry run; nil when nothing did yet.
    public var executedVersion: String?
    /// The last 4 KiB of the invocation's log, where it was asked for.
    public var logTail: [UInt8]?

    public init(
        requestID: String, statusCode: Int, payload: [UInt8] = [], functionError: String? = nil,
        executedVersion: String? = nil, logTail: [UInt8]? = nil
    ) {
        self.requestID = requestID
        self.statusCode = statusCode
        self.payload = payload
        self.functionError = functionError
        self.executedVersion = executedVersion
        self.logTail = logTail
    }
}

/// Takes invocations from whatever triggers them: the REST API, a destination, another function.
public protocol InvocationService: Sendable {
    /// - Throws: ``LambdaServiceError`` when nothing was run or accepted.
    func invoke(_ request: InvocationRequest) async throws(LambdaServiceError) -> InvocationResponse
}

/// Answers which version a name and a qualifier mean, and what bounds it.
public protocol FunctionDirectory: Sendable {
    /// - Parameter choice: 0 to 1, drawn by the caller: which version of a weighted alias.
    /// - Throws: ``LambdaServiceError``: not found, or not ready to run.
    func resolve(
        _ functionName: String, qualifier: String?, choice: Double
    ) async throws(LambdaServiceError) -> ResolvedFunction
}

/// What an invocation is to run.
public struct ResolvedFunction: Sendable {
    public var version: FunctionVersion
    /// With the qualifier only when it was asked for with one.
    public var invokedARN: String
    /// The alias that it came through; nil: none.
    public var alias: String?
    public var reservedConcurrency: Int?
    public var asynchronous: AsynchronousSettings
    /// False: loops of functions may go on.
    public var stopsRecursion: Bool

    public init(
        version: FunctionVersion, invokedARN: String, alias: String? = nil,
        reservedConcurrency: Int? = nil,
        asynchronous: AsynchronousSettings = AsynchronousSettings(), stopsRecursion: Bool = true
    ) {
        self.version = version
        self.invokedARN = invokedARN
        self.alias = alias
        self.reservedConcurrency = reservedConcurrency
        self.asynchronous = asynchronous
        self.stopsRecursion = stopsRecursion
    }
}

/// How asynchronous events of a function are retried and where their records go.
public struct AsynchronousSettings: Sendable, Equatable {
    /// 0 to 2.
    public var maximumRetryAttempts: Int
    /// 60 to 21,600 seconds.
    public var maximumEventAgeSeconds: Int
    /// ARNs.
    public var onSuccess: String?
    public var onFailure: String?
    public var deadLetterTarget: String?

    public init(
        maximumRetryAttempts: Int = 2, maximumEventAgeSeconds: Int = 21600,
        onSuccess: String? = nil, onFailure: String? = nil, deadLetterTarget: String? = nil
    ) {
        self.maximumRetryAttempts = maximumRetryAttempts
        self.maximumEventAgeSeconds = maximumEventAgeSeconds
        self.onSuccess = onSuccess
        self.onFailure = onFailure
        self.deadLetterTarget = deadLetterTarget
    }
}
