import Glibc

/// What a listing says of a key. 40 bytes on disk.
struct IndexEntry: Sendable, Equatable {
    /// Bits of `flags`: the entry says that the key is gone.
    static let deletedFlag: UInt8 = 1
    /// The entry is of a delete marker: only in the index of versions.
    static let deleteMarkerFlag: UInt8 = 2
    static let encodedBytes = 40

    var size: Int64
    var modifiedMilliseconds: Int64
    var etag: ETag
    var storageClass: StorageClass
    /// 0 for none, else 1 + the algorithm's code; plus 128 when composite.
    var checksum: UInt8
    var flags: UInt8

    init(_ record: ObjectRecord) {
        size = record.size
        modifiedMilliseconds = record.modifiedMilliseconds
        etag = record.etag
        storageClass = record.storageClass
        checksum =
            record.checksum.map {
                ChecksumCode.code(of: $0.algorithm) + 1 + ($0.isComposite ? 128 : 0)
            } ?? 0
        flags = record.isDeleteMarker ? Self.deleteMarkerFlag : 0
    }

    /// The entry that hides a key in older runs.
    static let deleted: IndexEntry = {
        var entry = IndexEntry(ObjectRecord(key: []))
        entry.flags = deletedFlag
        return entry
    }()

    var isDeleted: Bool { flags & Self.deletedFlag != 0 }
    var isDeleteMarker: Bool { flags & Self.deleteMarkerFlag != 0 }

    func encode(into writer: inout ByteWriter) {
        writer.append(size)
        writer.append(modifiedMilliseconds)
        etag.encode(into: &writer)
        writer.append(storageClass.rawValue)
        writer.append(checksum)
        writer.append(flags)
        writer.append(UInt8(0))
    }

    init?(from reader: inout ByteReader) {
        guard let size: Int64 = reader.integer(), let modified: Int64 = reader.integer(),
            let etag = ETag(from: &reader), let storage: UInt8 = reader.integer(),
            let storageClass = StorageClass(rawValue: storage),
            let checksum: UInt8 = reader.integer(), let flags: UInt8 = reader.integer(),
            reader.raw(1) != nil
        else { return nil }
        self.size = size
        modifiedMilliseconds = modified
        self.etag = etag
        self.storageClass = storageClass
        self.checksum = checksum
        self.flags = flags
    }
}

/// UTF-8 binary order: bytes as unsigned numbers, a prefix before what it begins.
enum KeyOrder {
    static func isLess(_ left: [UInt8], _ right: [UInt8]) -> Bool { compare(left, right) < 0 }

    static func compare(_ left: [UInt8], _ right: [UInt8]) -> Int {
        left.withUnsafeBytes { left in right.withUnsafeBytes { compare(left, $0) } }
    }

    static func compare(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Int {
        let common = min(left.count, right.count)
        if common > 0 {
            let order = memcmp(left.baseAddress!, right.baseAddress!, common)
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }

    /// The least key that is greater than every key beginning with `prefix`; nil when there is none.
    static func successor(ofPrefix prefix: [UInt8]) -> [UInt8]? {
        var key = prefix
        while let last = key.last {
            if last < 255 {
                key[key.count - 1] = last + 1
                return key
            }
            key.removeLast()
        }
        return nil
    }
}
