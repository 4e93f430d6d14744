import Glibc
import NIOConcurrencyHelpers
import Signing

extension Bucket {
    /// Opens an object for reading, which may be a delete marker.
    ///
    /// - Parameter version: the id of one of its versions; without it, the current one.
    /// - Throws: ``StorageError``; `.notFound` when there is none.
    func open(_ key: [UInt8], version: String? = nil) throws -> ReadableObject {
        if let object = try find(key, version) {
            if object.record.segments == nil { return ReadableObject(object: object) }
        } else if version == nil {
            throw StorageError(.notFound, operation: "read", path: path(of: key))
        }
        // A: reads the record. B: replaces the object and removes the segments. A: finds no segments. (Or A: looks
        // among the old versions. B: makes the version the current one. A: finds it nowhere.)
        // Under the lock the record is the current one, and the lease keeps its segments.
        return try state.withLockedValue { state in
            guard let object = try find(key, version) else {
                throw StorageError(.notFound, operation: "read", path: path(of: key))
            }
            guard let set = object.record.segments?.set else {
                return ReadableObject(object: object)
            }
            state.readers[set, default: 0] += 1
            return ReadableObject(
                object: object, lease: SegmentLease(bucket: self, set: set),
                segments: directory(ofUpload: set))
        }
    }

    private func find(_ key: [UInt8], _ version: String?) throws(StorageError) -> StoredObject? {
        let current = path(of: key)
        var paths = [current]
        if let version { paths.append(VersionFiles(key, bucket: path).file(version)) }
        var damage: StorageError?
        for path in paths {
            do throws(StorageError) {
                let object = try ObjectFile.open(path)
                if version == nil || object.record.versionID.text == version { return object }
            } catch {
                guard error.kind == .notFound else {
                    // A damaged current version may hide that another one is asked for.
                    damage = error
                    continue
                }
            }
        }
        if let damage { throw damage }
        return nil
    }

    /// The record at a path, or nil.
    static func record(at path: String) throws(StorageError) -> ObjectRecord? {
        do throws(StorageError) {
            return try ObjectFile.open(path).record
        } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }

    /// The record there, when it can be read: a damaged object may be replaced and deleted.
    static func readable(at path: String) throws(StorageError) -> ObjectRecord? {
        do throws(StorageError) {
            return try record(at: path)
        } catch {
            if error.kind == .corrupt { return nil }
            throw error
        }
    }

    /// Makes a body and its record the object of `record.key`, as one step. Durable when it returns.
    ///
    /// - Parameter check: called with the object that is there; what it throws stops the commit.
    /// - Returns: the record with its version.
    @discardableResult
    func commit(
        _ body: StagedBody, _ record: ObjectRecord, announce: Announce = { _ in nil },
        check: (ObjectRecord?) throws -> Void
    ) throws -> ObjectRecord {
        var record = record
        record.version = try nextVersion(of: record)
        let sealed = try body.seal(record, in: temporaryDirectory, durable: isDurable)
        try install(sealed, record, announce, check: check)
        return record
    }

    /// The common end of every write: the condition, the log, the rename and the index entry under the lock.
    ///
    /// - Parameter also: more to be done under the lock, after the rename.
    func install(
        _ sealed: TemporaryFile, _ record: ObjectRecord, _ announce: Announce,
        check: (ObjectRecord?) throws -> Void, also: () throws -> Void = {}
    ) throws {
        let path = path(of: record.key)
        let rest = try state.withLockedValue { state in
            guard !state.isDeleted else {
                throw StorageError(.notFound, operation: "open", path: self.path)
            }
            if state.versions != nil {
                return try installVersion(
                    sealed, record, &state, announce, check: check, also: also)
            }
            let existing = try Self.readable(at: path)
            try check(existing)
            try state.index.touch(record.key)
            return try announcing(announce, Change(.stored, record)) {
                try place(sealed, at: path)
                state.index.set(record.key, IndexEntry(record))
                try also()
                return CommitRest(
                    directories: [Self.directory(of: path)],
                    segments: discardSegments(of: existing, &state, unless: record.segments?.set),
                    needsFlush: state.needsFlush)
            }
        }
        try finish(rest)
    }

