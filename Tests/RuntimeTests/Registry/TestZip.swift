import Signing

/// A zip of stored entries, as whole or as damaged as a test wants it.
struct TestZip {
    struct Entry {
        var name: String
        var content: [UInt8] = Array("x".utf8)
        var method: UInt16 = 0
        var flags: UInt16 = 0
        var mode: UInt32 = 0o100644
    }

    var entries: [Entry]
    /// As its end record says; nil: as it is.
    var count: Int?
    /// Bytes cut off the end of the directory.
    var cut = 0

    init(_ entries: [Entry]) { self.entries = entries }
    init(_ entries: Entry...) { self.entries = entries }

    /// Files of these names.
    init(_ names: String...) { entries = names.map { Entry(name: $0) } }

    /// What differs is another package.
    static func package(_ text: String) -> [UInt8] {
        TestZip(Entry(name: "app.py", content: Array(text.utf8))).bytes
    }

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        var directory: [UInt8] = []
        for entry in entries {
            let header = UInt32(bytes.count)
            let name = Array(entry.name.utf8)
            let sum = Array(Checksum.of(entry.content, .crc32).reversed())
            let size = Self.word(UInt32(entry.content.count))
            let common =
                Self.half(entry.flags) + Self.half(entry.method) + Self.word(0) + sum + size + size
                + Self.half(UInt16(name.count)) + Self.half(0)
            bytes += Self.word(0x0403_4b50) + Self.half(20) + common + name + entry.content
            directory += Self.word(0x0201_4b50) + Self.half(0x0314) + Self.half(20) + common
            directory += Self.half(0) + Self.half(0) + Self.half(0) + Self.word(entry.mode << 16)
            directory += Self.word(header) + name
        }
        let offset = bytes.count
        bytes += directory.dropLast(cut)
        let said = UInt16(count ?? entries.count)
        bytes += Self.word(0x0605_4b50) + Self.half(0) + Self.half(0) + Self.half(said)
        bytes += Self.half(said) + Self.word(UInt32(directory.count)) + Self.word(UInt32(offset))
        return bytes + Self.half(0)
    }

    private static func half(_ value: UInt16) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value), UInt8(value >> 8)]
    }

    private static func word(_ value: UInt32) -> [UInt8] {
        half(UInt16(truncatingIfNeeded: value)) + half(UInt16(value >> 16))
    }
}
