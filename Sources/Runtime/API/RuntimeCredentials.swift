import Glibc
import Signing

/// The key pair of the runtime's own API: an AWS shared credentials file with the profile `brigade`, so that AWS's clients
/// take it as it is. Made at the first start, readable by its owner alone.
///
/// Source of the format: <https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html>
public enum RuntimeCredentials {
    static let profile = "brigade"

    /// - Throws: ``StateError`` of kind `.unusable`, which never shows the file's text.
    public static func load(path: String) throws(StateError) -> Credentials {
        guard let bytes = try read(path) else { return try make(path) }
        // Told below.
        guard let document = try? INIDocument(String(decoding: bytes, as: UTF8.self)),
            let values = document.sections.first(where: { $0.name == profile })?.values,
            let key = values["aws_access_key_id"], let secret = values["aws_secret_access_key"],
            !key.isEmpty, !secret.isEmpty
        else {
            throw StateError(
                .unusable,
                "\(path) has no key pair in a section [\(profile)]; move it away for a new one")
        }
        return Credentials(accessKeyID: key, secretAccessKey: secret)
    }

    private static func make(_ path: String) throws(StateError) -> Credentials {
        var random = SystemRandomNumberGenerator()
        func text(_ count: Int, _ alphabet: String) -> String {
            let letters = Array(alphabet.utf8)
            return String(
                decoding: (0..<count).map { _ in letters.randomElement(using: &random)! },
                as: UTF8.self)
        }
        let upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
        let key = "BRIGADE" + text(13, upper)
        let secret = text(40, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        let document =
            "[\(profile)]\naws_access_key_id = \(key)\naws_secret_access_key = \(secret)\n"
        let temporary = "\(path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unusable(path) }
        let bytes = Array(document.utf8)
        let isWritten =
            write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            let error = unusable(path)
            unlink(temporary)
            throw error
        }
        return Credentials(accessKeyID: key, secretAccessKey: secret)
    }

    /// nil where there is no file.
    private static func read(_ path: String) throws(StateError) -> [UInt8]? {
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

    private static func unusable(_ path: String) -> StateError {
        StateError(.unusable, "cannot use \(path): \(String(cString: strerror(errno)))")
    }
}
