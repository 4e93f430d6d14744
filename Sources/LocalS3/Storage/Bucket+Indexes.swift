import NIOConcurrencyHelpers

extension Bucket {
    func snapshot() -> IndexSnapshot { state.withLockedValue { $0.index.snapshot } }

    /// All versions; nil when the bucket never had any.
    func versionsSnapshot() -> IndexSnapshot? { state.withLockedValue { $0.versions?.snapshot } }

    /// Opens the index of versions, and brings it up to date with the files.
    static func openVersions(
        _ path: String, rebuilds: Bool, fill: ((inout BucketIndex) throws -> Void)?
    ) throws -> BucketIndex {
        try BucketIndex(
            directory: path + "/versions-index", rebuilds: rebuilds, allKeys: fill,
            find: { bytes in
                guard let (key, id) = VersionKey.decode(bytes) else { return nil }
                let files = VersionFiles(key, bucket: path)
                for file in [files.current, files.file(id.text)] {
                    if let record = try readable(at: file), record.versionID == id {
                        return IndexEntry(record)
                    }
                }
                return nil
            })
    }

    /// Adds every object that the folder holds: for a machine that went down, whose index may not be whole.
    static func index(_ index: inout BucketIndex, objectsOf path: String) throws {
        for directory in try Disk.names(in: path + "/objects") {
            for name in try Disk.names(in: "\(path)/objects/\(directory)") {
                let file = "\(path)/objects/\(directory)/\(name)"
                guard let record = try readable(at: file), !record.isDeleteMarker else { continue }
                index.set(record.key, IndexEntry(record))
                if index.needsFlush { try index.flushNow() }
            }
        }
    }

    /// Adds every version that the folder holds.
    static func index(_ index: inout BucketIndex, versionsOf path: String) throws {
        for directory in try Disk.names(in: path + "/objects") {
            for name in try Disk.names(in: "\(path)/objects/\(directory)") {
                let files = VersionFiles(bucket: path, name: "\(directory)/\(name)")
                for file in try [files.current] + files.ids().map(files.file) {
                    guard let record = try readable(at: file) else { continue }
                    index.set(VersionKey.of(record.key, record.versionID), IndexEntry(record))
                }
                if index.needsFlush { try index.flushNow() }
            }
        }
    }

    /// Adds the objects of a bucket that had no versions until now.
    static func index(_ index: inout BucketIndex, nullVersionsOf objects: IndexSnapshot) throws {
        let cursor = try objects.cursor(from: [])
        while let item = try cursor.next() {
            var record = ObjectRecord(key: item.key)
            record.modifiedMilliseconds = item.entry.modifiedMilliseconds
            index.set(VersionKey.of(item.key, record.versionID), item.entry)
            if index.needsFlush { try index.flushNow() }
        }
    }

    /// Ends what a crash of the machine cut short, whose logs may be lost.
    static func mendAll(_ path: String) throws {
        guard Disk.exists(path + "/versions") else { return }
        for directory in try Disk.names(in: path + "/versions") {
            for name in try Disk.names(in: "\(path)/versions/\(directory)") {
                try VersionFiles(bucket: path, name: "\(directory)/\(name)").mend()
            }
        }
    }
}
