import Glibc
import NIOConcurrencyHelpers
import Signing

extension Bucket {
    /// Opens an object for reading.
    ///
    /// - Throws: ``StorageError``; `.notFound` when there is none.
    func open(_ key: [UInt8]) throws -> ReadableObject {
        let path = path(of: key)
        let object = try ObjectFile.open(path)
        guard object.record.segments != nil else {
            return ReadableObject(object: object, lease: nil)
        }
        // A: reads the record. B: replaces the object and removes the segments. A: finds no segments.
        // Under the lock the record is the current one, and the lease keeps its segments.
        return try state.withLockedValue { state in
            let object = try ObjectFile.open(path)
            guard let segments = object.record.segments else {
                return ReadableObject(object: object, lease: nil)
            }
            state.readers[segments.set, default: 0] += 1
            return ReadableObject(
                object: object, lease: SegmentLease(bucket: self, set: segments.set))
        }
    }

    /// The record of a key's object, or nil.
    func record(of key: [UInt8]) throws -> ObjectRecord? { try Self.record(at: path(of: key)) }

    static func record(at path: String) throws -> ObjectRecord? {
        do throws(StorageError) {
            return try ObjectFile.open(path).record
        } catch {
            if error.kind == .notFound { return nil }
            throw error
        }
    }

    /// Makes a body and its record the object of `record.key`, as one step. Durable when it returns.
    ///
    /// - Parameter check: called with the object that will be replaced; what it throws stops the commit.
    func commit(
        _ body: StagedBody, _ record: ObjectRecord, check: (ObjectRecord?) throws -> Void
    ) throws {
        let sealed = try body.seal(record, in: temporaryDirectory, durable: isDurable)
        try install(sealed, record, check: check) { _ in }
    }

    /// The common end of every write: the condition, the log, the rename and the index entry under the lock.
    ///
    /// - Parameter also: more to be done under the lock, after the rename.
    func install(
        _ sealed: TemporaryFile, _ record: ObjectRecord,
        check: (ObjectRecord?) throws -> Void, also: (inout State) throws -> Void
    ) throws {
        let path = path(of: record.key)
        let (replaced, needsFlush) = try state.withLockedValue { state in
            guard !state.isDeleted else {
                throw StorageError(.notFound, operation: "open", path: self.path)
            }
            let existing = try Self.replaceable(at: path)
            try check(existing)
            try state.index.touch(record.key)
            do throws(StorageError) {
                try sealed.move(to: path)
            } catch {
                guard error.kind == .notFound else { throw error }
                try makeDirectory(of: path)
                try sealed.move(to: path)
            }
            state.index.set(record.key, IndexEntry(record))
            try also(&state)
            return (
                try discardSegments(of: existing, &state, unless: record.segments?.set),
                state.index.needsFlush
            )
        }
        if isDurable { try Disk.synchronizeDirectory(Self.directory(of: path)) }
        if let replaced { try Disk.removeTree(replaced) }
        maintainIndexIfNeeded(needsFlush)
    }

    /// Removes an object; no error when there is none.
    func delete(_ key: [UInt8], check: (ObjectRecord?) throws -> Void = { _ in }) throws {
        let path = path(of: key)
        let (replaced, needsFlush): (String?, Bool) = try state.withLockedValue { state in
            guard !state.isDeleted else {
                throw StorageError(.notFound, operation: "open", path: self.path)
            }
            let existing = try Self.replaceable(at: path)
            try check(existing)
            try state.index.touch(key)
            guard try Disk.remove(path) else { return (nil, false) }
            state.index.set(key, .deleted)
            return (
                try discardSegments(of: existing, &state, unless: nil), state.index.needsFlush
            )
        }
        if isDurable {
            do throws(StorageError) {
                try Disk.synchronizeDirectory(Self.directory(of: path))
            } catch {
                // Nothing was ever written there.
                if error.kind != .notFound { throw error }
            }
        }
        if let replaced { try Disk.removeTree(replaced) }
        maintainIndexIfNeeded(needsFlush)
    }

    /// Changes an object's record and keeps its bytes and its time: tags.
    func update(_ key: [UInt8], _ change: (inout ObjectRecord) throws -> Void) throws {
        // The bytes are copied outside the lock; if the object was replaced meanwhile, it is done again.
        while true {
            let object = try open(key)
            var record = object.record
            try change(&record)
            let upload = ObjectUpload(
                directory: temporaryDirectory, expectedBytes: Int(record.size))
            if record.segments == nil, record.size > Int64(ObjectUpload.memoryBytesMaximum) {
                let segments = try linkSegments(of: object, for: record.key)
                record.segments = segments
            } else if record.segments == nil {
                try object.forEachBlock { try upload.write($0) }
            }
            let before = object.record
            let sealed = try upload.finish().seal(
                record, in: temporaryDirectory, durable: isDurable)
            do {
                try install(sealed, record) { existing in
                    guard existing == before else { throw Changed() }
                } also: { _ in
                }
                return
            } catch is Changed {
                if let made = record.segments, made.set != before.segments?.set {
                    try removeSegments(made)
                }
            }
        }
    }

    private struct Changed: Error {}

    /// The record there, when it can be read: a damaged object may be replaced and deleted.
    private static func replaceable(at path: String) throws -> ObjectRecord? {
        do throws(StorageError) {
            return try ObjectFile.open(path).record
        } catch {
            if error.kind == .notFound || error.kind == .corrupt { return nil }
            throw error
        }
    }

    static func directory(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
    }

    private func makeDirectory(of path: String) throws(StorageError) {
        try Disk.makeDirectory(Self.directory(of: path))
        if isDurable { try Disk.synchronizeDirectory(self.path + "/objects") }
    }

    func snapshot() -> IndexSnapshot { state.withLockedValue { $0.index.snapshot } }
}
