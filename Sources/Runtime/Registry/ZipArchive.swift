import CZlib

/// Reads a zip from memory by its central directory: stored and deflated entries.
///
/// Source: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>
struct ZipArchive {
    struct Entry {
        var name: String
        var isDirectory: Bool
        var isExecutable: Bool
        fileprivate var method: UInt16
        fileprivate var compressedSize: Int
        var size: Int
        fileprivate var checksum: UInt32
        fileprivate var header: Int
    }

    /// Why it is no archive that can be unpacked.
    enum Problem: Error, Equatable {
        case malformed(String)
        /// More than may be unpacked.
        case tooLarge
    }

    private let bytes: [UInt8]
    let entries: [Entry]

    /// - Parameter limit: of the unpacked sizes together, in bytes.
    init(_ bytes: [UInt8], limit: Int) throws(Problem) {
        self.bytes = bytes
        guard bytes.count >= 22 else { throw .malformed("too short") }
        // The end record is followed by a comment of up to 64 KiB.
        var end = bytes.count - 22
        let lowest = max(0, end - 0xffff)
        while end >= lowest, Self.word(bytes, end) != 0x0605_4b50 { end -= 1 }
        guard end >= lowest else { throw .malformed("no end of its directory") }
        let count = Int(Self.half(bytes, end + 10))
        var offset = Int(Self.word(bytes, end + 16))
        guard count != 0xffff, offset != 0xffff_ffff else { throw .malformed("zip64") }
        var entries: [Entry] = []
        var names: Set<String> = []
        var total = 0
        for _ in 0..<count {
            guard offset + 46 <= end, Self.word(bytes, offset) == 0x0201_4b50 else {
                throw .malformed("its directory is damaged")
            }
            let flags = Self.half(bytes, offset + 8)
            guard flags & 1 == 0 else { throw .malformed("encrypted") }
            let nameLength = Int(Self.half(bytes, offset + 28))
            let rest = Int(Self.half(bytes, offset + 30)) + Int(Self.half(bytes, offset + 32))
            guard offset + 46 + nameLength + rest <= end else {
                throw .malformed("its directory is damaged")
            }
            guard
                let name = String(
                    validating: bytes[(offset + 46)..<(offset + 46 + nameLength)], as: UTF8.self)
            else { throw .malformed("a name is not UTF-8") }
            // The upper half of the external attributes is the Unix mode, from Unix systems.
            let mode = Self.word(bytes, offset + 38) >> 16
            let kind = mode & 0o170000
            guard kind == 0 || kind == 0o100000 || kind == 0o040000 else {
                throw .malformed("\(name) is a link or a device")
            }
            let entry = Entry(
                name: name, isDirectory: name.hasSuffix("/"), isExecutable: mode & 0o111 != 0,
                method: Self.half(bytes, offset + 10),
                compressedSize: Int(Self.word(bytes, offset + 20)),
                size: Int(Self.word(bytes, offset + 24)),
                checksum: Self.word(bytes, offset + 16), header: Int(Self.word(bytes, offset + 42)))
            try Self.check(entry)
            guard names.insert(name).inserted else { throw .malformed("\(name) is there twice") }
            total += entry.size
            guard total <= limit else { throw .tooLarge }
            entries.append(entry)
            offset += 46 + nameLength + rest
        }
        self.entries = entries
    }

    private static func check(_ entry: Entry) throws(Problem) {
        let segments = entry.name.split(separator: "/", omittingEmptySubsequences: false)
        let isPlain =
            !entry.name.isEmpty && !entry.name.hasPrefix("/")
            && !segments.contains("..") && !entry.name.utf8.contains(0)
            && !entry.name.utf8.contains(UInt8(ascii: "\\"))
        guard isPlain else { throw .malformed("\(entry.name) leads out of the package") }
        guard entry.method == 0 || entry.method == 8 else {
            throw .malformed("\(entry.name) is compressed by a method that is not deflate")
        }
        guard entry.compressedSize != 0xffff_ffff, entry.size != 0xffff_ffff else {
            throw .malformed("zip64")
        }
    }

    /// An entry's content, its length and checksum proven: never more than it says of itself.
    func content(of entry: Entry) throws(Problem) -> [UInt8] {
        let header = entry.header
        guard header + 30 <= bytes.count, Self.word(bytes, header) == 0x0403_4b50 else {
            throw .malformed("\(entry.name) is damaged")
        }
        let start =
            header + 30 + Int(Self.half(bytes, header + 26)) + Int(Self.half(bytes, header + 28))
        guard start + entry.compressedSize <= bytes.count else {
            throw .malformed("\(entry.name) is cut off")
        }
        let content: [UInt8]
        if entry.method == 0 {
            content = Array(bytes[start..<(start + entry.compressedSize)])
        } else {
            content = try inflated(entry, from: start)
        }
        let sum = content.withUnsafeBytes {
            CZlib.crc32(0, $0.bindMemory(to: UInt8.self).baseAddress, UInt32($0.count))
        }
        guard content.count == entry.size, UInt32(truncatingIfNeeded: sum) == entry.checksum else {
            throw .malformed("\(entry.name) is damaged")
        }
        return content
    }

    private func inflated(_ entry: Entry, from start: Int) throws(Problem) -> [UInt8] {
        var stream = z_stream()
        guard brigade_inflate_begin(&stream) == Z_OK else { throw .malformed("no memory") }
        defer { inflateEnd(&stream) }
        var input = Array(bytes[start..<(start + entry.compressedSize)])
        // One byte more than it says shows that there is more.
        var output = [UInt8](repeating: 0, count: entry.size + 1)
        let (code, written) = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                let code = inflate(&stream, Z_FINISH)
                return (code, output.count - Int(stream.avail_out))
            }
        }
        guard code == Z_STREAM_END, written == entry.size else {
            throw .malformed("\(entry.name) is damaged")
        }
        output.removeLast(output.count - written)
        return output
    }

    private static func half(_ bytes: [UInt8], _ at: Int) -> UInt16 {
        UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8
    }

    private static func word(_ bytes: [UInt8], _ at: Int) -> UInt32 {
        UInt32(half(bytes, at)) | UInt32(half(bytes, at + 2)) << 16
    }
}
