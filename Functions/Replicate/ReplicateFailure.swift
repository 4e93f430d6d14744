import Lambda
import Replication
import S3

/// How a failure of this function is told over a wire: the error's type says its kind, so that whoever called can tell what
/// will pass from what will not.
public enum ReplicateFailure {
    /// "Replication.archived"
    public static func type(_ kind: ReplicationError.Kind) -> String {
        "Replication.\(kind.rawValue)"
    }

    /// "Store.accessDenied"
    public static func type(_ kind: S3Error.Kind) -> String { "Store.\(kind.rawValue)" }

    /// Types of what time alone does not mend.
    public static let lasting: Set<String> = {
        let kinds: [ReplicationError.Kind] = [
            .archived, .tooLarge, .tagsNotStored, .keyNotStorable, .keyTooLong, .notProven,
        ]
        let stores: [S3Error.Kind] = [
            .accessDenied, .archived, .tooLarge, .notSupported, .invalidRequest,
        ]
        return Set(kinds.map { type($0) } + stores.map { type($0) })
    }()

    static func isLasting(_ error: any Error) -> Bool {
        (error as? ReplicationError).map { lasting.contains(type(of: $0)) } ?? false
    }

    private static func type(of error: ReplicationError) -> String {
        error.kind == .store
            ? error.cause.map { type($0.kind) } ?? type(error.kind) : type(error.kind)
    }

    static func telling(_ error: ReplicationError, function: String) -> FunctionError {
        return FunctionError(
            kind: .failed, function: function, errorType: type(of: error), message: error.message,
            cause: error)
    }
}
