/// "This key may have changed": what a trigger hands to a ``ChangeQueue``. A hint, so telling it twice, late or in another
/// order changes nothing.
public struct Change: Sendable, Equatable {
    /// What waits longer comes first within a priority; the lower number goes before the higher.
    public enum Priority: Int64, Sendable {
        case live = 0
        case backfill = 1
    }

    /// The name of a ``Subscription``.
    public var subscription: String
    /// What orders: of two changes with one key, one runs at a time. Up to 1,024 bytes as a rule; any bytes.
    public var key: [UInt8]
    /// When it happened, Unix milliseconds: what the lag is counted from.
    public var happenedAt: Int64
    public var priority: Priority
    /// A delete was agreed to, by a person or by who has seen the whole source.
    public var isDeleteAllowed: Bool

    public init(
        subscription: String, key: [UInt8], happenedAt: Int64, priority: Priority = .live,
        isDeleteAllowed: Bool = false
    ) {
        self.subscription = subscription
        self.key = key
        self.happenedAt = happenedAt
        self.priority = priority
        self.isDeleteAllowed = isDeleteAllowed
    }
}

/// What became of one attempt at a change, as the subscription reads its function's answer.
public enum ChangeVerdict: Sendable, Equatable {
    /// In step.
    case done(deleted: Bool)
    /// It may go well later: a store is away, the source changes too fast.
    case again(kind: String, message: String)
    /// It will not go well by itself: kept among the failures until a person, or the next event for the key, asks again.
    case failed(kind: String, message: String)
}

/// A stream of changes to one function: what a rule and one of its destinations are to the runtime.
public struct Subscription: Sendable {
    /// Stored: changes of a name that is not there any more are dropped at the next start.
    public var name: String
    /// As the ledger and the displays name it.
    public var rule: String
    public var functionName: String
    /// A version or an alias; nil: unqualified.
    public var qualifier: String?
    /// Invocations at once, 1 to 1,000.
    public var concurrency: Int
    /// Within how long a change should be in step.
    public var lagTarget: Duration
    /// The function's event for a key.
    public var payload: @Sendable (_ key: [UInt8], _ isDeleteAllowed: Bool) -> [UInt8]
    public var verdict: @Sendable (InvocationAnswer) -> ChangeVerdict

    public init(
        name: String, rule: String, functionName: String, qualifier: String? = nil,
        concurrency: Int = 32, lagTarget: Duration = .seconds(900),
        payload: @escaping @Sendable (_ key: [UInt8], _ isDeleteAllowed: Bool) -> [UInt8],
        verdict: @escaping @Sendable (InvocationAnswer) -> ChangeVerdict
    ) {
        self.name = name
        self.rule = rule
        self.functionName = functionName
        self.qualifier = qualifier
        self.concurrency = concurrency
        self.lagTarget = lagTarget
        self.payload = payload
        self.verdict = verdict
    }
}
