import Glibc

/// The sorted list of a bucket's keys: the newest entries in memory, older ones in immutable runs on disk. It only
/// serves listings; the object files are the truth.
///
/// Every change is first noted in a log: the key alone. After a crash the keys in the log are looked up in the
/// object files, so the index agrees with them whichever of the two had been reached.
struct BucketIndex {
    /// Entries held in memory before they become a run: about 150 bytes each with a key of 40.
    static let tableEntriesMaximum = 16_384

    private let directory: String
    private(set) var table = IndexTable()
    private(set) var frozen: IndexTable?
    /// Oldest first.
    private(set) var runs: [IndexRun] = []
    private var log: IndexLog
    private var logNumber: Int
    private var nextNumber: Int
    private var isMaintained = false

    /// Opens the index, and brings it up to date with what the logs of an interrupted process name.
    ///
    /// - Parameter find: the entry of a key's object file, nil when there is none.
    init(
        directory: String, rebuilds: Bool, allKeys: ((inout BucketIndex) throws -> Void)?,
        find: ([UInt8]) throws -> IndexEntry?
    ) throws {
        self.directory = directory
        try Disk.makeDirectory(directory)
        var runNumbers: [Int] = []
        var firstLog = 0
        let manifest = "\(directory)/MANIFEST"
        if !rebuilds, Disk.exists(manifest) {
            (runNumbers, firstLog) = try Self.parse(Disk.contents(of: manifest), of: manifest)
        }
        var logs: [Int] = []
        var highest = firstLog
        for name in try Disk.names(in: directory) {
            let pieces = name.split(separator: "-")
            guard pieces.count == 2, let number = Int(pieces[1]) else {
                if name != "MANIFEST" { try Disk.remove("\(directory)/\(name)") }
                continue
            }
            highest = max(highest, number)
            if pieces[0] == "log", number >= firstLog, !rebuilds {
                logs.append(number)
            } else if pieces[0] != "run" || !runNumbers.contains(number) {
                try Disk.remove("\(directory)/\(name)")
            }
        }
        for number in runNumbers {
            runs.append(try IndexRun(path: "\(directory)/run-\(number)", number: number))
        }
        logNumber = highest + 1
        nextNumber = highest + 2
        log = try IndexLog("\(directory)/log-\(logNumber)")
        if let allKeys { try allKeys(&self) }
        for number in logs.sorted() {
            for key in try IndexLog.keys(in: "\(directory)/log-\(number)") {
                table.set(key, try find(key) ?? .deleted)
            }
        }
        // Without a manifest the next start would take the index for lost.
        if table.count > 0 || !Disk.exists(manifest) || rebuilds { try flushNow() }
        for number in logs { try Disk.remove("\(directory)/log-\(number)") }
    }

    /// Whether the manifest and every run can be read. Takes about as long as reading the runs: 0.1 s for a million keys.
    static func isWhole(_ directory: String) throws(StorageError) -> Bool {
        do throws(StorageError) {
            let manifest = "\(directory)/MANIFEST"
            for number in try parse(Disk.contents(of: manifest), of: manifest).runs {
                try IndexRun(path: "\(directory)/run-\(number)", number: number).check()
            }
            return true
        } catch {
            if error.kind == .corrupt || error.kind == .notFound { return false }
            throw error
        }
    }

    /// Notes that `key` is about to change. Must come before the object file changes.
    mutating func touch(_ key: [UInt8]) throws(StorageError) { try log.append(key) }

    mutating func set(_ key: [UInt8], _ entry: IndexEntry) { table.set(key, entry) }

    /// Whether there is anything that only its log would bring back.
    var holdsMemory: Bool { table.count > 0 || frozen != nil }

    var needsFlush: Bool { table.count >= Self.tableEntriesMaximum && !isMaintained }

    /// The index as it is now, to be walked without the lock.
    var snapshot: IndexSnapshot { IndexSnapshot(table: table, frozen: frozen, runs: runs) }

    /// Writes all that is in memory to a run, while nothing else uses the index.
    mutating func flushNow() throws {
        guard let job = try beginFlush(always: true) else { return }
        try endFlush(job, try job.write())
        while let merge = nextMerge() { try endMerge(merge, try merge.write()) }
        isMaintained = false
    }
}

