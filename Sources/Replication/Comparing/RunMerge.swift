/// Merges sorted runs into one, each key once: of equal keys the one that was listed first.
struct RunMerge {
    private var readers: [RunReader]
    /// Indices of readers with a record, as a binary heap with the least key on top.
    private var heap: [Int] = []
    private var lastRecord: [UInt8] = []

    init(_ runs: ArraySlice<SpillFile.Run>, of file: SpillFile) throws {
        readers = runs.map { RunReader(file: file, offset: $0.start, end: $0.end) }
        try start()
    }

    /// One run that is still in memory.
    init(memory: [UInt8]) throws {
        readers = [RunReader(memory: memory)]
        try start()
    }

    private mutating func start() throws {
        for index in readers.indices where try readers[index].prepare() {
            heap.append(index)
            var child = heap.count - 1
            while child > 0, precedes(heap[child], heap[(child - 1) / 2]) {
                heap.swapAt(child, (child - 1) / 2)
                child = (child - 1) / 2
            }
        }
    }

    /// Hands over the next record; false at the end.
    mutating func next(_ consume: (UnsafeRawBufferPointer) -> Void) throws -> Bool {
        while let top = heap.first {
            let isRepeated =
                !lastRecord.isEmpty
                && lastRecord.withUnsafeBytes { last in
                    readers[top].withRecord { SortRecord.compareKeys(last, $0) == 0 }
                }
            if !isRepeated {
                readers[top].withRecord { record in
                    consume(record)
                    lastRecord.removeAll(keepingCapacity: true)
                    lastRecord.append(contentsOf: record)
                }
            }
            if try !readers[top].advance() {
                heap[0] = heap[heap.count - 1]
                heap.removeLast()
            }
            sink()
            if !isRepeated { return true }
        }
        return false
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
                if precedes(heap[child], heap[least]) { least = child }
            }
            if least == parent { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        let order = readers[a].withRecord { left in
            readers[b].withRecord { SortRecord.compareKeys(left, $0) }
        }
        // Runs are in the order they were listed.
        return order == 0 ? a < b : order < 0
    }
}

/// Reads one run record by record.
private struct RunReader {
    private let file: SpillFile?
    private var offset: Int
    private let end: Int
    private var buffer: [UInt8]
    private var position = 0

    init(file: SpillFile, offset: Int, end: Int) {
        self.file = file
        self.offset = offset
        self.end = end
        buffer = []
    }

    init(memory: [UInt8]) {
        file = nil
        offset = 0
        end = 0
        buffer = memory
    }

    func withRecord<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        buffer.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[position...])
            return body(UnsafeRawBufferPointer(rebasing: rest[..<SortRecord.count(rest)]))
        }
    }

    /// Steps to the next record; false at the end.
    mutating func advance() throws -> Bool {
        position += withRecord { $0.count }
        return try prepare()
    }

    /// Makes sure that the record at the position is whole in the buffer; false at the end.
    mutating func prepare() throws -> Bool {
        try fill(SortRecord.headerBytes)
        guard buffer.count - position >= SortRecord.headerBytes else { return false }
        let count = buffer.withUnsafeBytes {
            SortRecord.count(UnsafeRawBufferPointer(rebasing: $0[position...]))
        }
        try fill(count)
        return true
    }

    private mutating func fill(_ wanted: Int) throws {
        guard let file, buffer.count - position < wanted, offset < end else { return }
        buffer.removeFirst(position)
        position = 0
        let count = min(max(SpillFile.blockBytes, wanted - buffer.count), end - offset)
        try file.read(count, at: offset, into: &buffer)
        offset += count
    }
}
