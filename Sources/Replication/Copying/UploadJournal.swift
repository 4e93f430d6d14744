import Glibc
import S3
import Signing
import Transport

/// Remembers multipart uploads that this machine began, on disk, so that a run after a SIGKILL can
/// abort exactly those.
///
/// One file per process, locked while the process lives: a file whose lock can be had belongs to a
/// process that is gone. An intent is written before CreateMultipartUpload is sent, because a
/// process may die between the store's answer and our note of it.
public final class UploadJournal: Sendable {
    /// The directory could not be made or a file not written.
    public struct Failure: Error, Sendable, CustomStringConvertible {
        public var path: String
        public var reason: String
        public var description: String { "cannot write the upload journal \(path): \(reason)" }
    }

    /// A file with nothing open is emptied at this size, and one with open uploads rewritten.
    static let compactionBytes = 256 << 10

    private struct State {
        var descriptor: Int32
        var open: [Int: JournalEntry] = [:]
        var nextID = 1
        var bytes = 0
    }

    private let directory: String
    private let path: String
    private let state: Locked<State>

    /// One file per process in `directory` (made with mode 0700), locked while the process lives.
    ///
    /// - Throws: ``Failure``.
    public init(directory: String) throws {
        try Self.makeDirectory(directory)
        var random = SystemRandomNumberGenerator()
        path = "\(directory)/uploads-\(getpid())-\(String(random.next(), radix: 16)).journal"
        self.directory = directory
        state = Locked(State(descriptor: try Self.create(path)))
    }

    deinit {
        state.withLock { state in
            if state.open.isEmpty { unlink(path) }
            close(state.descriptor)
        }
    }

    /// Notes that an upload is about to be asked for.
    func begin(_ client: S3Client, _ object: ObjectAddress) throws -> Int {
        let connection = client.connection
        return try state.withLock { state in
            let id = state.nextID
            state.nextID += 1
            let entry = JournalEntry(
                id: id, intendedAt: Timestamps.nowMilliseconds(), connection: connection.name,
                endpoint: "\(connection.scheme)://\(connection.authority)", bucket: object.bucket,
                key: object.key)
            try append(entry.beginLine, &state)
            state.open[id] = entry
            return id
        }
    }

    func started(_ id: Int, uploadID: String) throws {
        try state.withLock { state in
            guard state.open[id] != nil else { return }
            state.open[id]?.uploadID = uploadID
            try append(JournalEntry.startedLine(id, uploadID), &state)
        }
    }

    /// Completed or aborted: nothing is left at the store. Should the note not reach the disk, a
    /// sweep finds the upload gone.
    func ended(_ id: Int) {
        state.withLock { state in
            guard state.open.removeValue(forKey: id) != nil else { return }
            if state.open.isEmpty, state.bytes >= Self.compactionBytes,
                ftruncate(state.descriptor, 0) == 0
            {
                state.bytes = 0
                return
            }
            try? append(JournalEntry.endedLine(id), &state)  // best effort, see above
            if state.bytes >= Self.compactionBytes { compact(&state) }
        }
    }

    private func append(_ line: [UInt8], _ state: inout State) throws {
        guard Self.writeAll(line, to: state.descriptor) else {
            throw Failure(path: path, reason: Self.errorText())
        }
        state.bytes += line.count
    }

    /// Replaces the file by one of the open uploads alone; the old one stays when that fails.
    private func compact(_ state: inout State) {
        let next = path + ".next"
        var lines: [UInt8] = []
        for entry in state.open.values {
            lines += entry.beginLine
            if let uploadID = entry.uploadID {
                lines += JournalEntry.startedLine(entry.id, uploadID)
            }
        }
        // With as many open uploads as would fill the file anyway, rewriting gains nothing.
        guard lines.count < Self.compactionBytes / 2,
            let descriptor = try? Self.create(next)
        else { return }
        guard Self.writeAll(lines, to: descriptor), rename(next, path) == 0 else {
            close(descriptor)
            unlink(next)
            return
        }
        close(state.descriptor)
        state.descriptor = descriptor
        state.bytes = lines.count
    }

    /// Aborts what dead processes left on this bucket; returns how many were aborted. What cannot
    /// be aborted now stays noted for the next sweep.
    public func sweep(_ place: Place) async -> Int {
        var left: [LeftJournal] = []
        var living = state.withLock { Array($0.open.values) }
        for name in Self.journalNames(in: directory) {
            let file = "\(directory)/\(name)"
            if file == path { continue }
            if let journal = LeftJournal(path: file) {
                left.append(journal)
            } else {
                living += JournalEntry.open(in: Self.contents(of: file))
            }
        }
        var aborted = 0
        for journal in left { aborted += await journal.settle(place, sparing: living) }
        return aborted
    }

    /// Empty when it cannot be read: it has just been settled by another sweep.
    private static func contents(of path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        return LeftJournal.contents(of: descriptor)
    }
}

extension UploadJournal {
    private static func makeDirectory(_ directory: String) throws {
        var path = ""
        for segment in directory.split(separator: "/", omittingEmptySubsequences: false) {
            path += segment
            if !path.isEmpty, mkdir(path, 0o700) != 0, errno != EEXIST {
                throw Failure(path: path, reason: errorText())
            }
            path += "/"
        }
    }

    /// A new file, open for appending, its lock held.
    private static func create(_ path: String) throws -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure(path: path, reason: errorText()) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errorText()
            close(descriptor)
            throw Failure(path: path, reason: reason)
        }
        return descriptor
    }

    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress! + written, $0.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }

    private static func errorText() -> String { String(cString: strerror(errno)) }

    private static func journalNames(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasPrefix("uploads-"), name.hasSuffix(".journal") { names.append(name) }
        }
        return names.sorted()
    }
}
