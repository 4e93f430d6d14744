import Glibc

/// Held by the one process that drains a state folder's queue. The system lets go of it when the process ends, however.
public final class DrainLock: Sendable {
    private let descriptor: Int32

    /// - Throws: ``StateError``: `.inUse` when another process holds it, with that process's id.
    public init(folder: String) throws(StateError) {
        let path = folder + "/up.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StateError(
                .unusable, "cannot use \(path): \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = pread(descriptor, &bytes, bytes.count, 0)
            let holder = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
            close(descriptor)
            throw StateError(
                .inUse,
                "another `brigade up` (process \(holder.isEmpty ? "unknown" : holder)) already runs on the state folder \(folder)"
            )
        }
        let identifier = Array("\(getpid())".utf8)
        ftruncate(descriptor, 0)
        pwrite(descriptor, identifier, identifier.count, 0)
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }
}
