import NIOConcurrencyHelpers

/// What became of a request to delete.
struct Deletion: Sendable, Equatable {
    /// The id of the version that was removed, or of the marker that was made; nil in a bucket without versions.
    var version: String?
    /// Whether that version is a delete marker.
    var isDeleteMarker: Bool
}

extension Bucket.State {
    var needsFlush: Bool { index.needsFlush || versions?.needsFlush == true }
}

extension Bucket {
    /// The version that a write of now makes; nil where there are none.
    ///
    /// It is greater than all before it, so a write that began later than another was answered is the newer one. What
    /// was written at the same time may be committed in the other order: ``installVersion`` sorts that out.
    func nextVersion(of record: ObjectRecord) throws -> VersionID? {
        guard settings.versioning != .never else { return nil }
        return try state.withLockedValue { state in
            let files = VersionFiles(record.key, bucket: path)
            let current = try currentVersion(of: record.key, files, state)?.id.number ?? 0
            let now = UInt64(max(0, record.modifiedMilliseconds)) * 1_000
            let number = max(now, current + 1, state.lastVersionNumber + 1)
            state.lastVersionNumber = number
            let isNull = settings.versioning == .suspended
            return VersionID(number: number, salt: isNull ? 0 : .random(in: 1 ... .max))
        }
    }

    /// The current version; its record is nil when the file is damaged, and then the index tells which one it is. nil when
    /// the index does not know it either: such a file is as good as none.
    private func currentVersion(of key: [UInt8], _ files: VersionFiles, _ state: State) throws
        -> (id: VersionID, record: ObjectRecord?)?
    {
        if let record = try Self.readable(at: files.current) { return (record.versionID, record) }
        guard Disk.exists(files.current),
            let newest = try state.versions?.snapshot.cursor(from: VersionKey.start(of: key))
                .next(),
            let (found, id) = VersionKey.decode(newest.key), found == key,
            // An older version, then, and not this one.
            !Disk.exists(files.file(id.text))
        else { return nil }
        return (id, nil)
    }

    /// The part of ``install(_:_:_:check:also:)`` under the lock, in a bucket with versions: what was the current version
    /// stays, unless a "null" version follows a "null" version.
    func installVersion(
        _ sealed: TemporaryFile, _ record: ObjectRecord, _ state: inout State,
        _ announce: Announce, check: (ObjectRecord?) throws -> Void, also: () throws -> Void
    ) throws -> CommitRest {
        let files = VersionFiles(record.key, bucket: path)
        let current = try currentVersion(of: record.key, files, state)
        try check(current?.record?.isDeleteMarker == true ? nil : current?.record)
        let change = Change(record.isDeleteMarker ? .marked : .stored, record)
        return try announcing(announce, change) {
            try placeVersion(sealed, record, files, current, &state, also: also)
        }
    }

    private func placeVersion(
        _ sealed: TemporaryFile, _ record: ObjectRecord, _ files: VersionFiles,
        _ current: (id: VersionID, record: ObjectRecord?)?, _ state: inout State,
        also: () throws -> Void
    ) throws -> CommitRest {
        let key = record.key
        let id = record.versionID
        let isNewest = current.map { $0.id.number < id.number } ?? true
        let null = id.isNull ? try nullVersion(files, current) : nil
        if let null, null.id.number > id.number {
            // Written at the same time as this one, and later: it has replaced this one already.
            try also()
            return CommitRest(segments: discardSegments(of: record, &state, unless: nil))
        }
        let versionKey = VersionKey.of(key, id)
        if isNewest { try state.index.touch(key) }
        try state.versions?.touch(versionKey)
        if let null { try state.versions?.touch(VersionKey.of(key, null.id)) }
        var directories = [Self.directory(of: files.current)]
        if isNewest {
            if let current, !(current.id.isNull && id.isNull) {
                // The link comes before the rename, and journals keep that order.
                let isNew = try files.keepCurrent(as: current.id)
                directories.insert(
                    contentsOf: isNew ? Self.lineage(of: files.folder, in: path) : [files.folder],
                    at: 0)
            }
            try place(sealed, at: files.current)
            state.index.set(key, record.isDeleteMarker ? .deleted : IndexEntry(record))
        } else {
            try place(sealed, at: files.file(id.text))
            directories = Self.lineage(of: files.folder, in: path)
        }
        state.versions?.set(versionKey, IndexEntry(record))
        if let null { state.versions?.set(VersionKey.of(key, null.id), .deleted) }
        try also()
        if isNewest, let null, null.path != files.current {
            try Disk.remove(null.path)
            files.removeEmptyFolder()
        }
        return CommitRest(
            directories: directories,
            segments: discardSegments(of: null?.record, &state, unless: record.segments?.set),
            needsFlush: state.needsFlush)
    }

    private func nullVersion(
        _ files: VersionFiles, _ current: (id: VersionID, record: ObjectRecord?)?
    ) throws -> (path: String, id: VersionID, record: ObjectRecord?)? {
        if let current, current.id.isNull { return (files.current, current.id, current.record) }
        let path = files.file(VersionID.null)
        return try Self.readable(at: path).map { (path, $0.versionID, $0) }
    }

    /// Removes one version for good, under the lock. When it was the current one, the newest of the others takes its
    /// place. nil when there is no such version.
    ///
    /// - Parameter check: called with its record, nil when that cannot be read.
    func removeVersion(
        _ key: [UInt8], _ version: String, _ state: inout State, _ announce: Announce,
        check: (ObjectRecord?) throws -> Void
    ) throws -> CommitRest? {
        let files = VersionFiles(key, bucket: path)
        let current = try currentVersion(of: key, files, state)
        if let current, current.id.text == version {
            try check(current.record)
            return try announcing(announce, .removed(key, current.id)) {
                try removeCurrent(key, current, files, &state)
            }
        }
        let file = files.file(version)
        let removed = try Self.readable(at: file)
        guard removed != nil || Disk.exists(file) else {
            try check(nil)
            return nil
        }
        try check(removed)
        guard let id = removed?.versionID ?? VersionID(version) else { return nil }
        return try announcing(announce, .removed(key, id)) {
            try state.versions?.touch(VersionKey.of(key, id))
            try Disk.remove(file)
            files.removeEmptyFolder()
            state.versions?.set(VersionKey.of(key, id), .deleted)
            return removal(of: removed, files, &state)
        }
    }

    private func removeCurrent(
        _ key: [UInt8], _ current: (id: VersionID, record: ObjectRecord?), _ files: VersionFiles,
        _ state: inout State
    ) throws -> CommitRest {
        try state.index.touch(key)
        try state.versions?.touch(VersionKey.of(key, current.id))
        // There is one only when a commit failed after its first step.
        try Disk.remove(files.file(current.id.text))
        let promoted = try files.promote()
        if !promoted.isDone { try Disk.remove(files.current) }
        let entry = promoted.record.flatMap { $0.isDeleteMarker ? nil : IndexEntry($0) }
        state.index.set(key, entry ?? .deleted)
        state.versions?.set(VersionKey.of(key, current.id), .deleted)
        return removal(of: current.record, files, &state)
    }

    private func removal(of record: ObjectRecord?, _ files: VersionFiles, _ state: inout State)
        -> CommitRest
    {
        CommitRest(
            directories: [files.folder, Self.directory(of: files.current)],
            segments: discardSegments(of: record, &state, unless: nil),
            needsFlush: state.needsFlush)
    }

    /// A key's folder in `versions` and the directories above it, the bucket's own included.
    private static func lineage(of folder: String, in bucket: String) -> [String] {
        [folder, directory(of: folder), bucket + "/versions", bucket]
    }
}
