import Glibc

/// An open file, closed when the last holder lets go of it. Positional calls only, so any thread may use it.
final class OpenFile: Sendable {
    let descriptor: Int32
    let path: String

    /// - Throws: ``StorageError``; kind `.notFound` when there is no such file.
    init(_ path: String, flags: Int32, mode: mode_t = 0o600) throws(StorageError) {
        let descriptor = open(path, flags | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw StorageError(operation: "open", path: path) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    var size: Int64 {
        get throws(StorageError) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else {
                throw StorageError(operation: "stat", path: path)
            }
            return Int64(status.st_size)
        }
    }

    /// Reads until the buffer is full or the file ends; the number of bytes read.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(StorageError)
        -> Int
    {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset) + done)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw StorageError(operation: "read", path: path)
            }
            done += count
        }
        return done
    }

    func read(_ count: Int, at offset: Int64) throws(StorageError) -> [UInt8] {
        var failure: StorageError?
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(StorageError) {
                initialized = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Appends at the file's own position.
    func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        var done = 0
        while done < bytes.count {
            let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
            if count < 0 {
                if errno == EINTR { continue }
                throw StorageError(operation: "write", path: path)
            }
            done += count
        }
    }

    func write(_ bytes: [UInt8]) throws(StorageError) {
        var failure: StorageError?
        bytes.withUnsafeBytes { buffer in
            do throws(StorageError) { try write(buffer) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    /// The bytes, and the length that tells where they end, are on the disk when this returns.
    func synchronize() throws(StorageError) {
        guard fdatasync(descriptor) == 0 else {
            throw StorageError(operation: "fdatasync", path: path)
        }
    }
}
