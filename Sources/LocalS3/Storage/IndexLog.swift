import Glibc

/// The keys that were about to change since an index was last written: `u16 length, key` of each, one after the other;
/// a length of zero ends them.
///
/// Room for the next entries is taken ahead, in zeros, so that objects can be deleted when the disk is full.
struct IndexLog {
    private static let reserveBytes: Int64 = 64 << 10

    private let file: OpenFile
    private var size: Int64 = 0
    private var reserved: Int64 = 0

    /// Begins a new log.
    init(_ path: String) throws(StorageError) {
        file = try OpenFile(path, flags: O_WRONLY | O_CREAT | O_TRUNC)
        reserve()
    }

    mutating func append(_ key: [UInt8]) throws(StorageError) {
        var writer = ByteWriter(capacity: key.count + 2)
        writer.append(UInt16(key.count))
        writer.append(raw: key)
        do throws(StorageError) {
            try file.write(writer.bytes)
        } catch {
            // Half an entry would make nonsense of all that follow.
            guard ftruncate(file.descriptor, off_t(size)) == 0,
                lseek(file.descriptor, off_t(size), SEEK_SET) >= 0
            else { throw StorageError(operation: "truncate", path: file.path) }
            reserved = size
            throw error
        }
        size += Int64(writer.bytes.count)
        if size + Self.reserveBytes / 2 > reserved { reserve() }
    }

    /// Best effort: not every file system can, and one that is full may not.
    private mutating func reserve() {
        if posix_fallocate(file.descriptor, off_t(size), off_t(Self.reserveBytes)) == 0 {
            reserved = size + Self.reserveBytes
        }
    }

    /// The keys of a log that an interrupted process left. What a last entry that is cut was of was never acknowledged.
    static func keys(in path: String) throws(StorageError) -> [[UInt8]] {
        var reader = ByteReader(try Disk.contents(of: path)[...])
        var keys: [[UInt8]] = []
        while let length: UInt16 = reader.integer(), length > 0, let key = reader.raw(Int(length)) {
            keys.append(Array(key))
        }
        return keys
    }
}
