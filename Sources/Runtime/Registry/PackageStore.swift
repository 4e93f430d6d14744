import FoundationEssentials
import Glibc
import Signing

/// Deployment packages, by the SHA-256 of their zip: unpacked once, never changed.
public struct PackageStore: Sendable {
    public struct Package: Sendable, Hashable, Codable {
        /// Base64 of the zip's SHA-256.
        public var sha256: String
        /// Of the zip, in bytes.
        public var size: Int64
        public var directory: String
    }

    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
    static let zippedMaximum = 52_428_800
    static let unzippedMaximum = 262_144_000

    public let folder: String

    public init(folder: String) { self.folder = folder }

    /// - Throws: ``LambdaServiceError`` worded as Lambda does it.
    public func store(zip: [UInt8]) throws(LambdaServiceError) -> Package {
        guard zip.count <= Self.zippedMaximum else {
            throw LambdaServiceError(
                .requestEntityTooLarge,
                "Zipped size must be smaller than \(Self.zippedMaximum) bytes")
        }
        let digest = Checksum.of(zip, .sha256)
        let directory = "\(folder)/\(Hex.encode(digest))"
        let package = Package(
            sha256: Base64.encode(digest), size: Int64(zip.count), directory: directory)
        if access(directory, F_OK) == 0 { return package }
        let archive: ZipArchive
        do throws(ZipArchive.Problem) {
            archive = try ZipArchive(zip, limit: Self.unzippedMaximum)
            guard archive.entries.contains(where: { !$0.isDirectory }) else {
                throw .malformed("empty")
            }
        } catch {
            throw Self.refusal(error)
        }
        let temporary = "\(directory).\(getpid()).\(UInt32.random(in: 0...UInt32.max))"
        do {
            try Self.makeFolders(temporary)
            for entry in archive.entries { try Self.unpack(entry, of: archive, into: temporary) }
        } catch let problem as ZipArchive.Problem {
            Self.remove(temporary)
            throw Self.refusal(problem)
        } catch {
            Self.remove(temporary)
            throw LambdaServiceError(.service, "the package cannot be kept", cause: error)
        }
        if rename(temporary, directory) != 0 {
            let code = errno
            Self.remove(temporary)
            // Somebody else has stored the same.
            guard code == ENOTEMPTY || code == EEXIST else {
                throw LambdaServiceError(
                    .service, "the package cannot be kept", cause: SystemFailure(directory, code))
            }
        }
        return package
    }

    /// Keeps an executable as the `bootstrap` of a package: what a built-in function's version runs.
    public func freeze(executable: String) throws(LambdaServiceError) -> Package {
        do {
            let descriptor = open(executable, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw SystemFailure(executable, errno) }
            defer { close(descriptor) }
            var hasher = Checksum(.sha256)
            var size: Int64 = 0
            var block = [UInt8](repeating: 0, count: 1 << 20)
            while case let count = read(descriptor, &block, block.count), count > 0 {
                block.withUnsafeBytes {
                    hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count]))
                }
                size += Int64(count)
            }
            let digest = hasher.finalize()
            let directory = "\(folder)/\(Hex.encode(digest))"
            let package = Package(
                sha256: Base64.encode(digest), size: size, directory: directory)
            if access(directory, F_OK) == 0 { return package }
            let temporary = "\(directory).\(getpid())"
            try Self.makeFolders(temporary)
            lseek(descriptor, 0, SEEK_SET)
            let copy = open("\(temporary)/bootstrap", O_WRONLY | O_CREAT | O_CLOEXEC, 0o755)
            guard copy >= 0 else { throw SystemFailure(temporary, errno) }
            defer { close(copy) }
            while case let count = read(descriptor, &block, block.count), count > 0 {
                guard write(copy, block, count) == count else {
                    throw SystemFailure(temporary, errno)
                }
            }
            guard fsync(copy) == 0, rename(temporary, directory) == 0 || errno == ENOTEMPTY else {
                throw SystemFailure(directory, errno)
            }
            return package
        } catch {
            throw LambdaServiceError(.service, "the executable cannot be kept", cause: error)
        }
    }

    /// Removes packages that are not among those still needed.
    public func remove(_ directory: String) {
        guard directory.hasPrefix(folder + "/") else { return }
        Self.remove(directory)
    }

    static let notUnzipped = LambdaServiceError(
        .invalidParameterValue,
        "Could not unzip uploaded file. Please check your file, then try to upload again.")

    private static func refusal(_ problem: ZipArchive.Problem) -> LambdaServiceError {
        switch problem {
        case .tooLarge:
            LambdaServiceError(
                .invalidParameterValue,
                "Unzipped size must be smaller than \(unzippedMaximum) bytes")
        case .malformed:
            notUnzipped
        }
    }

    private static func unpack(
        _ entry: ZipArchive.Entry, of archive: ZipArchive, into folder: String
    ) throws {
        let path = "\(folder)/\(entry.name)"
        if entry.isDirectory { return try makeFolders(path) }
        if let slash = path.lastIndex(of: "/") { try makeFolders(String(path[..<slash])) }
        let content = try archive.content(of: entry)
        let descriptor = open(
            path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
            entry.isExecutable ? 0o755 : 0o644)
        guard descriptor >= 0 else { throw SystemFailure(path, errno) }
        defer { close(descriptor) }
        var start = 0
        while start < content.count {
            let count = content.withUnsafeBytes {
                write(descriptor, $0.baseAddress! + start, content.count - start)
            }
            guard count > 0 else { throw SystemFailure(path, errno) }
            start += count
        }
    }

    private static func makeFolders(_ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    private static func remove(_ path: String) {
        // What cannot be removed is the machine's to clean.
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// What the system refused.
struct SystemFailure: Error, CustomStringConvertible {
    var description: String

    init(_ path: String, _ code: Int32) {
        description = "\(path): \(String(cString: strerror(code)))"
    }
}
