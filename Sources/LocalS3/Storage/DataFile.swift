import Glibc
import Signing

/// The bytes in the file of one object or part. What is read of them is checked against the sums that were taken when
/// they came in, block by block: a flipped bit is an error and never handed on.
struct DataFile: Sendable {
    /// A sum is of so many bytes; that of the last block is of what is left.
    static let blockBytes: Int64 = 256 << 10
    /// CRC-32C, big-endian.
    static let sumBytes = 4

    let file: OpenFile
    /// Of the object's bytes, which are the file's first.
    let size: Int64
    /// One after the other. Empty in a file of the time before there were sums: it is read as it is.
    let sums: [UInt8]

    init(_ object: StoredObject) {
        file = object.file
        size = object.record.segments == nil ? object.record.size : 0
        sums = object.record.sums
    }

    /// The whole blocks in which a range of bytes lies.
    private func blocks(of range: Range<Int64>) -> Range<Int64> {
        range.lowerBound / Self.blockBytes..<(range.upperBound + Self.blockBytes - 1)
            / Self.blockBytes
    }

    /// Reads the blocks of a range one by one and hands on what lies in the range.
    ///
    /// - Throws: ``StorageError`` `.corrupt` when a block is not what came in, or is not there.
    func forEachBlock(of range: Range<Int64>, _ body: (UnsafeRawBufferPointer) throws -> Void)
        throws
    {
        guard range.upperBound <= size else {
            throw StorageError(.corrupt, operation: "read", path: file.path)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(Self.blockBytes, size)), alignment: 16)
        defer { buffer.deallocate() }
        for number in range.isEmpty ? 0..<0 : blocks(of: range) {
            let start = number * Self.blockBytes
            let count = Int(min(Self.blockBytes, size - start))
            let block = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            guard try file.read(into: block, at: start) == count,
                isRight(UnsafeRawBufferPointer(block), number: Int(number))
            else { throw StorageError(.corrupt, operation: "read", path: file.path) }
            let lower = Int(max(range.lowerBound - start, 0))
            let upper = Int(min(range.upperBound - start, Int64(count)))
            try body(UnsafeRawBufferPointer(rebasing: block[lower..<upper]))
        }
    }

    func isRight(_ block: UnsafeRawBufferPointer, number: Int) -> Bool {
        guard !sums.isEmpty else { return true }
        let place = number * Self.sumBytes
        guard place + Self.sumBytes <= sums.count else { return false }
        return Checksum.of(block, .crc32c).elementsEqual(sums[place..<place + Self.sumBytes])
    }
}

/// Takes the sums of a file's blocks while its bytes come in, in pieces of any size.
struct BlockSums: ~Copyable {
    private var sums: [UInt8] = []
    private var sum = Checksum(.crc32c)
    private var left = Int(DataFile.blockBytes)

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(left))
            sum.update(part)
            left -= part.count
            rest = UnsafeRawBufferPointer(rebasing: rest[part.count...])
            if left == 0 { endBlock() }
        }
    }

    consuming func finish() -> [UInt8] {
        if left < DataFile.blockBytes { endBlock() }
        return sums
    }

    private mutating func endBlock() {
        var ended = Checksum(.crc32c)
        swap(&ended, &sum)
        sums.append(contentsOf: ended.finalize())
        left = Int(DataFile.blockBytes)
    }
}