/// One moment of an index.
struct IndexSnapshot: Sendable {
    let table: IndexTable
    let frozen: IndexTable?
    let runs: [IndexRun]

    func cursor(from start: [UInt8]) throws(StorageError) -> MergedCursor {
        var cursors = [IndexCursor(table, from: start)]
        if let frozen { cursors.append(IndexCursor(frozen, from: start)) }
        for run in runs.reversed() { cursors.append(try IndexCursor(run, from: start)) }
        return MergedCursor(cursors, keepsDeleted: false)
    }
}

extension BucketIndex {
    /// Work on runs that is done without the lock: the entries of `sources` become the run `number`.
    struct RunJob: Sendable {
        let number: Int
        let path: String
        let table: IndexTable?
        let merged: [IndexRun]
        let keepsDeleted: Bool

        func write() throws(StorageError) -> IndexRun {
            var cursors: [IndexCursor] = []
            if let table { cursors.append(IndexCursor(table, from: [])) }
            for run in merged.reversed() { cursors.append(try IndexCursor(run, from: [])) }
            return try IndexRun.write(
                MergedCursor(cursors, keepsDeleted: keepsDeleted), to: path, number: number)
        }
    }

    /// Sets the table aside (it stays readable) and starts a new log. nil when there is nothing to do, or it is being done.
    mutating func beginFlush(always: Bool = false) throws -> RunJob? {
        guard !isMaintained, always || table.count >= Self.tableEntriesMaximum || frozen != nil
        else { return nil }
        if frozen == nil {
            log = try IndexLog("\(directory)/log-\(nextNumber)")
            logNumber = nextNumber
            nextNumber += 1
            frozen = table
            table = IndexTable()
        }
        isMaintained = true
        return job(table: frozen, merged: [])
    }

    mutating func endFlush(_ job: RunJob, _ run: IndexRun) throws {
        runs.append(run)
        frozen = nil
        try writeManifest()
        for name in try Disk.names(in: directory) where name.hasPrefix("log-") {
            if let number = Int(name.dropFirst(4)), number < logNumber {
                try Disk.remove("\(directory)/\(name)")
            }
        }
    }

    /// The two newest runs, when the newer has grown to half the older: each entry is then rewritten about
    /// log2(entries / 16,384) times, and there are never more than about that many runs.
    mutating func nextMerge() -> RunJob? {
        guard runs.count >= 2,
            runs[runs.count - 1].entryCount * 2 >= runs[runs.count - 2].entryCount
        else { return nil }
        return job(table: nil, merged: Array(runs.suffix(2)))
    }

    mutating func endMerge(_ job: RunJob, _ run: IndexRun) throws {
        runs.removeLast(2)
        runs.append(run)
        try writeManifest()
        for old in job.merged { try Disk.remove(old.path) }
    }

    /// After a failure too: the next change tries again.
    mutating func endMaintenance() { isMaintained = false }

    private mutating func job(table: IndexTable?, merged: [IndexRun]) -> RunJob {
        defer { nextNumber += 1 }
        let includesOldest = merged.first.map { $0 === runs.first } ?? runs.isEmpty
        return RunJob(
            number: nextNumber, path: "\(directory)/run-\(nextNumber)", table: table,
            merged: merged, keepsDeleted: !includesOldest)
    }

    private func writeManifest() throws(StorageError) {
        var writer = ByteWriter()
        writer.append(Int64(logNumber))
        for run in runs { writer.append(Int64(run.number)) }
        try Disk.replace(
            "\(directory)/MANIFEST", with: SealedBytes.seal(writer.bytes), durable: true)
    }

    private static func parse(_ bytes: [UInt8], of path: String) throws(StorageError)
        -> (runs: [Int], firstLog: Int)
    {
        // One of the time before there were seals has eight bytes a number and no more.
        let numbers = bytes.count % 8 == 0 ? bytes : SealedBytes.open(bytes)
        var reader = ByteReader(numbers?[...] ?? [])
        guard let firstLog: Int64 = reader.integer() else {
            throw StorageError(.corrupt, operation: "read", path: path)
        }
        var runs: [Int] = []
        while let number: Int64 = reader.integer() { runs.append(Int(number)) }
        return (runs, Int(firstLog))
    }
}
