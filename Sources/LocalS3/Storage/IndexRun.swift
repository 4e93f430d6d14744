import Glibc
import Signing

/// An immutable sorted file of index entries: blocks of entries, then the table of blocks, then a trailer.
/// Only the table of blocks (one key for each ``blockBytes``) is held in memory; blocks are read when asked for,
/// not mapped, so that they do not count as resident.
final class IndexRun: Sendable {
    static let blockBytes = 16 << 10
    static let trailerBytes = 32
    private static let magic: UInt64 = 0x314E_5552_5F33_5342  // "BS3_RUN1"

    let number: Int
    let path: String
    let entryCount: Int
    private let file: OpenFile
    private let blockOffsets: [UInt64]
    private let firstKeys: [[UInt8]]

    var blockCount: Int { firstKeys.count }

    /// - Throws: ``StorageError`` with kind `.corrupt` when the file is damaged.
    init(path: String, number: Int) throws(StorageError) {
        self.path = path
        self.number = number
        file = try OpenFile(path, flags: O_RDONLY)
        let size = try file.size
        let corrupt = StorageError(.corrupt, operation: "read", path: path)
        guard size >= Self.trailerBytes else { throw corrupt }
        let end = try file.read(Self.trailerBytes, at: size - Int64(Self.trailerBytes))
        var reader = ByteReader(end[...])
        guard let tableOffset: UInt64 = reader.integer(), let count: UInt64 = reader.integer(),
            let sum = reader.raw(4), let blocks: UInt32 = reader.integer(),
            let magic: UInt64 = reader.integer(), magic == Self.magic,
            tableOffset <= UInt64(size) - UInt64(Self.trailerBytes)
        else { throw corrupt }
        let table = try file.read(
            Int(size) - Self.trailerBytes - Int(tableOffset), at: Int64(tableOffset))
        guard Checksum.of(table, .crc32c).elementsEqual(sum) else { throw corrupt }
        var offsets: [UInt64] = []
        var keys: [[UInt8]] = []
        reader = ByteReader(table[...])
        for _ in 0..<blocks {
            guard let offset: UInt64 = reader.integer(), let key = reader.prefixed() else {
                throw corrupt
            }
            offsets.append(offset)
            keys.append(Array(key))
        }
        // The number of blocks is in no sum.
        guard reader.isAtEnd else { throw corrupt }
        offsets.append(tableOffset)
        blockOffsets = offsets
        firstKeys = keys
        entryCount = Int(count)
    }

    /// The block in which `key` is or would be.
    func block(of key: [UInt8]) -> Int {
        var low = 0
        var high = firstKeys.count
        while low < high {
            let middle = (low + high) / 2
            if KeyOrder.isLess(key, firstKeys[middle]) { high = middle } else { low = middle + 1 }
        }
        return max(0, low - 1)
    }

    /// The bytes of a block: entries one after the other, each `u16 length, key, entry`; its CRC-32C checked.
    func read(block: Int) throws(StorageError) -> [UInt8] {
        let offset = blockOffsets[block]
        let bytes = try file.read(Int(blockOffsets[block + 1] - offset), at: Int64(offset))
        guard bytes.count > 4,
            Checksum.of(Array(bytes[4...]), .crc32c).elementsEqual(bytes[..<4])
        else { throw StorageError(.corrupt, operation: "read", path: path) }
        return bytes
    }

    /// Reads all of it once.
    ///
    /// - Throws: ``StorageError`` with kind `.corrupt`.
    func check() throws(StorageError) {
        for block in 0..<blockCount { _ = try read(block: block) }
    }

    /// Writes a run from entries in order and opens it. The file has its name only when it is whole and durable.
    static func write(
        _ cursor: MergedCursor, to path: String, number: Int
    ) throws(StorageError) -> IndexRun {
        let temporary = path + ".new"
        let output = try OpenFile(temporary, flags: O_WRONLY | O_CREAT | O_TRUNC)
        var table = ByteWriter(capacity: 64 << 10)
        var block = ByteWriter(capacity: blockBytes + 2 << 10)
        var blocks: UInt32 = 0
        var count: UInt64 = 0
        var offset: UInt64 = 0
        func endBlock() throws(StorageError) {
            guard !block.bytes.isEmpty else { return }
            try output.write(Checksum.of(block.bytes, .crc32c))
            try output.write(block.bytes)
            offset += UInt64(block.bytes.count) + 4
            block = ByteWriter(capacity: blockBytes + 2 << 10)
        }
        while let item = try cursor.next() {
            if block.bytes.isEmpty {
                table.append(offset)
                table.append(item.key)
                blocks += 1
            }
            block.append(UInt16(item.key.count))
            block.append(raw: item.key)
            item.entry.encode(into: &block)
            count += 1
            if block.bytes.count >= blockBytes { try endBlock() }
        }
        try endBlock()
        var trailer = ByteWriter()
        trailer.append(offset)
        trailer.append(count)
        trailer.append(raw: Checksum.of(table.bytes, .crc32c))
        trailer.append(blocks)
        trailer.append(magic)
        try output.write(table.bytes)
        try output.write(trailer.bytes)
        try output.synchronize()
        try Disk.rename(temporary, to: path)
        return try IndexRun(path: path, number: number)
    }
}
