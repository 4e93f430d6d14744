import Glibc

/// What the system refused.
struct SystemFailure: Error, CustomStringConvertible {
    var description: String
    private var code: Int32?

    init(_ path: String, _ code: Int32) {
        description = "\(path): \(String(cString: strerror(code)))"
        self.code = code
    }

    init(message: String) { description = message }

    /// The file system cannot have such a name beside the others: whoever chose the names is to choose again.
    var isAboutName: Bool {
        guard let code else { return false }
        return [EEXIST, ENOTDIR, EISDIR, ENAMETOOLONG, EILSEQ, EINVAL, ELOOP].contains(code)
    }
}
