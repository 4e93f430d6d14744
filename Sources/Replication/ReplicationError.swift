import S3

/// Why one key could not be converged. `kind` is the only thing code branches on; the message tells
/// what failed, on what, why and what to do.
public struct ReplicationError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, Codable {
        /// The source object lies in an archive class and has not been restored.
        case archived
        /// The source changed under every attempt.
        case changedTooOften
        /// What the destination holds could not be shown to be what the source holds.
        case notProven
        /// A store failed or refused; ``ReplicationError/cause`` says how.
        case store
        /// Larger than the destination can store.
        case tooLarge
        /// The destination holds the content, and would not set its tags.
        case tagsNotStored
        /// The destination does not take this key.
        case keyNotStorable
        /// Nor this one, because with the destination's prefix it has more bytes than S3 allows.
        case keyTooLong
        case cancelled
    }
    public var kind: Kind
    /// Relative to the rule's prefixes.
    public var key: ObjectKey
    public var message: String
    public var cause: S3Error?
    public var description: String { message }

    public init(kind: Kind, key: ObjectKey, message: String, cause: S3Error? = nil) {
        self.kind = kind
        self.key = key
        self.message = message
        self.cause = cause
    }
}
