import FoundationEssentials
import Glibc
import Signing

/// A folder that is filled under a passing name and takes its own when all of it is on disk.
struct DurableFolder {
    let path: String
    private var folders: [String]
    private var files: [String] = []

    init(_ path: String) throws {
        self.path = path
        folders = [path]
        let parent = Self.parent(of: path)
        if access(parent, F_OK) != 0 {
            try FileManager.default.createDirectory(
                atPath: parent, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o755])
            try Self.sync(Self.parent(of: parent))
        }
        guard mkdir(path, 0o755) == 0 else { throw SystemFailure(path, errno) }
    }

    /// Makes a folder in it, and those above.
    mutating func makeFolder(_ relative: String) throws {
        var path = path
        for segment in relative.split(separator: "/") {
            path += "/" + segment
            if mkdir(path, 0o755) == 0 {
                folders.append(path)
            } else if errno != EEXIST {
                throw SystemFailure(path, errno)
            }
        }
    }

    mutating func write(_ content: [UInt8], to relative: String, isExecutable: Bool) throws {
        let descriptor = try create(relative, isExecutable: isExecutable)
        defer { close(descriptor) }
        try Self.write(content[...], to: descriptor, of: relative)
    }

    /// - Returns: the SHA-256 of what was copied.
    mutating func copy(_ file: ReadableFile, to relative: String) throws -> [UInt8] {
        let descriptor = try create(relative, isExecutable: true)
        defer { close(descriptor) }
        var hasher = Checksum(.sha256)
        while let block = try file.next() {
            block.withUnsafeBytes { hasher.update($0) }
            try Self.write(block, to: descriptor, of: relative)
        }
        return hasher.finalize()
    }

    /// Takes its name, when it is on disk. A folder that has this name already stays, and this one goes.
    func become(_ name: String) throws {
        // All are written first: the first flush then carries most of the others.
        for entry in files + folders.reversed() { try Self.sync(entry) }
        if rename(path, name) != 0 {
            let code = errno
            guard code == ENOTEMPTY || code == EEXIST else { throw SystemFailure(name, code) }
            discard()
        }
        try Self.sync(Self.parent(of: name))
    }

    func discard() { Self.remove(path) }

    private mutating func create(_ relative: String, isExecutable: Bool) throws -> Int32 {
        if let slash = relative.lastIndex(of: "/") { try makeFolder(String(relative[..<slash])) }
        let file = "\(path)/\(relative)"
        let descriptor = open(
            file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
            isExecutable ? 0o755 : 0o644)
        guard descriptor >= 0 else { throw SystemFailure(relative, errno) }
        files.append(file)
        return descriptor
    }

    private static func write(
        _ content: ArraySlice<UInt8>, to descriptor: Int32, of path: String
    ) throws {
        var rest = content
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw SystemFailure(path, errno) }
            rest = rest.dropFirst(count)
        }
    }

    // MARK: Any folder

    private static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Returns when a file's content, or the names in a folder, are on disk.
    static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemFailure(path, errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw SystemFailure(path, errno) }
    }

    /// What is in it; nothing when it is not there.
    static func names(_ path: String) -> [String] {
        // Not there before its first use.
        (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    }

    static func remove(_ path: String) {
        // What cannot be removed is the machine's to clean.
        try? FileManager.default.removeItem(atPath: path)
    }
}
