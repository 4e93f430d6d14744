import Glibc

/// A temporary file without a name: made in a directory of its own (0700) under `TMPDIR` or `/tmp`, both
/// gone from the file system before the first byte is written.
final class SpillFile: Sendable {
    /// Bytes of one run in the file.
    struct Run: Sendable {
        var start: Int
        var end: Int
    }

    /// What is read or written at once.
    static let blockBytes = 32 << 10

    private let descriptor: Int32

    init() throws(ComparisonError) {
        let parent = getenv("TMPDIR").map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
        var template = Array("\(parent ?? "/tmp")/brigade-sort-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Self.failure("cannot make a directory under \(parent ?? "/tmp")")
        }
        defer { rmdir(template) }
        let path = template.dropLast() + "/run".utf8CString
        descriptor = Array(path).withUnsafeBufferPointer {
            open($0.baseAddress!, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        }
        guard descriptor >= 0 else {
            throw Self.failure("cannot make a file under \(parent ?? "/tmp")")
        }
        Array(path).withUnsafeBufferPointer { _ = unlink($0.baseAddress!) }
    }

    deinit { close(descriptor) }

    var byteCount: Int { Int(lseek(descriptor, 0, SEEK_END)) }

    func append(_ bytes: [UInt8]) throws(ComparisonError) -> Run {
        let start = byteCount
        var done = 0
        while done < bytes.count {
            let written = bytes.withUnsafeBytes {
                pwrite(descriptor, $0.baseAddress! + done, bytes.count - done, off_t(start + done))
            }
            if written < 0 {
                if errno == EINTR { continue }
                throw Self.failure("cannot write \(bytes.count) bytes")
            }
            done += written
        }
        return Run(start: start, end: start + done)
    }

    /// Appends up to `count` bytes from `offset` on to the buffer.
    func read(
        _ count: Int, at offset: Int, into buffer: inout [UInt8]
    ) throws(ComparisonError) {
        let filled = buffer.count
        buffer.append(contentsOf: repeatElement(0, count: count))
        var done = 0
        while done < count {
            let received = buffer.withUnsafeMutableBytes {
                pread(
                    descriptor, $0.baseAddress! + filled + done, count - done,
                    off_t(offset + done))
            }
            if received < 0, errno == EINTR { continue }
            guard received > 0 else { throw Self.failure("cannot read back \(count) bytes") }
            done += received
        }
    }

    private static func failure(_ what: String) -> ComparisonError {
        ComparisonError(
            kind: .temporaryStorage,
            message: "\(what) of temporary storage to sort a listing: "
                + "\(String(cString: strerror(errno))). Free some space, or set TMPDIR.")
    }
}
