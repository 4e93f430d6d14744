import Dispatch
import Glibc
import S3

/// A listing sorted by key on disk, in constant memory: sorted runs of bounded size, merged as they are
/// read. A listing that fits one run never touches the disk.
///
/// The file is unlinked as soon as it is open, so that nothing is left behind however the process ends.
actor ExternalSort: PageReader {
    static let defaultRunBytes = 4 << 20
    /// Runs merged at once, each with its own read buffer.
    static let mergeWidth = 64

    /// File reads and writes block, so they happen on a queue of their own.
    private let queue = DiskQueue()
    nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

    private let pageObjects: Int
    private let runBytes: Int
    private var buffer: RunBuffer
    private var file: SpillFile?
    private var runs: [SpillFile.Run] = []
    private var merge: RunMerge?

    private init(pageObjects: Int, runBytes: Int) {
        self.pageObjects = pageObjects
        self.runBytes = runBytes
        buffer = RunBuffer()
    }

    /// Reads a listing whole and gives it back sorted, each key once.
    /// - Throws: what the listing throws; `ComparisonError` when the temporary file fails.
    static func sorting(
        _ reader: some PageReader, pageObjects: Int, runBytes: Int = defaultRunBytes
    ) async throws -> ExternalSort {
        let sort = ExternalSort(pageObjects: pageObjects, runBytes: runBytes)
        while true {
            let page = try await reader.next()
            try await sort.add(page.objects)
            if page.isLast { break }
        }
        try await sort.finish()
        return sort
    }

    private func add(_ objects: [ListedObject]) throws {
        for object in objects {
            buffer.append(object)
            if buffer.byteCount >= runBytes { try spill() }
        }
    }

    private func spill() throws {
        guard !buffer.isEmpty else { return }
        let file = try self.file ?? SpillFile()
        self.file = file
        runs.append(try file.append(buffer.takeSorted()))
    }

    private func finish() throws {
        guard let first = file else {
            merge = try RunMerge(memory: buffer.takeSorted())
            return
        }
        try spill()
        var file = first
        while runs.count > Self.mergeWidth {
            // A generation is merged into the next file; the one before goes with its last reference.
            let next = try SpillFile()
            var merged: [SpillFile.Run] = []
            for start in stride(from: 0, to: runs.count, by: Self.mergeWidth) {
                let group = runs[start..<min(start + Self.mergeWidth, runs.count)]
                var merge = try RunMerge(group, of: file)
                var output: [UInt8] = []
                var run = SpillFile.Run(start: next.byteCount, end: next.byteCount)
                while try merge.next({ output.append(contentsOf: $0) }) {
                    if output.count >= SpillFile.blockBytes {
                        run.end = try next.append(output).end
                        output.removeAll(keepingCapacity: true)
                    }
                }
                run.end = try next.append(output).end
                merged.append(run)
            }
            file = next
            runs = merged
        }
        self.file = file
        merge = try RunMerge(runs[...], of: file)
    }

    func next() throws -> SidePage {
        var objects: [ListedObject] = []
        objects.reserveCapacity(pageObjects)
        var isLast = false
        while objects.count < pageObjects {
            guard try merge?.next({ objects.append(SortRecord.decode($0)) }) ?? false else {
                isLast = true
                break
            }
        }
        return SidePage(objects: objects, isLast: isLast, waited: .zero)
    }
}

/// Runs an actor's jobs one after the other, off the cooperative pool.
final class DiskQueue: SerialExecutor {
    private let queue = DispatchQueue(label: "brigade.external-sort")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedSerialExecutor()) }
    }
}
