import Glibc
import Signing

extension PackageStore {
    /// Unpacks a zip, or finds it unpacked. The caller holds the package, and releases it.
    ///
    /// - Parameter limit: of the zip, in bytes.
    /// - Throws: ``LambdaServiceError`` worded as Lambda does it, with nothing left on the disk.
    public func store(
        zip: [UInt8], limit: Int = zippedMaximum
    ) throws(LambdaServiceError) -> Package {
        guard zip.count <= limit else {
            throw LambdaServiceError(
                .requestEntityTooLarge, "Zipped size must be smaller than \(limit) bytes")
        }
        let digest = Checksum.of(zip, .sha256)
        let package = package(digest, size: Int64(zip.count))
        hold(package.directory)
        do {
            if try isThere(package) { return package }
            let archive = try ZipArchive(zip, limit: Self.unzippedMaximum)
            guard archive.entries.contains(where: { !$0.isDirectory }) else {
                throw ZipArchive.Problem.malformed("empty")
            }
            try make(package) { draft in
                for entry in archive.entries {
                    if entry.isDirectory {
                        try draft.makeFolder(entry.path)
                    } else {
                        try draft.write(
                            archive.content(of: entry), to: entry.path,
                            isExecutable: entry.isExecutable)
                    }
                }
            }
            return package
        } catch {
            release(package.directory)
            throw Self.refusal(error)
        }
    }

    /// Keeps an executable as the `bootstrap` of a package: what a built-in function's version runs. The caller holds
    /// the package, and releases it.
    public func freeze(executable: String) throws(LambdaServiceError) -> Package {
        var held: String?
        do {
            let file = try ReadableFile(executable)
            let (digest, size) = try Self.digest(file)
            let package = package(digest, size: size)
            hold(package.directory)
            held = package.directory
            if try isThere(package) { return package }
            try file.rewind()
            try make(package) { draft in
                let copied = try draft.copy(file, to: "bootstrap")
                guard copied == digest else {
                    throw SystemFailure(message: "\(executable) has changed while it was copied")
                }
            }
            return package
        } catch {
            if let held { release(held) }
            throw LambdaServiceError(.service, "the executable cannot be kept", cause: error)
        }
    }

    private func package(_ digest: [UInt8], size: Int64) -> Package {
        Package(
            sha256: Base64.encode(digest), size: size, directory: "\(folder)/\(Hex.encode(digest))")
    }

    /// Whether the package is there, durably: whoever has just made it may not have come that far.
    private func isThere(_ package: Package) throws -> Bool {
        guard access(package.directory, F_OK) == 0 else { return false }
        try DurableFolder.sync(folder)
        return true
    }

    /// Whole and on disk, or nothing at all.
    private func make(_ package: Package, _ fill: (inout DurableFolder) throws -> Void) throws {
        var draft = try DurableFolder(
            "\(package.directory).new-\(UInt64.random(in: 0...UInt64.max))")
        do {
            try fill(&draft)
            try draft.become(package.directory)
        } catch {
            draft.discard()
            throw error
        }
    }

    private static func digest(_ file: ReadableFile) throws -> (digest: [UInt8], size: Int64) {
        var hasher = Checksum(.sha256)
        var size: Int64 = 0
        while let block = try file.next() {
            block.withUnsafeBytes { hasher.update($0) }
            size += Int64(block.count)
        }
        return (hasher.finalize(), size)
    }

    static let notUnzipped = LambdaServiceError(
        .invalidParameterValue,
        "Could not unzip uploaded file. Please check your file, then try to upload again.")

    private static func refusal(_ error: any Error) -> LambdaServiceError {
        if case .tooLarge = error as? ZipArchive.Problem {
            return LambdaServiceError(
                .invalidParameterValue,
                "Unzipped size must be smaller than \(unzippedMaximum) bytes")
        }
        if error is ZipArchive.Problem || (error as? SystemFailure)?.isAboutName == true {
            var refusal = notUnzipped
            refusal.cause = error
            return refusal
        }
        return LambdaServiceError(.service, "the package cannot be kept", cause: error)
    }
}
