import Replication
import S3

/// What a reconciliation did, or would do. Its size is bounded whatever the number of objects.
public struct ReconcileResult: Codable, Sendable {
    public static let failuresKept = 1000
    public static let notesKept = 100

    /// How copies were proven, in objects.
    public struct Proofs: Codable, Sendable, Equatable {
        public var eTag = 0
        public var checksum = 0
        public var readBack = 0
        public init() {}
    }

    /// What copies lack of their sources, in objects.
    public struct NotKeptCount: Codable, Sendable, Equatable {
        public var kind: NotKept.Kind
        public var objects = 0
        /// The first ``valuesKept``, as they came.
        public var values: [String] = []

        public static let valuesKept = 8

        public init(_ kind: NotKept.Kind) { self.kind = kind }
    }

    public enum Ending: Codable, Sendable, Equatable {
        /// Every key was looked at.
        case completed
        case cancelled
        /// A budget left no room for more; what had begun was let to end.
        case overBudget(message: String)
        /// A listing failed, or the store refused one key after another.
        case storeFailed(StoreFailure)
        /// The comparison could not run, for another reason than a store's answer.
        case failed(message: String)
    }

    public var copied = 0
    /// Of them, absent at the destination before.
    public var copiedNew = 0
    /// Metadata or tags alone.
    public var updated = 0
    public var deleted = 0
    /// Looked at, and found to be in step: beside `tally.unchanged`, which the listings alone decided.
    public var skipped = 0
    public var failed = 0
    /// Found to differ, or to be deleted, and not looked at: of a run that did not complete. There may be more unless
    /// ``isListed``.
    public var remaining = 0
    /// Both listings came to their end.
    public var isListed = false
    /// Content copied.
    public var bytes: Int64 = 0
    public var proofs = Proofs()
    public var tally = Comparison.Tally()
    /// Only at the destination.
    public var extras = 0
    public var deletes = DeleteGuard.Verdict.notCompared
    /// The first ``failuresKept``.
    public var failures: [ReconcileFailure] = []
    /// What could not travel and what was odd, once per kind.
    public var notes: [String] = []
    /// One a kind.
    public var notKept: [NotKeptCount] = []
    public var ending = Ending.completed

    public init() {}

    /// In step without a write: by the listings alone, or after a look.
    public var unchanged: Int { tally.unchanged + skipped }
}
