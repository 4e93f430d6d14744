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
        /// All versions, the current ones too, by ``VersionKey``; nil while the bucket never had any.
        var versions: BucketIndex?
        /// The greatest number that was given to a version.
        var lastVersionNumber: UInt64 = 0
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
    private let settingsBox: NIOLockedValueBox<BucketSettings>
    let isDurable: Bool
    let pool: NIOThreadPool
    let state: NIOLockedValueBox<State>

    var settings: BucketSettings { settingsBox.withLockedValue { $0 } }
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
        guard let settings = BucketSettings(encoded: SealedBytes.open(bytes) ?? bytes) else {
            throw StorageError(.corrupt, operation: "read", path: file)
        }
        settingsBox = NIOLockedValueBox(settings)
        try Disk.removeTree(path + "/tmp")
        for directory in ["tmp", "objects", "multipart"] {
            try Disk.makeDirectory("\(path)/\(directory)")
        }
        let isVersioned = settings.versioning != .never
        let rebuildsIndex =
            try rebuildsIndex || !BucketIndex.isWhole(path + "/index")
            || isVersioned && !BucketIndex.isWhole(path + "/versions-index")
        if isVersioned, rebuildsIndex { try Self.mendAll(path) }
        let index = try BucketIndex(
            directory: path + "/index", rebuilds: rebuildsIndex,
            allKeys: rebuildsIndex ? { try Self.index(&$0, objectsOf: path) } : nil,
            find: { key in
                if isVersioned { try VersionFiles(key, bucket: path).mend() }
                return try Self.readable(at: Self.path(of: key, in: path)).flatMap {
                    $0.isDeleteMarker ? nil : IndexEntry($0)
                }
            })
        let versions =
            isVersioned
            ? try Self.openVersions(
                path, rebuilds: rebuildsIndex,
                fill: rebuildsIndex ? { try Self.index(&$0, versionsOf: path) } : nil)
            : nil
        state = NIOLockedValueBox(State(index: index, versions: versions))
        try sweepUploads()
    }

    static func create(path: String, locks: Bool = false, durable: Bool) throws(StorageError) {
        try Disk.makeDirectory(path)
        var settings = BucketSettings(createdMilliseconds: Timestamps.nowMilliseconds())
        if locks {
            settings.versioning = .enabled
            settings.lock = BucketLock()
        }
        try write(settings, path, durable)
    }

    private static func write(_ settings: BucketSettings, _ path: String, _ durable: Bool)
        throws(StorageError)
    {
        let bytes = SealedBytes.seal(settings.encoded())
        try Disk.replace("\(path)/bucket", with: bytes, durable: durable)
        if durable { try Disk.synchronizeDirectory(path) }
    }

    /// Changes the settings; the bucket does nothing else meanwhile. When it gets versioning all its objects become "null"
    /// versions, which takes about as long as listing them.
    func configure(_ change: (inout BucketSettings) throws -> Void) throws {
        try state.withLockedValue { state in
            guard !state.isDeleted else {
                throw StorageError(.notFound, operation: "open", path: path)
            }
            var changed = settings
            try change(&changed)
            var versions = state.versions
            if versions == nil, changed.versioning != .never {
                // Of an attempt that a crash cut short.
                try Disk.removeTree(path + "/versions-index")
                let objects = state.index.snapshot
                versions = try Self.openVersions(path, rebuilds: false) {
                    try Self.index(&$0, nullVersionsOf: objects)
                }
            }
            try Self.write(changed, path, isDurable)
            settingsBox.withLockedValue { $0 = changed }
            state.versions = versions
        }
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

    /// Writes the indexes to disk: the next start is then quick.
    func close() throws {
        try state.withLockedValue { state in
            guard !state.isDeleted else { return }
            if state.index.holdsMemory { try state.index.flushNow() }
            if state.versions?.holdsMemory == true { try state.versions?.flushNow() }
        }
    }

    /// Marks the bucket as gone, when no version of anything is in it: what is in flight then fails as if it had come
    /// later.
    func markDeleted() throws -> Bool {
        try state.withLockedValue { state in
            let index = state.versions ?? state.index
            guard try index.snapshot.cursor(from: []).next() == nil else { return false }
            state.isDeleted = true
            return true
        }
    }

    /// Turns the indexes' entries in memory into runs, and merges runs, on the pool when there are enough of them.
    func maintainIndexesIfNeeded(_ isNeeded: Bool) {
        guard isNeeded else { return }
        pool.submit { [self] state in
            // Best effort: what fails here is in the log still, and the next change tries again.
            if case .active = state { try? maintainIndexes() }
        }
    }

    private func maintainIndexes() throws {
        try maintain(\.index)
        if state.withLockedValue({ $0.versions != nil }) { try maintain(\.versions!) }
    }

    private func maintain(_ index: any WritableKeyPath<State, BucketIndex> & Sendable) throws {
        guard let flush = try state.withLockedValue({ try $0[keyPath: index].beginFlush() }) else {
            return
        }
        defer { state.withLockedValue { $0[keyPath: index].endMaintenance() } }
        let run = try flush.write()
        try state.withLockedValue { try $0[keyPath: index].endFlush(flush, run) }
        while let merge = state.withLockedValue({ $0[keyPath: index].nextMerge() }) {
            let run = try merge.write()
            try state.withLockedValue { try $0[keyPath: index].endMerge(merge, run) }
        }
    }
}