    /// Removes an object, or puts a delete marker over it where the bucket's versioning asks for one. No error when there
    /// is none.
    ///
    /// - Parameter version: the id of the one version to be removed for good.
    func delete(
        _ key: [UInt8], version: String? = nil, now: Int64, announce: Announce = { _ in nil },
        check: (ObjectRecord?) throws -> Void = { _ in }
    ) throws -> Deletion {
        if version == nil, settings.versioning != .never {
            var marker = ObjectRecord(key: key)
            marker.modifiedMilliseconds = now
            marker.isDeleteMarker = true
            marker = try commit(.empty, marker, announce: announce, check: check)
            return Deletion(version: marker.version?.text, isDeleteMarker: true)
        }
        var deletion = Deletion(version: version, isDeleteMarker: false)
        let rest: CommitRest? = try state.withLockedValue { state in
            guard !state.isDeleted else {
                throw StorageError(.notFound, operation: "open", path: path)
            }
            guard state.versions == nil else {
                return try removeVersion(key, version ?? VersionID.null, &state, announce) {
                    record in
                    deletion.isDeleteMarker = record?.isDeleteMarker == true
                    try check(record)
                }
            }
            guard version == nil || version == VersionID.null else { return nil }
            let path = path(of: key)
            let existing = try Self.readable(at: path)
            try check(existing)
            let directories = [Self.directory(of: path)]
            guard Disk.exists(path) else { return CommitRest(directories: directories) }
            try state.index.touch(key)
            return try announcing(announce, .removed(key)) {
                try Disk.remove(path)
                state.index.set(key, .deleted)
                return CommitRest(
                    directories: directories,
                    segments: discardSegments(of: existing, &state, unless: nil),
                    needsFlush: state.needsFlush)
            }
        }
        if let rest { try finish(rest) }
        return deletion
    }

    /// What a commit leaves to be done without the lock.
    struct CommitRest {
        /// Whose names have changed.
        var directories: [String] = []
        /// A segment set that nothing refers to any more.
        var segments: String?
        var needsFlush = false
        /// Has to be on the disk, too.
        var announcement: (any Announcement)?
    }

    /// Makes a change that is told: before it on disk, after it to those who want to know. Under the lock.
    func announcing(_ announce: Announce, _ change: Change, _ body: () throws -> CommitRest) throws
        -> CommitRest
    {
        let announcement = try announce(change)
        // Also when it fails, for it may be made in part: one notification too many is better than one too few.
        defer { announcement?.publish() }
        var rest = try body()
        rest.announcement = announcement
        return rest
    }

    func finish(_ rest: CommitRest) throws {
        for directory in rest.directories where isDurable {
            do throws(StorageError) {
                try Disk.synchronizeDirectory(directory)
            } catch {
                // Nothing was ever written there, or its last file is gone and it went with it.
                if error.kind != .notFound { throw error }
            }
        }
        if isDurable { try rest.announcement?.synchronize() }
        if let segments = rest.segments { try Disk.removeTree(segments) }
        maintainIndexesIfNeeded(rest.needsFlush)
    }

    /// Gives a sealed file its name.
    func place(_ sealed: TemporaryFile, at path: String) throws(StorageError) {
        do throws(StorageError) {
            try sealed.move(to: path)
        } catch {
            guard error.kind == .notFound else { throw error }
            let directory = Self.directory(of: path)
            try Disk.makePath(directory)
            if isDurable { try Disk.synchronizeDirectory(Self.directory(of: directory)) }
            try sealed.move(to: path)
        }
    }

    static func directory(of path: String) -> String {
        String(path[..<(path.utf8.lastIndex(of: UInt8(ascii: "/")) ?? path.endIndex)])
    }
}
