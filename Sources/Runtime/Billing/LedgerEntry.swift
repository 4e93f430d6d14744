import Lambda

/// One invocation's line in the ledger: what was measured, before any price.
public struct LedgerEntry: Sendable, Equatable {
    public var requestID: String
    /// The trace root, "1-8hex-24hex": the run that it belongs to.
    public var run: String
    /// Request id of the invocation that asked for this one; nil at the root.
    public var parent: String?
    public var functionName: String
    /// "$LATEST" or a number: what ran.
    public var version: String
    public var alias: String?
    /// The replication or backup rule that it was for; nil: none.
    public var rule: String?
    /// Unix microseconds.
    public var startMicroseconds: Int64
    public var durationNanoseconds: Int64
    /// Zero when the environment was warm.
    public var initNanoseconds: Int64
    public var isColdStart: Bool
    public var memoryMB: Int
    public var maxMemoryUsedMB: Int?
    public var status: InvocationAnswer.Status
    public var errorType: String?
    /// 1 for the first attempt of an asynchronous event, and for every synchronous one.
    public var attempt: Int
    public var usage: [InvocationUsage.Line]

    public init(
        requestID: String, run: String, parent: String? = nil, functionName: String,
        version: String = "$LATEST", alias: String? = nil, rule: String? = nil,
        startMicroseconds: Int64, durationNanoseconds: Int64, initNanoseconds: Int64 = 0,
        isColdStart: Bool = false, memoryMB: Int, maxMemoryUsedMB: Int? = nil,
        status: InvocationAnswer.Status, errorType: String? = nil, attempt: Int = 1,
        usage: [InvocationUsage.Line] = []
    ) {
        self.requestID = requestID
        self.run = run
        self.parent = parent
        self.functionName = functionName
        self.version = version
        self.alias = alias
        self.rule = rule
        self.startMicroseconds = startMicroseconds
        self.durationNanoseconds = durationNanoseconds
        self.initNanoseconds = initNanoseconds
        self.isColdStart = isColdStart
        self.memoryMB = memoryMB
        self.maxMemoryUsedMB = maxMemoryUsedMB
        self.status = status
        self.errorType = errorType
        self.attempt = attempt
        self.usage = usage
    }
}
