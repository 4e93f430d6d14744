import Glibc
import NIOConcurrencyHelpers
import Signing
import Synchronization

/// The names in `multipart`: a directory for each upload or segment set, in it a file for each part.
enum MultipartName {
    /// The record of an upload in progress.
    static let upload = "upload"
    /// The same file once an object refers to the set.
    static let completed = "completed"
    static let idCharacters = 32

    /// The first half of the newest id: microseconds since 1970, or more.
    private static let last = Atomic<UInt64>(0)

    /// Greater for each later one of a process, so that uploads that begin in one millisecond are listed as they began;
    /// half of it is random, so that nobody can guess it.
    static func newID() -> String {
        let now = UInt64(max(0, Timestamps.nowMilliseconds())) * 1_000
        var known = last.load(ordering: .relaxed)
        while true {
            let next = max(now, known + 1)
            let (isDone, found) = last.weakCompareExchange(
                expected: known, desired: next, ordering: .relaxed)
            // It is the same text as a version's.
            if isDone { return VersionID(number: next, salt: .random(in: 1 ... .max)).text }
            known = found
        }
    }

    /// Whether a client's upload id may name a directory.
    static func isID(_ text: String) -> Bool {
        text.utf8.count == idCharacters
            && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
    }

    static func file(_ number: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
    }
}

/// A multipart upload that was started and neither completed nor aborted.
struct UploadInProgress: Sendable {
    let id: String
    /// What the object will carry; its time is the upload's start.
    let record: ObjectRecord
}

extension Bucket {
    func directory(ofUpload id: String) -> String { "\(path)/multipart/\(id)" }

    /// Starts an upload; the record carries the headers, metadata and tags of the object to be.
    func createUpload(_ record: ObjectRecord) throws -> String {
        let id = MultipartName.newID()
        let directory = directory(ofUpload: id)
        try Disk.makeDirectory(directory)
        let sealed = try StagedBody.empty.seal(
            record, in: temporaryDirectory, durable: isDurable)
        try sealed.move(to: "\(directory)/\(MultipartName.upload)")
        if isDurable {
            try Disk.synchronizeDirectory(directory)
            try Disk.synchronizeDirectory(path + "/multipart")
        }
        return id
    }

    /// The upload's record; nil when there is no such upload of this key.
    func upload(_ id: String, key: [UInt8]) throws -> ObjectRecord? {
        guard MultipartName.isID(id) else { return nil }
        let record = try Self.record(at: "\(directory(ofUpload: id))/\(MultipartName.upload)")
        return record?.key == key ? record : nil
    }

    /// Stores one part, replacing an earlier one of the same number. false when the upload is gone.
    func commitPart(_ body: StagedBody, _ record: ObjectRecord, number: Int, upload id: String)
        throws -> Bool
    {
        let sealed = try body.seal(record, in: temporaryDirectory, durable: isDurable)
        let directory = directory(ofUpload: id)
        let isStored = try state.withLockedValue { state in
            guard !state.isDeleted, !state.completing.contains(id),
                Disk.exists("\(directory)/\(MultipartName.upload)")
            else { return false }
            try sealed.move(to: "\(directory)/\(MultipartName.file(number))")
            return true
        }
        if isStored, isDurable { try Disk.synchronizeDirectory(directory) }
        return isStored
    }

    /// The record of one part; nil when it was never uploaded.
    func part(_ number: Int, ofUpload id: String) throws -> ObjectRecord? {
        try Self.record(at: "\(directory(ofUpload: id))/\(MultipartName.file(number))")
    }

    /// The numbers of the parts that were uploaded, in order.
    func partNumbers(ofUpload id: String) throws -> [Int] {
        try Disk.names(in: directory(ofUpload: id)).compactMap { Int($0) }.sorted()
    }

    /// Keeps others from changing an upload's parts while `body` completes it. nil when it is gone or being completed.
    func completing<Result>(_ id: String, _ body: () throws -> Result) throws -> Result? {
        let isFirst = state.withLockedValue { state in
            Disk.exists("\(directory(ofUpload: id))/\(MultipartName.upload)")
                && state.completing.insert(id).inserted
        }
        guard isFirst else { return nil }
        defer { state.withLockedValue { _ = $0.completing.remove(id) } }
        return try body()
    }

    /// Makes the object out of its parts, which stay where they are: the cost does not depend on their size.
    ///
    /// - Parameter record: with `segments` naming the upload as its set. Call within ``completing(_:_:)``.
    /// - Returns: the record with its version.
    func complete(
        upload id: String, _ record: ObjectRecord, announce: Announce = { _ in nil },
        check: (ObjectRecord?) throws -> Void
    ) throws -> ObjectRecord {
        let directory = directory(ofUpload: id)
        var record = record
        record.version = try nextVersion(of: record)
        let sealed = try StagedBody.empty.seal(
            record, in: temporaryDirectory, durable: isDurable)
        try install(sealed, record, announce, check: check) {
            try Disk.rename(
                "\(directory)/\(MultipartName.upload)",
                to: "\(directory)/\(MultipartName.completed)")
        }
        let used = Set(record.parts.map(\.number))
        do {
            for number in try partNumbers(ofUpload: id) where !used.contains(number) {
                try Disk.remove("\(directory)/\(MultipartName.file(number))")
            }
        } catch let error as StorageError {
            // Another writer has replaced the object already, and its parts went with it.
            guard error.kind == .notFound else { throw error }
        }
        return record
    }

