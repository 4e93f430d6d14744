import Glibc
import Signing
import Synchronization

/// The bytes of an object on their way in: kept in memory while they are few, in a temporary file beyond that.
/// One connection owns it. What is not committed leaves nothing behind.
final class ObjectUpload {
    /// Bodies up to this are written with their record in one call.
    static let memoryBytesMaximum = 128 << 10
    /// All bodies in memory together; those that come then go to files at once.
    static let memoryTogetherMaximum = 32 << 20
    private static let memoryTogether = Atomic<Int>(0)

    private let directory: String
    /// What this one may keep in memory.
    private let memoryBytes: Int
    private var buffer: [UInt8] = []
    private var file: TemporaryFile?
    private var sums = BlockSums()
    private(set) var size: Int64 = 0

    init(directory: String, expectedBytes: Int) {
        self.directory = directory
        let wanted = expectedBytes > 0 ? expectedBytes : Self.memoryBytesMaximum
        let bytes = min(wanted, Self.memoryBytesMaximum)
        let all = Self.memoryTogether.add(bytes, ordering: .relaxed).newValue
        memoryBytes = all <= Self.memoryTogetherMaximum ? bytes : 0
        if memoryBytes == 0 { Self.memoryTogether.subtract(bytes, ordering: .relaxed) }
        buffer.reserveCapacity(min(expectedBytes, memoryBytes))
    }

    deinit { Self.memoryTogether.subtract(memoryBytes, ordering: .relaxed) }

    func write(_ bytes: UnsafeRawBufferPointer) throws(StorageError) {
        size += Int64(bytes.count)
        sums.update(bytes)
        if let file {
            try file.file.write(bytes)
            return
        }
        if buffer.count + bytes.count <= memoryBytes {
            buffer.append(contentsOf: bytes)
            return
        }
        let file = try TemporaryFile(in: directory)
        try file.file.write(buffer)
        try file.file.write(bytes)
        self.file = file
        buffer = []
    }

    /// The whole body. Nothing may be written after this.
    func finish() -> StagedBody {
        var ended = BlockSums()
        swap(&ended, &sums)
        return StagedBody(size: size, memory: buffer, file: file, sums: ended.finish())
    }
}

/// A body that is complete and not yet part of any object.
struct StagedBody: Sendable {
    let size: Int64
    /// The bytes, when there is no file.
    let memory: [UInt8]
    let file: TemporaryFile?
    /// Of the blocks of the bytes, for ``DataFile``.
    let sums: [UInt8]

    static let empty = StagedBody(size: 0, memory: [], file: nil, sums: [])

    /// Adds the record, and makes all of it durable when asked to; the file is then ready to be renamed.
    func seal(_ record: ObjectRecord, in directory: String, durable: Bool) throws(StorageError)
        -> TemporaryFile
    {
        var record = record
        record.sums = sums
        let ending = ObjectFile.ending(record)
        let sealed: TemporaryFile
        if let file {
            sealed = file
            try sealed.file.write(ending)
        } else {
            sealed = try TemporaryFile(in: directory)
            try sealed.file.write(memory + ending)
        }
        if durable { try sealed.file.synchronize() }
        return sealed
    }
}

/// A file in a bucket's `tmp`, removed with its last holder unless it was moved into place.
final class TemporaryFile: Sendable {
    /// Makes names: one process has the folder, and it has emptied `tmp` at its start.
    private static let count = Atomic<UInt64>(0)

    let file: OpenFile
    private let isMoved = Atomic<Bool>(false)

    init(in directory: String) throws(StorageError) {
        let number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
        file = try OpenFile("\(directory)/\(number)", flags: O_RDWR | O_CREAT | O_EXCL)
    }

    /// Moves it over `target`.
    func move(to target: String) throws(StorageError) {
        try Disk.rename(file.path, to: target)
        isMoved.store(true, ordering: .relaxed)
    }

    deinit { if !isMoved.load(ordering: .relaxed) { unlink(file.path) } }
}
