import Logging

/// What an invocation knows of itself. A value: one for each invocation.
public struct LambdaContext: Sendable {
    /// A UUID in lower case.
    public var requestID: String
    /// "Root=1-8hex-24hex;Parent=16hex;Sampled=1": the root is the run's, shared by the whole tree.
    public var traceID: String
    /// With the qualifier only when it was invoked with one.
    public var invokedFunctionARN: String
    public var functionName: String
    /// "$LATEST" or a number.
    public var functionVersion: String
    public var memoryLimitMB: Int
    /// When the invocation is cancelled.
    public var deadline: ContinuousClock.Instant
    /// JSON that the caller sent beside the event; nil when it sent none.
    public var clientContext: [UInt8]?
    /// Carries `request.id`. Never given a secret or an object's content.
    public var logger: Logger
    /// How this function invokes another.
    public var invoker: any LambdaInvoker
    /// Where the function reports the S3 requests and bytes that its bill shall show.
    public var usage: InvocationUsage

    public init(
        requestID: String, traceID: String, invokedFunctionARN: String, functionName: String,
        functionVersion: String = "$LATEST", memoryLimitMB: Int,
        deadline: ContinuousClock.Instant, clientContext: [UInt8]? = nil, logger: Logger,
        invoker: any LambdaInvoker, usage: InvocationUsage = InvocationUsage()
    ) {
        self.requestID = requestID
        self.traceID = traceID
        self.invokedFunctionARN = invokedFunctionARN
        self.functionName = functionName
        self.functionVersion = functionVersion
        self.memoryLimitMB = memoryLimitMB
        self.deadline = deadline
        self.clientContext = clientContext
        self.logger = logger
        self.invoker = invoker
        self.usage = usage
    }

    /// Time left before the deadline; never negative.
    public var remaining: Duration {
        max(.zero, deadline - ContinuousClock.now)
    }
}
