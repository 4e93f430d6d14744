import Lambda
import Replication
import S3

/// How a failure of this function is told over a wire: the error's type says its kind, so that whoever called can tell what
/// will pass from what will not.
public enum ReplicateFailure {
    /// "Replication.archived"
    public static func type(_ kind: ReplicationError.Kind) -> String { "Replication.\(kind.rawValue)" }

    /// "Store.accessDenied"
    public static func type(_ kind: S3Error.Kind) -> String { "Store.\(kind.rawValue)" }

    static func telling(_ error: ReplicationError, function: String) -> FunctionError {
        let kind =
            error.kind == .store
            ? error.cause.map { type($0.kind) } ?? type(error.kind) : type(error.kind)
        return FunctionError(
            kind: .failed, function: function, errorType: kind, message: error.message,
            cause: error)
    }
}
