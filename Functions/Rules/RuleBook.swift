import Replication
import S3

/// The rules that the functions work by, and one engine for each. Immutable.
public struct RuleBook: Sendable {
    /// An event named a rule that is not in the book.
    public struct UnknownRule: Error, Sendable, CustomStringConvertible {
        public var name: String
        public var description: String { "no rule has the name \(name)" }
    }

    public let rules: [ReplicationRule]
    /// Sums what all invocations use at stores while they run: for a display. nil: nobody looks.
    public let liveMeter: UsageMeter?
    /// Bounds the deletes of events that ask for it; nil: none is bounded.
    public let deletes: (any DeleteGuarding)?
    private let replicators: [String: Replicator]

    /// - Parameter journal: remembers open uploads, so that a later run can abort what a crash left.
    public init(
        _ rules: [ReplicationRule], journal: UploadJournal? = nil, liveMeter: UsageMeter? = nil,
        deletes: (any DeleteGuarding)? = nil
    ) {
        self.rules = rules
        self.liveMeter = liveMeter
        self.deletes = deletes
        replicators = Dictionary(
            rules.map { ($0.name, Replicator(rule: $0, journal: journal)) },
            uniquingKeysWith: { first, _ in first })
    }

    /// - Throws: ``UnknownRule``.
    public func replicator(named name: String) throws -> Replicator {
        guard let replicator = replicators[name] else { throw UnknownRule(name: name) }
        return replicator
    }

    /// - Throws: ``UnknownRule``.
    public func rule(named name: String) throws -> ReplicationRule {
        try replicator(named: name).rule
    }
}
