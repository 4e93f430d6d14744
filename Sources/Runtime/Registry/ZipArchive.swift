import CZlib

/// Reads a zip from memory by its central directory: stored and deflated entries.
///
/// Source: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>
struct ZipArchive {
    struct Entry {
        /// Of the package's folder: without "." and empty segments, and not also the name of something else.
        var path: String
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
        let directoryEnd = offset + Int(Self.word(bytes, end + 12))
        guard count != 0xffff, offset != 0xffff_ffff else { throw .malformed("zip64") }
        guard Self.word(bytes, end + 4) == 0, Int(Self.half(bytes, end + 8)) == count else {
            throw .malformed("it is a part of an archive")
        }
        guard directoryEnd <= end else { throw .malformed("its directory is damaged") }
        var entries: [Entry] = []
        var paths = Paths()
        var total = 0
        for _ in 0..<count {
            let (entry, length) = try Self.entry(bytes, at: offset, end: directoryEnd)
            offset += length
            total += entry.size
            guard total <= limit else { throw .tooLarge }
            if try paths.add(entry) { entries.append(entry) }
        }
        guard offset == directoryEnd else { throw .malformed("its directory is damaged") }
        self.entries = entries
    }

    /// One entry of the central directory, and how long it is there.
    private static func entry(
        _ bytes: [UInt8], at offset: Int, end: Int
    ) throws(Problem) -> (Entry, length: Int) {
        guard offset + 46 <= end, word(bytes, offset) == 0x0201_4b50 else {
            throw .malformed("its directory is damaged")
        }
        let nameEnd = offset + 46 + Int(half(bytes, offset + 28))
        let entryEnd = nameEnd + Int(half(bytes, offset + 30)) + Int(half(bytes, offset + 32))
        guard entryEnd <= end else { throw .malformed("its directory is damaged") }
        guard let name = String(validating: bytes[(offset + 46)..<nameEnd], as: UTF8.self) else {
            throw .malformed("a name is not UTF-8")
        }
        // Bits 0, 6 and 13: encrypted, strongly encrypted, an encrypted directory.
        guard half(bytes, offset + 8) & 0x2041 == 0 else {
            throw .malformed("\(name) is encrypted")
        }
        // The upper half of the external attributes is the Unix mode, from Unix systems.
        let mode = word(bytes, offset + 38) >> 16
        let kind = mode & 0o170000
        guard kind == 0 || kind == 0o100000 || kind == 0o040000 else {
            throw .malformed("\(name) is a link or a device")
        }
        let entry = Entry(
            path: try path(of: name), isDirectory: name.hasSuffix("/"),
            isExecutable: mode & 0o111 != 0, method: half(bytes, offset + 10),
            compressedSize: Int(word(bytes, offset + 20)), size: Int(word(bytes, offset + 24)),
            checksum: word(bytes, offset + 16), header: Int(word(bytes, offset + 42)))
        guard entry.method == 0 || entry.method == 8 else {
            throw .malformed("\(name) is compressed by a method that is not deflate")
        }
        guard entry.compressedSize != 0xffff_ffff, entry.size != 0xffff_ffff else {
            throw .malformed("zip64")
        }
        return (entry, entryEnd - offset)
    }

    /// The longest name of a file, and of a path in the package, in bytes: what file systems have, with room for the folder.
    private static let segmentMaximum = 255
    private static let pathMaximum = 3072

    private static func path(of name: String) throws(Problem) -> String {
        let segments = name.split(separator: "/").filter { $0 != "." }
        let isPlain =
            !name.isEmpty && !name.hasPrefix("/") && !segments.contains("..")
            && !name.utf8.contains(0) && !name.utf8.contains(UInt8(ascii: "\\"))
        guard isPlain else { throw .malformed("\(name) leads out of the package") }
        let path = segments.joined(separator: "/")
        guard path.utf8.count <= pathMaximum,
            segments.allSatisfy({ $0.utf8.count <= segmentMaximum })
        else { throw .malformed("a name is too long") }
        return path
    }

    /// The paths so far: each is one file, or a folder.
    private struct Paths {
        private var files: Set<String> = []
        private var folders: Set<String> = [""]

        /// - Returns: whether there is something to unpack: a folder may be there already.
        mutating func add(_ entry: Entry) throws(Problem) -> Bool {
            var parent = entry.path[...]
            while let slash = parent.lastIndex(of: "/") {
                parent = parent[..<slash]
                let folder = String(parent)
                guard !files.contains(folder) else {
                    throw .malformed("\(folder) is a file and a folder")
                }
                guard folders.insert(folder).inserted else { break }
            }
            if entry.isDirectory {
                guard !files.contains(entry.path) else {
                    throw .malformed("\(entry.path) is a file and a folder")
                }
                return folders.insert(entry.path).inserted
            }
            guard !folders.contains(entry.path), files.insert(entry.path).inserted else {
                throw .malformed("\(entry.path) is there twice")
            }
            return true
        }
    }

    /// An entry's content, its length and checksum proven: never more than it says of itself.
    func content(of entry: Entry) throws(Problem) -> [UInt8] {
        let header = entry.header
        guard header + 30 <= bytes.count, Self.word(bytes, header) == 0x0403_4b50 else {
            throw .malformed("\(entry.path) is damaged")
        }
        let start =
            header + 30 + Int(Self.half(bytes, header + 26)) + Int(Self.half(bytes, header + 28))
        guard start + entry.compressedSize <= bytes.count else {
            throw .malformed("\(entry.path) is cut off")
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
            throw .malformed("\(entry.path) is damaged")
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
            throw .malformed("\(entry.path) is damaged")
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
