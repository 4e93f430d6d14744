import Glibc

/// Why the folder could not do what was asked. `kind` is what code branches on.
struct StorageError: Error, Sendable, CustomStringConvertible {
    enum Kind: String, Sendable {
        case notFound, alreadyExists, noSpace, tooManyOpenFiles, corrupt, inUse, failed
        /// A folder with other things in it.
        case notEmpty
        /// Too many notifications wait.
        case queueFull
    }

    let kind: Kind
    /// What was being done: "open", "rename".
    let operation: String
    let path: String
    /// 0 when the system reported no number.
    let code: Int32

    init(_ kind: Kind, operation: String, path: String) {
        self.kind = kind
        self.operation = operation
        self.path = path
        self.code = 0
    }

    /// The error that `errno` tells of, which must be read at once after the failed call.
    init(operation: String, path: String, code: Int32 = errno) {
        switch code {
        case ENOENT, ENOTDIR: kind = .notFound
        case EEXIST, ENOTEMPTY: kind = .alreadyExists
        case ENOSPC, EDQUOT: kind = .noSpace
        case EMFILE, ENFILE: kind = .tooManyOpenFiles
        default: kind = .failed
        }
        self.operation = operation
        self.path = path
        self.code = code
    }

    var description: String {
        if kind == .notEmpty { return "\(path) is not empty, and no folder of a LocalS3" }
        return code == 0
            ? "\(operation) \(path): \(kind.rawValue)"
            : "\(operation) \(path): \(String(cString: strerror(code)))"
    }
}
