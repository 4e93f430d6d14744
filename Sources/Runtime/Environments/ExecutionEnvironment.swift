import Lambda

/// Where one version of a function runs: one event at a time, many events after each other.
///
/// The pool that owns it calls ``initialize()`` once, then ``invoke(_:)`` never twice at once, then ``stop()``. A crash, a
/// timeout or running out of memory ends one invocation: the environment starts its process again with the next.
public protocol ExecutionEnvironment: Sendable {
    var version: FunctionVersion { get }
    /// "2026/11/23/[$LATEST]" and 32 hexadecimal digits: where its lines go.
    var logStream: String { get }
    /// It takes no further event: to be stopped in place of being given back.
    var isUsedUp: Bool { get }

    /// The init phase, 10 seconds at most. A failure is kept and answered by the first invocation, as Lambda does it
    /// ("suppressed init"); returns how long it took, and whether it succeeded.
    func initialize() async -> InitOutcome

    /// Runs one event to its end, or to its response where the event says what follows it
    /// (``InvocationEvent/afterwards``). Never throws: what went wrong is in the answer.
    func invoke(_ event: InvocationEvent) async -> InvocationAnswer

    /// Ends it; what it holds is gone when this returns. Idempotent.
    func stop() async
}

extension ExecutionEnvironment {
    public var isUsedUp: Bool { false }
}

/// How the init phase ended.
public struct InitOutcome: Sendable, Equatable {
    public var duration: Duration
    /// False: the first invocation will initialise again, on its own time.
    public var succeeded: Bool

    public init(duration: Duration, succeeded: Bool) {
        self.duration = duration
        self.succeeded = succeeded
    }
}

/// One event on its way into an environment.
public struct InvocationEvent: Sendable {
    /// A UUID in lower case; the same for every attempt of one asynchronous event.
    public var requestID: String
    public var payload: [UInt8]
    /// "Root=…;Parent=…;Sampled=1[;Lineage=…]".
    public var traceHeader: String
    /// As it was invoked: with the qualifier only when it came with one.
    public var invokedFunctionARN: String
    /// When it is cancelled or killed.
    public var deadline: ContinuousClock.Instant
    /// The same moment by the calendar, Unix milliseconds: what a process is told.
    public var deadlineUnixMilliseconds: Int64
    /// The decoded JSON of `X-Amz-Client-Context`.
    public var clientContext: [UInt8]?
    /// Takes the parts of a streamed response as they come; nil: the response is collected.
    public var stream: (@Sendable ([UInt8]) async -> Void)?
    /// Called once, when the event has been handed over and before any line is logged for it.
    public var begun: (@Sendable () -> Void)?
    /// Given: a response may be returned as soon as it is there, though the function goes on (to write logs, or work that
    /// nobody waits for); such an answer is not final, and this takes the final one, once.
    public var afterwards: (@Sendable (InvocationAnswer) -> Void)?

    public init(
        requestID: String, payload: [UInt8], traceHeader: String, invokedFunctionARN: String,
        deadline: ContinuousClock.Instant, deadlineUnixMilliseconds: Int64,
        clientContext: [UInt8]? = nil, stream: (@Sendable ([UInt8]) async -> Void)? = nil
    ) {
        self.requestID = requestID
        self.payload = payload
        self.traceHeader = traceHeader
        self.invokedFunctionARN = invokedFunctionARN
        self.deadline = deadline
        self.deadlineUnixMilliseconds = deadlineUnixMilliseconds
        self.clientContext = clientContext
        self.stream = stream
    }
}

/// What came of one event, and what it took.
public struct InvocationAnswer: Sendable {
    public enum Status: String, Sendable, Codable {
        case success
        /// The function answered with an error of its own.
        case error
        /// The environment failed: it exited, was killed, ran out of memory, or could not start.
        case failure
        case timeout
    }

    public var status: Status
    /// The response's bytes as the function sent them, or the error document.
    public var payload: [UInt8]
    /// "Runtime.ExitError", "Sandbox.Timedout", the function's own; nil on success.
    public var errorType: String?
    /// From the event's hand-over to the end of the response.
    public var duration: Duration
    /// Init that ran inside this invocation, counted in ``duration`` too ("suppressed init"); nil as a rule.
    public var suppressedInit: Duration?
    /// Peak, in MB, measured; nil where it cannot be told apart from the runtime's own.
    public var maxMemoryUsedMB: Int?
    /// S3 requests and bytes that the function reported.
    public var usage: [InvocationUsage.Line]
    /// False: the environment is not done with the event; its caller need not wait for that.
    public var isFinal = true

    public init(
        status: Status, payload: [UInt8], errorType: String? = nil, duration: Duration,
        suppressedInit: Duration? = nil, maxMemoryUsedMB: Int? = nil,
        usage: [InvocationUsage.Line] = []
    ) {
        self.status = status
        self.payload = payload
        self.errorType = errorType
        self.duration = duration
        self.suppressedInit = suppressedInit
        self.maxMemoryUsedMB = maxMemoryUsedMB
        self.usage = usage
    }
}
