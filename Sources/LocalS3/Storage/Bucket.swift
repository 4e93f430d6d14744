import Glibc
import NIOConcurrencyHelpers
import NIOPosix
import Signing

/// One bucket: a folder with its objects, its uploads in progress and its index. Thread-safe; calls block on the disk.
///
/// One lock orders all commits of a bucket: condition, log, rename and index entry are one step for everyone else. It
/// is never held while bytes are written or synchronised.
final class Bucket: Sendable {
    struct State {
        var index: BucketIndex
        /// Uploads that are being completed: no part may be added and no abort started.
        var completing: Set<String> = []
        /// Open readers of a segment set; the set's files stay until they are done.
        var readers: [String: Int] = [:]
        /// Sets that no object refers to any more, but a reader does.
        var doomed: Set<String> = []
        var isDeleted = false
    }

    let name: String
    let path: String
    let createdMilliseconds: Int64
    let isDurable: Bool
    let pool: NIOThreadPool
    let state: NIOLockedValueBox<State>

    var temporaryDirectory: String { path + "/tmp" }

    /// Opens a bucket's folder, made before by ``create``. Temporary files of an earlier process are removed.
    init(
        name: String, path: String, isDurable: Bool, pool: NIOThreadPool, rebuildsIndex: Bool
    ) throws {
        self.name = name
        self.path = path
        self.isDurable = isDurable
        self.pool = pool
        let file = "\(path)/bucket"
        let bytes = try Disk.contents(of: file)
        var reader = ByteReader(bytes[...])
        guard let created: Int64 = reader.integer() else {
            throw StorageError(.corrupt, operation: "read", path: file)
        }
        createdMilliseconds = created
        try Disk.removeTree(path + "/tmp")
        for directory in ["tmp", "objects", "multipart"] {
            try Disk.makeDirectory("\(path)/\(directory)")
        }
        let index = try BucketIndex(
            directory: path + "/index", rebuilds: rebuildsIndex,
            allKeys: rebuildsIndex ? { try Self.index(&$0, objectsOf: path) } : nil,
            find: { key in
                do throws(StorageError) {
                    return IndexEntry(try ObjectFile.open(Self.path(of: key, in: path)).record)
                } catch {
                    if error.kind == .notFound || error.kind == .corrupt { return nil }
                    throw error
                }
            })
        state = NIOLockedValueBox(State(index: index))
        try sweepUploads()
    }

    static func create(path: String, durable: Bool) throws(StorageError) {
        try Disk.makeDirectory(path)
        var writer = ByteWriter()
        writer.append(Timestamps.nowMilliseconds())
        try Disk.replace("\(path)/bucket", with: writer.bytes, durable: durable)
    }

    /// Where a key's object lies: by the SHA-256 of the key, so that no key can name another file.
    static func path(of key: [UInt8], in bucket: String) -> String {
        let digest = Checksum.of(key, .sha256)
        var text = [UInt8](bucket.utf8)
        text.reserveCapacity(text.count + 80)
        text.append(contentsOf: "/objects/".utf8)
        for (index, byte) in digest.enumerated() {
            if index == 1 { text.append(UInt8(ascii: "/")) }
            for digit in [byte >> 4, byte & 15] {
                text.append(digit < 10 ? digit + 48 : digit + 87)
            }
        }
        return String(decoding: text, as: UTF8.self)
    }

    func path(of key: [UInt8]) -> String { Self.path(of: key, in: path) }

    /// Adds every object that the folder holds: for a machine that went down, whose index may not be whole.
    private static func index(_ index: inout BucketIndex, objectsOf path: String) throws {
        for directory in try Disk.names(in: path + "/objects") {
            for name in try Disk.names(in: "\(path)/objects/\(directory)") {
                do throws(StorageError) {
                    let record = try ObjectFile.open("\(path)/objects/\(directory)/\(name)").record
                    index.set(record.key, IndexEntry(record))
                } catch {
                    if error.kind != .corrupt { throw error }
                }
                if index.needsFlush { try index.flushNow() }
            }
        }
    }

    /// Writes the index to disk: the next start is then quick.
    func close() throws {
        try state.withLockedValue { state in
            if !state.isDeleted, state.index.table.count > 0 || state.index.frozen != nil {
                try state.index.flushNow()
            }
        }
    }

    var isEmpty: Bool {
        get throws {
            try state.withLockedValue { $0.index.snapshot }.cursor(from: []).next() == nil
        }
    }

    /// Marks the bucket as gone, when it is empty: what is in flight then fails as if it had come later.
    func markDeleted() throws -> Bool {
        try state.withLockedValue { state in
            guard try state.index.snapshot.cursor(from: []).next() == nil else { return false }
            state.isDeleted = true
            return true
        }
    }

    /// Turns the entries in memory into a run, and merges runs, on the pool when there are enough of them.
    func maintainIndexIfNeeded(_ isNeeded: Bool) {
        guard isNeeded else { return }
        pool.submit { [self] state in
            // Best effort: what fails here is in the log still, and the next change tries again.
            if case .active = state { try? maintainIndex() }
        }
    }

    private func maintainIndex() throws {
        guard let flush = try state.withLockedValue({ try $0.index.beginFlush() }) else { return }
        defer { state.withLockedValue { $0.index.endMaintenance() } }
        let run = try flush.write()
        try state.withLockedValue { try $0.index.endFlush(flush, run) }
        while let merge = state.withLockedValue({ $0.index.nextMerge() }) {
            let run = try merge.write()
            try state.withLockedValue { try $0.index.endMerge(merge, run) }
        }
    }
}
