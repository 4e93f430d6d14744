import Glibc
import S3

/// One listed object as bytes in a run, in the machine's own byte order: a run never leaves it.
///
/// `count, keyCount, eTagCount, classCount: UInt32; size, lastModified: Int64; key; eTag; class`.
/// `classCount` is `UInt32.max` without a storage class.
enum SortRecord {
    static let headerBytes = 32

    static func append(_ object: ListedObject, to bytes: inout [UInt8]) {
        let eTag = object.eTag.value.utf8
        let storageClass = object.storageClass?.utf8
        let count = headerBytes + object.key.bytes.count + eTag.count + (storageClass?.count ?? 0)
        func put<Value: FixedWidthInteger>(_ value: Value) {
            withUnsafeBytes(of: value) { bytes.append(contentsOf: $0) }
        }
        put(UInt32(count))
        put(UInt32(object.key.bytes.count))
        put(UInt32(eTag.count))
        put(storageClass.map { UInt32($0.count) } ?? UInt32.max)
        put(object.size)
        put(object.lastModified)
        bytes.append(contentsOf: object.key.bytes)
        bytes.append(contentsOf: eTag)
        if let storageClass { bytes.append(contentsOf: storageClass) }
    }

    static func count(_ record: UnsafeRawBufferPointer) -> Int {
        Int(record.loadUnaligned(fromByteOffset: 0, as: UInt32.self))
    }

    static func key(_ record: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let count = Int(record.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        return UnsafeRawBufferPointer(rebasing: record[headerBytes..<headerBytes + count])
    }

    static func compareKeys(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Int {
        let left = key(a)
        let right = key(b)
        let common = min(left.count, right.count)
        if common > 0 {
            let order = memcmp(left.baseAddress!, right.baseAddress!, common)
            if order != 0 { return Int(order) }
        }
        return left.count - right.count
    }

    static func decode(_ record: UnsafeRawBufferPointer) -> ListedObject {
        let keyCount = Int(record.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
        let eTagCount = Int(record.loadUnaligned(fromByteOffset: 8, as: UInt32.self))
        let classCount = record.loadUnaligned(fromByteOffset: 12, as: UInt32.self)
        let eTagStart = headerBytes + keyCount
        let classStart = eTagStart + eTagCount
        return ListedObject(
            key: ObjectKey(Array(record[headerBytes..<eTagStart])),
            size: record.loadUnaligned(fromByteOffset: 16, as: Int64.self),
            eTag: ETag(String(decoding: record[eTagStart..<classStart], as: UTF8.self)),
            lastModified: record.loadUnaligned(fromByteOffset: 24, as: Int64.self),
            storageClass: classCount == .max
                ? nil
                : String(
                    decoding: record[classStart..<classStart + Int(classCount)], as: UTF8.self))
    }
}

/// The records of the run being collected.
struct RunBuffer {
    private var bytes: [UInt8] = []
    private var starts: [Int] = []

    var isEmpty: Bool { starts.isEmpty }
    /// What it holds in memory.
    var byteCount: Int { bytes.count + starts.count * MemoryLayout<Int>.stride }

    mutating func append(_ object: ListedObject) {
        starts.append(bytes.count)
        SortRecord.append(object, to: &bytes)
    }

    /// The records in key order, those with equal keys in the order they came; the buffer is then empty.
    mutating func takeSorted() -> [UInt8] {
        var sorted: [UInt8] = []
        sorted.reserveCapacity(bytes.count)
        bytes.withUnsafeBytes { bytes in
            func record(_ start: Int) -> UnsafeRawBufferPointer {
                UnsafeRawBufferPointer(rebasing: bytes[start...])
            }
            starts.sort { a, b in
                let order = SortRecord.compareKeys(record(a), record(b))
                return order == 0 ? a < b : order < 0
            }
            for start in starts {
                sorted.append(contentsOf: bytes[start..<start + SortRecord.count(record(start))])
            }
        }
        bytes.removeAll(keepingCapacity: true)
        starts.removeAll(keepingCapacity: true)
        return sorted
    }
}
