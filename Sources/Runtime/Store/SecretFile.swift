import Glibc

/// A file of the state folder that its owner alone may read.
enum SecretFile {
    /// - Returns: nil where there is no file.
    /// - Throws: ``StateError`` of kind `.unusable`, also where others may read it; never with the file's text.
    static func read(_ path: String) throws(StateError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw unusable(path)
        }
        defer { close(descriptor) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & 0o077 != 0 {
            throw StateError(
                .unusable,
                "\(path) can be read by others; it should have the mode 0600: chmod 600 \(path)")
        }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw unusable(path) }
        return Array(bytes.prefix(count))
    }

    /// Whole or not at all.
    static func make(_ path: String, _ text: String) throws(StateError) {
        let temporary = "\(path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unusable(path) }
        let bytes = Array(text.utf8)
        let isWritten =
            write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let error = unusable(path)
            unlink(temporary)
            throw error
        }
    }

    static func random(_ count: Int, of alphabet: String) -> String {
        var random = SystemRandomNumberGenerator()
        let letters = Array(alphabet.utf8)
        return String(
            decoding: (0..<count).map { _ in letters.randomElement(using: &random)! },
            as: UTF8.self)
    }

    private static func unusable(_ path: String) -> StateError {
        StateError(.unusable, "cannot use \(path): \(String(cString: strerror(errno)))")
    }
}
