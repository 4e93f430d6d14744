/// A bounded queue of bytes in one block of memory. Confined to an engine thread.
struct ByteRing: ~Copyable {
    private let memory: UnsafeMutableRawBufferPointer
    private var start = 0
    private(set) var count = 0

    init(capacity: Int) {
        memory = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { memory.deallocate() }

    var capacity: Int { memory.count }
    var free: Int { memory.count - count }

    /// Adds the whole block, or nothing and returns false.
    mutating func put(_ block: UnsafeRawBufferPointer) -> Bool {
        guard block.count <= free else { return false }
        let end = (start + count) % capacity
        let first = min(block.count, capacity - end)
        copy(UnsafeRawBufferPointer(rebasing: block[..<first]), to: end)
        copy(UnsafeRawBufferPointer(rebasing: block[first...]), to: 0)
        count += block.count
        return true
    }

    /// Moves as many bytes as there are and fit, and returns how many.
    mutating func take(into room: UnsafeMutableRawBufferPointer) -> Int {
        let taken = min(room.count, count)
        let first = min(taken, capacity - start)
        room.copyMemory(
            from: UnsafeRawBufferPointer(rebasing: memory[start..<(start + first)]))
        UnsafeMutableRawBufferPointer(rebasing: room[first...]).copyMemory(
            from: UnsafeRawBufferPointer(rebasing: memory[..<(taken - first)]))
        start = (start + taken) % capacity
        count -= taken
        // An empty ring starts over: the next blocks are in one piece.
        if count == 0 { start = 0 }
        return taken
    }

    private func copy(_ bytes: UnsafeRawBufferPointer, to offset: Int) {
        guard !bytes.isEmpty else { return }
        UnsafeMutableRawBufferPointer(rebasing: memory[offset...]).copyMemory(from: bytes)
    }
}
