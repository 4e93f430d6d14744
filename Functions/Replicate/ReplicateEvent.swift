import Replication
import S3

/// "This key may have changed": the event of ``ReplicateFunction``.
public struct ReplicateEvent: Codable, Sendable {
    /// The rule's name.
    public var rule: String
    /// Relative to the rule's prefixes.
    public var key: ObjectKey
    /// What a comparison has seen: saves requests, decides nothing.
    public var evidence: Evidence?
    /// Decide, and write nothing.
    public var dryRun: Bool
    /// A delete needs the ``DeleteGuarding`` of the process; nil or false: somebody has looked at the whole already.
    public var isGuarded: Bool?

    public init(
        rule: String, key: ObjectKey, evidence: Evidence? = nil, dryRun: Bool = false,
        isGuarded: Bool? = nil
    ) {
        self.rule = rule
        self.key = key
        self.evidence = evidence
        self.dryRun = dryRun
        self.isGuarded = isGuarded
    }
}
