/// Why the state file cannot be used. `kind` is the only thing code branches on.
public struct StateError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// It cannot be opened, written or read, or it is damaged.
        case unusable
        /// A later release has changed its tables.
        case newer
        /// Another process drains its queue.
        case inUse
    }

    public var kind: Kind
    public var message: String
    public var cause: (any Error)?

    public init(_ kind: Kind, _ message: String, cause: (any Error)? = nil) {
        self.kind = kind
        self.message = message
        self.cause = cause
    }

    public var description: String { message }
}
