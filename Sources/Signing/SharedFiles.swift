#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where the shared configuration and credentials files are.
///
/// Source: <https://docs.aws.amazon.com/sdkref/latest/guide/file-location.html>
struct SharedFiles: Sendable, Equatable {
    /// More than a file of settings ever has.
    static let bytesMaximum = 1 << 20

    /// nil when there is neither a variable nor a home.
    let config: String?
    let credentials: String?

    init(environment: [String: String]) {
        let home = environment.value("HOME")
        func path(_ variable: String, _ name: String) -> String? {
            guard let named = environment.value(variable) else {
                return home.map { $0 + "/.aws/" + name }
            }
            guard named.hasPrefix("~/"), let home else { return named }
            return home + named.dropFirst()
        }
        config = path("AWS_CONFIG_FILE", "config")
        credentials = path("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    }

    /// What changes when a file does.
    struct Stamp: Sendable, Equatable {
        fileprivate struct File: Sendable, Equatable {
            var device: UInt64 = 0
            var inode: UInt64 = 0
            var size: Int64 = -1
            var modifiedSeconds: Int64 = 0
            var modifiedNanoseconds: Int64 = 0
        }

        fileprivate var config = File()
        fileprivate var credentials = File()
    }

    func stamp() -> Stamp {
        Stamp(config: Self.stamp(config), credentials: Self.stamp(credentials))
    }

    private static func stamp(_ path: String?) -> Stamp.File {
        var status = stat()
        guard let path, stat(path, &status) == 0 else { return Stamp.File() }
        #if canImport(Darwin)
            let modified = status.st_mtimespec
        #else
            let modified = status.st_mtim
        #endif
        return Stamp.File(
            device: UInt64(truncatingIfNeeded: status.st_dev),
            inode: UInt64(truncatingIfNeeded: status.st_ino), size: Int64(status.st_size),
            modifiedSeconds: Int64(modified.tv_sec), modifiedNanoseconds: Int64(modified.tv_nsec))
    }

    /// Reads both. A file that is not there is an empty one.
    func load() throws(CredentialsError) -> SharedConfiguration {
        SharedConfiguration(
            files: self, config: try Self.document(config),
            credentials: try Self.document(credentials))
    }

    private static func document(_ path: String?) throws(CredentialsError) -> INIDocument? {
        guard let path, let bytes = try read(path, limitBytes: bytesMaximum) else { return nil }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CredentialsError(.misconfigured, origin: path, problem: "it is not UTF-8 text")
        }
        do {
            return try INIDocument(text)
        } catch {
            throw CredentialsError(
                .misconfigured, origin: "\(path) line \(error.line)", problem: error.problem)
        }
    }

    /// The bytes of a small file; nil when there is none.
    static func read(_ path: String, limitBytes: Int) throws(CredentialsError) -> [UInt8]? {
        func failed(_ code: Int32) -> CredentialsError {
            CredentialsError(
                .misconfigured, origin: path,
                problem: "it cannot be read: \(String(cString: strerror(code)))")
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if code == ENOENT || code == ENOTDIR { return nil }
            throw failed(code)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            #if canImport(Glibc)
                let count = Glibc.read(descriptor, &block, block.count)
            #else
                let count = Darwin.read(descriptor, &block, block.count)
            #endif
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                throw failed(code)
            }
            if count == 0 { return bytes }
            bytes += block[..<count]
            guard bytes.count <= limitBytes else {
                throw CredentialsError(
                    .misconfigured, origin: path,
                    problem: "it is larger than \(limitBytes) bytes")
            }
        }
    }
}
