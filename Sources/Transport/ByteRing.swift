/// A bounded queue of bytes in one block of memory, which is read into and sent from where it lies.
/// Confined to an engine thread.
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

    /// The free bytes that the next ones go to, as far as they are in one piece. `commit` says how many were filled.
    var vacant: UnsafeMutableRawBufferPointer {
        let end = (start + count) % capacity
        return UnsafeMutableRawBufferPointer(
            rebasing: memory[end..<min(end + free, capacity)])
    }

    mutating func commit(_ added: Int) { count += added }

    /// The oldest bytes, as far as they are in one piece. They stay where they are until `consume`.
    var filled: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(
            rebasing: UnsafeRawBufferPointer(memory)[start..<min(start + count, capacity)])
    }

    mutating func consume(_ taken: Int) {
        count -= taken
        // An empty ring starts over: the next blocks are in one piece.
        start = count == 0 ? 0 : (start + taken) % capacity
    }

    /// Adds the whole block, or nothing and returns false.
    mutating func put(_ block: UnsafeRawBufferPointer) -> Bool {
        guard block.count <= free else { return false }
        var rest = block[...]
        while !rest.isEmpty {
            let piece = rest.prefix(vacant.count)
            vacant.copyMemory(from: UnsafeRawBufferPointer(rebasing: piece))
            commit(piece.count)
            rest = rest.dropFirst(piece.count)
        }
        return true
    }
}
