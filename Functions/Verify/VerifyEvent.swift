import Replication
import S3

/// Asks ``VerifyFunction`` for an audit.
public struct VerifyEvent: Codable, Sendable {
    /// The rule's name.
    public var rule: String
    public var mode: AuditMode
    /// Objects audited at once; 1...1024.
    public var concurrency: Int

    public init(
        rule: String, mode: AuditMode = .etag,
        concurrency: Int = ReconcileEvent.defaultConcurrency
    ) {
        self.rule = rule
        self.mode = mode
        self.concurrency = concurrency
    }
}

/// One difference, as an audit reports it.
public struct VerifyFinding: Codable, Sendable {
    public var key: ObjectKey
    public var kind: AuditFinding.Kind
    public var detail: String

    public init(key: ObjectKey, kind: AuditFinding.Kind, detail: String) {
        self.key = key
        self.kind = kind
        self.detail = detail
    }

    init(_ finding: AuditFinding) {
        self.init(key: finding.key, kind: finding.kind, detail: finding.detail)
    }
}

/// What an audit found. Its size is bounded whatever the number of objects.
public struct VerifyResult: Codable, Sendable {
    public static let findingsKept = 1000

    /// Pairs and single objects looked at.
    public var compared = 0
    public var equal = 0
    public var differing = 0
    /// By `AuditFinding.Kind`.
    public var byKind: [String: Int] = [:]
    public var tally = Comparison.Tally()
    /// The first ``findingsKept``, in the order found.
    public var findings: [VerifyFinding] = []
    public var notes: [String] = []
    public var ending = ReconcileResult.Ending.completed

    public init() {}
}

/// Hears of an audit as it goes on. Called from several tasks at once; must not block.
public protocol VerifyObserver: Sendable {
    /// About once a page of a listing.
    func scanned(_ tally: Comparison.Tally)
    /// One object was audited; `bytes` is the source's size.
    func audited(_ key: ObjectKey, bytes: Int64)
    /// Every difference, also those beyond `VerifyResult.findingsKept`.
    func found(_ finding: VerifyFinding)
}
