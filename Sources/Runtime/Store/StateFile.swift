import Glibc

enum StateFile {
    /// Makes the file, readable by its owner alone, before SQLite would make it with the process's mask.
    ///
    /// - Throws: ``StateError`` of kind `.unusable`.
    static func make(_ path: String) throws(StateError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StateError(
                .unusable,
                "cannot use the state file \(path): \(String(cString: strerror(errno)))")
        }
        close(descriptor)
    }
}