    /// Removes an upload and its parts. false when there is none, or it is being completed.
    func abort(upload id: String) throws -> Bool {
        let directory = directory(ofUpload: id)
        let isGone = try state.withLockedValue { state in
            guard !state.completing.contains(id) else { return false }
            return try Disk.remove("\(directory)/\(MultipartName.upload)")
        }
        if isGone { try Disk.removeTree(directory) }
        return isGone
    }

    /// The uploads in progress, by key and then by start.
    func uploads() throws -> [UploadInProgress] {
        var found: [UploadInProgress] = []
        for id in try Disk.names(in: path + "/multipart") {
            if let record = try Self.record(
                at: "\(directory(ofUpload: id))/\(MultipartName.upload)")
            {
                found.append(UploadInProgress(id: id, record: record))
            }
        }
        return found.sorted {
            let order = KeyOrder.compare($0.record.key, $1.record.key)
            return order != 0
                ? order < 0
                : ($0.record.modifiedMilliseconds, $0.id)
                    < ($1.record.modifiedMilliseconds, $1.id)
        }
    }

    /// Makes a new segment set out of an open object's files, by hard links: no byte is copied.
    func linkSegments(of object: ReadableObject, for key: [UInt8]) throws -> SegmentList {
        let id = MultipartName.newID()
        let directory = directory(ofUpload: id)
        try Disk.makeDirectory(directory)
        do {
            // So that a start after a crash can tell whether an object refers to the set.
            let owner = try StagedBody.empty.seal(
                ObjectRecord(key: key), in: temporaryDirectory, durable: isDurable)
            try owner.move(to: "\(directory)/\(MultipartName.completed)")
            var segments: [SegmentList.Segment] = []
            for piece in object.pieces(of: 0..<object.record.size) {
                let number = segments.count + 1
                let target = "\(directory)/\(MultipartName.file(number))"
                if let file = piece.file {
                    // The open file, not whatever has its name by now.
                    let source = "/proc/self/fd/\(file.file.descriptor)"
                    guard
                        linkat(AT_FDCWD, source, AT_FDCWD, target, Int32(AT_SYMLINK_FOLLOW)) == 0
                    else { throw StorageError(operation: "link", path: target) }
                } else {
                    try Disk.link(piece.path, to: target)
                }
                segments.append(SegmentList.Segment(number: number, length: piece.length))
            }
            if isDurable { try Disk.synchronizeDirectory(directory) }
            return SegmentList(set: id, segments: segments)
        } catch {
            // Best effort: the next start sweeps what stays.
            try? Disk.removeTree(directory)
            throw error
        }
    }

    /// Removes a set that no object came to refer to.
    func removeSegments(_ list: SegmentList) throws(StorageError) {
        try Disk.removeTree(directory(ofUpload: list.set))
    }

    /// What to remove after an object with segments is gone; nil while a reader needs it.
    func discardSegments(of record: ObjectRecord?, _ state: inout State, unless kept: String?)
        -> String?
    {
        guard let set = record?.segments?.set, set != kept else { return nil }
        if state.readers[set] != nil {
            state.doomed.insert(set)
            return nil
        }
        return directory(ofUpload: set)
    }

    func release(_ set: String) {
        let isDoomed = state.withLockedValue { state in
            let count = state.readers[set, default: 1] - 1
            if count > 0 {
                state.readers[set] = count
                return false
            }
            state.readers[set] = nil
            return state.doomed.remove(set) != nil
        }
        // Best effort: the next start sweeps what stays.
        if isDoomed { try? Disk.removeTree(directory(ofUpload: set)) }
    }

    /// At start: removes the sets that no object refers to, and finishes completions that a crash cut short.
    func sweepUploads() throws {
        var referred: [[UInt8]: (sets: Set<String>, isSure: Bool)] = [:]
        for id in try Disk.names(in: path + "/multipart") {
            let directory = directory(ofUpload: id)
            for state in [MultipartName.completed, MultipartName.upload] {
                let owner: ObjectRecord?
                do throws(StorageError) {
                    owner = try Self.record(at: "\(directory)/\(state)")
                } catch {
                    // Whose it is cannot be told, so it stays; asked for, it is an error.
                    if error.kind == .corrupt { break }
                    throw error
                }
                guard let owner else {
                    if state == MultipartName.upload { try Disk.removeTree(directory) }
                    continue
                }
                let isReferred = try isReferred(id, by: owner.key, &referred)
                if state == MultipartName.completed {
                    if isReferred == false { try Disk.removeTree(directory) }
                } else if isReferred == true {
                    try Disk.rename(
                        "\(directory)/\(state)", to: "\(directory)/\(MultipartName.completed)")
                }
                break
            }
        }
    }

    /// Whether a key's object or one of its versions has its bytes in a set; nil when a damaged one may have them there.
    ///
    /// - Parameter known: the sets of keys with several versions, so that these are read once and not for each set.
    private func isReferred(
        _ set: String, by key: [UInt8], _ known: inout [[UInt8]: (sets: Set<String>, isSure: Bool)]
    ) throws -> Bool? {
        var found = known[key] ?? ([], true)
        if known[key] == nil {
            let files = VersionFiles(key, bucket: path)
            let others = try files.ids()
            for file in [files.current] + others.map(files.file) {
                do throws(StorageError) {
                    if let set = try Self.record(at: file)?.segments?.set {
                        found.sets.insert(set)
                    }
                } catch {
                    guard error.kind == .corrupt else { throw error }
                    found.isSure = false
                }
            }
            if !others.isEmpty { known[key] = found }
        }
        return found.sets.contains(set) ? true : found.isSure ? false : nil
    }
}
