import Lambda
import Replication
import S3

/// One key that was not brought in step, and why.
public struct ReconcileFailure: Error, Codable, Sendable {
    /// Relative to the rule's prefixes.
    public var key: ObjectKey
    /// A `ReplicationError.Kind`, or "function" when the invocation itself failed.
    public var kind: String
    public var message: String
    /// What the store said, where a store was the cause.
    public var store: StoreFailure?

    public init(key: ObjectKey, kind: String, message: String, store: StoreFailure? = nil) {
        self.key = key
        self.kind = kind
        self.message = message
        self.store = store
    }

    init(key: ObjectKey, _ error: any Error) {
        let cause = (error as? FunctionError)?.cause ?? error
        if let replication = cause as? ReplicationError {
            self.init(
                key: key, kind: replication.kind.rawValue, message: replication.message,
                store: replication.cause.map { StoreFailure($0) })
        } else if let store = cause as? S3Error {
            self.init(
                key: key, kind: ReplicationError.Kind.store.rawValue, message: store.message,
                store: StoreFailure(store))
        } else {
            self.init(
                key: key, kind: "function",
                message: (error as? FunctionError)?.message ?? "\(error)")
        }
    }
}
