import NIOConcurrencyHelpers

extension Bucket {
    /// Changes the record of an object's version and keeps its bytes and its time: tags.
    ///
    /// - Returns: the record as it is now.
    @discardableResult
    func update(
        _ key: [UInt8], version: String? = nil, announce: Announce = { _ in nil },
        _ change: (inout ObjectRecord) throws -> Void
    ) throws -> ObjectRecord {
        // The bytes are copied outside the lock; if the object was replaced meanwhile, it is done again.
        while true {
            let object = try open(key, version: version)
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
            if try exchange(before, for: record, sealed, announce) { return record }
            if let made = record.segments, made.set != before.segments?.set {
                try removeSegments(made)
            }
        }
    }

    /// Puts a record that was changed in the place of the old one; false when that is not there any more.
    private func exchange(
        _ before: ObjectRecord, for record: ObjectRecord, _ sealed: TemporaryFile,
        _ announce: Announce
    ) throws -> Bool {
        let rest: CommitRest? = try state.withLockedValue { state in
            guard !state.isDeleted else {
                throw StorageError(.notFound, operation: "open", path: path)
            }
            var path = path(of: record.key)
            let isCurrent = try Self.readable(at: path) == before
            if !isCurrent {
                path = VersionFiles(record.key, bucket: self.path).file(record.versionID.text)
                guard state.versions != nil, try Self.readable(at: path) == before else {
                    return nil
                }
            }
            let versionKey = VersionKey.of(record.key, record.versionID)
            if isCurrent { try state.index.touch(record.key) }
            try state.versions?.touch(versionKey)
            return try announcing(announce, Change(.stored, record)) {
                try sealed.move(to: path)
                if isCurrent { state.index.set(record.key, IndexEntry(record)) }
                state.versions?.set(versionKey, IndexEntry(record))
                return CommitRest(
                    directories: [Self.directory(of: path)],
                    segments: discardSegments(of: before, &state, unless: record.segments?.set),
                    needsFlush: state.needsFlush)
            }
        }
        guard let rest else { return false }
        try finish(rest)
        return true
    }
}
