import Glibc
import Signing

/// The file of one object or part: its bytes first, then its record, then a trailer of 16 bytes that says how
/// long the record is. The bytes come first so that an upload is written as it arrives, digests being known
/// only at its end, and so that a copy can share the file by a hard link.
enum ObjectFile {
    static let trailerBytes = 16
    /// Files up to this are read whole with one call.
    static let smallBytes = 32 << 10
    /// More than a record of 10,000 parts and all sums takes: a length beyond it is damage, and nothing to allocate.
    private static let recordBytesMaximum = 4 << 20
    private static let magic: UInt64 = 0x314A_424F_5F33_5342  // "BS3_OBJ1"

    /// The record and the trailer, to be written after the bytes.
    static func ending(_ record: ObjectRecord) -> [UInt8] {
        let encoded = record.encoded()
        var writer = ByteWriter(capacity: encoded.count + trailerBytes)
        writer.append(raw: encoded)
        writer.append(UInt32(encoded.count))
        writer.append(raw: Checksum.of(encoded, .crc32c))
        writer.append(magic)
        return writer.bytes
    }

    /// Opens a file and reads its record.
    ///
    /// - Throws: ``StorageError``; `.notFound`, or `.corrupt` when the trailer or the record is damaged.
    static func open(_ path: String) throws(StorageError) -> StoredObject {
        let file = try OpenFile(path, flags: O_RDONLY)
        let head = try file.read(smallBytes, at: 0)
        if head.count < smallBytes {
            let (record, start) = try parse(head[...], of: path)
            guard record.segments != nil || record.size == start else {
                throw StorageError(.corrupt, operation: "read", path: path)
            }
            return StoredObject(record: record, file: file, small: head)
        }
        let size = try file.size
        var tailBytes = min(size, 4 << 10)
        while true {
            let tail = try file.read(Int(tailBytes), at: size - tailBytes)
            let needed = try recordBytes(tail[...], of: path) + trailerBytes
            if needed <= tail.count {
                let (record, start) = try parse(tail[...], of: path)
                guard record.segments != nil || record.size == size - tailBytes + Int64(start)
                else { throw StorageError(.corrupt, operation: "read", path: path) }
                return StoredObject(record: record, file: file, small: nil)
            }
            guard needed <= size, needed <= recordBytesMaximum else {
                throw StorageError(.corrupt, operation: "read", path: path)
            }
            tailBytes = Int64(needed)
        }
    }

    private static func recordBytes(_ tail: ArraySlice<UInt8>, of path: String)
        throws(StorageError) -> Int
    {
        var reader = ByteReader(tail.suffix(trailerBytes))
        guard let length: UInt32 = reader.integer(), reader.raw(4) != nil,
            let magic: UInt64 = reader.integer(), magic == Self.magic
        else { throw StorageError(.corrupt, operation: "read", path: path) }
        return Int(length)
    }

    /// The record at the end of `tail`, and where in it the record starts.
    private static func parse(_ tail: ArraySlice<UInt8>, of path: String) throws(StorageError)
        -> (ObjectRecord, Int)
    {
        let length = try recordBytes(tail, of: path)
        let start = tail.count - trailerBytes - length
        guard start >= 0 else { throw StorageError(.corrupt, operation: "read", path: path) }
        let encoded = tail[start..<start + length]
        let sum = tail[start + length + 4..<start + length + 8]
        guard Checksum.of(Array(encoded), .crc32c).elementsEqual(sum),
            let record = ObjectRecord(encoded: encoded)
        else { throw StorageError(.corrupt, operation: "read", path: path) }
        return (record, start)
    }
}

/// An object opened for reading. It stays readable, and the same, when it is replaced or deleted meanwhile.
struct StoredObject: Sendable {
    let record: ObjectRecord
    let file: OpenFile
    /// The whole file, when it is small; then its first `record.size` bytes are the object's.
    let small: [UInt8]?
}
