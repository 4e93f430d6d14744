import Functions
import Replication
import S3

/// One rule under `replications` in brigade.yaml: read and checked by itself. Whether its connections are known
/// says `ConnectionBook.check(_:)`; its schedule and time zone are read by those who keep time.
struct ConfiguredReplication: Sendable, Equatable {
    enum Deletes: String, Sendable, CaseIterable {
        /// What is gone at the source stays at the destination.
        case keep
        /// It is deleted there too.
        case propagate
        /// It is set aside there, and deleted after ``ConfiguredReplication/quarantineDays``.
        case quarantine
    }

    /// When the two sides are compared.
    struct Reconcile: Sendable, Equatable {
        /// As it is written: `rate(6 hours)`, `cron(0 2 * * ? *)` or `never`.
        var text: String
        /// "brigade.yaml line 14"; the rule's own line where nothing is written.
        var origin: String

        static let never = "never"
        var isNever: Bool { text == Self.never }
    }

    static let defaultReconcile = "rate(24 hours)"
    static let defaultQuarantineDays = 30
    static let defaultLagTarget = Duration.seconds(15 * 60)
    static let destinationsMaximum = 16
    static let rulesMaximum = 1000

    /// Unique in the file.
    var name: String
    var from: S3Location
    /// 1 to ``destinationsMaximum``, no two the same.
    var to: [S3Location]
    var filter = ConfiguredFilter()
    var deletes = Deletes.keep
    /// 1 to 3,650; means something with ``Deletes/quarantine`` only.
    var quarantineDays = defaultQuarantineDays
    /// Deletes (and quarantines) in any 24 hours before a person is asked.
    var maxDelete = ReconcileEvent.defaultMaxDelete
    /// Nil: the destination's default.
    var storageClass: String?
    var reconcile: Reconcile
    /// Of its schedule, as in "Europe/Berlin": a name of the right shape, not looked up. Nil: UTC.
    var timeZone: String?
    /// Within which time a change should have arrived.
    var lagTarget = defaultLagTarget
    /// Objects at once, 1 to 1,024.
    var concurrency = ReconcileEvent.defaultConcurrency
    /// A new rule copies what is there already.
    var backfill = true
    /// "brigade.yaml line 12".
    var origin: String
}

/// `filter` of a rule: which of the source's objects it is about.
struct ConfiguredFilter: Sendable, Equatable {
    /// Appended to the prefix of `from` for what is looked at. It moves nothing: keys keep their name relative to
    /// `from`, so that `from: s3://a/x/` with the prefix `2026/` and `to: s3://b/y/` copies x/2026/k to y/2026/k.
    /// The globs match what follows both prefixes: `k`.
    var prefix: ObjectKey = ""
    var include: [String] = []
    var exclude: [String] = []
    /// Bytes, inclusive.
    var minSize, maxSize: Int64?
    var minAge, maxAge: Duration?

    /// All of it but the prefix.
    var objects: ObjectFilter {
        var filter = ObjectFilter()
        (filter.include, filter.exclude) = (include, exclude)
        (filter.minSize, filter.maxSize) = (minSize, maxSize)
        (filter.minAge, filter.maxAge) = (minAge, maxAge)
        return filter
    }
}
