import Glibc

/// The files of one key: the current version's in `objects`, those of the others in a folder of their own.
/// Every step is one call of the file system, so that a process killed between two leaves only what ``mend()`` mends.
struct VersionFiles: Sendable {
    /// The file of the current version.
    let current: String
    /// The directory of the others, which is there only while there are any.
    let folder: String

    /// - Parameter name: the key's place in `objects`: `XX/YYY`.
    init(bucket: String, name: String) {
        current = "\(bucket)/objects/\(name)"
        folder = "\(bucket)/versions/\(name)"
    }

    init(_ key: [UInt8], bucket: String) {
        current = Bucket.path(of: key, in: bucket)
        folder =
            "\(bucket)/versions/\(current.dropFirst(bucket.utf8.count + "/objects/".utf8.count))"
    }

    /// Where a version lies that is not the current one.
    func file(_ id: String) -> String { "\(folder)/\(id)" }

    /// The names in the folder: ids, in no order.
    func ids() throws(StorageError) -> [String] {
        do throws(StorageError) {
            return try Disk.names(in: folder)
        } catch {
            if error.kind == .notFound { return [] }
            throw error
        }
    }

    /// Gives the current version its place among the others as well; the next one is then renamed over it.
    ///
    /// - Returns: whether the folder had to be made.
    func keepCurrent(as id: VersionID) throws(StorageError) -> Bool {
        let target = file(id.text)
        var isNew = false
        do throws(StorageError) {
            try Disk.link(current, to: target)
        } catch {
            switch error.kind {
            case .notFound:
                try Disk.makePath(folder)
                isNew = true
            case .alreadyExists:
                // Of a commit that failed after this step.
                try Disk.remove(target)
            default: throw error
            }
            try Disk.link(current, to: target)
        }
        return isNew
    }

    /// Makes the newest of the others the current version, in one step; false when there are no others. Its record is nil
    /// when it cannot be read.
    func promote() throws(StorageError) -> (isDone: Bool, record: ObjectRecord?) {
        var newest: (path: String, id: VersionID)?
        for name in try ids() {
            let path = file(name)
            // Only the text of a "null" version does not tell its number.
            var id = VersionID(name)
            if id == nil { id = try Bucket.readable(at: path)?.versionID }
            guard let id, newest == nil || id.number > newest?.id.number ?? 0 else { continue }
            newest = (path, id)
        }
        guard let newest else { return (false, nil) }
        let record = try Bucket.readable(at: newest.path)
        try Disk.rename(newest.path, to: current)
        removeEmptyFolder()
        return (true, record)
    }

    /// After a version was taken out of the folder.
    func removeEmptyFolder() { rmdir(folder) }

    /// Ends what a crash cut short: a link of what is still current, a "null" version that the current one replaced,
    /// a key whose newest version is not where it belongs.
    func mend() throws(StorageError) {
        if let record = try Bucket.readable(at: current) {
            if try Disk.remove(file(record.versionID.text)) { removeEmptyFolder() }
        } else if !Disk.exists(current) {
            _ = try promote()
        }
    }
}
