/// The newest entries of an index, sorted, in memory: chunks of at most ``chunkEntries``, so that an insertion
/// moves little and a listing's snapshot (a copy of this value) makes the next writer copy one chunk only.
struct IndexTable: Sendable {
    static let chunkEntries = 256

    struct Item: Sendable {
        let key: [UInt8]
        var entry: IndexEntry
    }

    private(set) var chunks: [[Item]] = []
    private(set) var count = 0

    mutating func set(_ key: [UInt8], _ entry: IndexEntry) {
        guard !chunks.isEmpty else {
            chunks.append([Item(key: key, entry: entry)])
            count = 1
            return
        }
        let chunk = max(0, Self.firstIndex(in: chunks) { !KeyOrder.isLess(key, $0[0].key) } - 1)
        let place = Self.firstIndex(in: chunks[chunk]) { KeyOrder.isLess($0.key, key) }
        if place < chunks[chunk].count, chunks[chunk][place].key == key {
            chunks[chunk][place].entry = entry
            return
        }
        chunks[chunk].insert(Item(key: key, entry: entry), at: place)
        count += 1
        guard chunks[chunk].count > Self.chunkEntries else { return }
        // A load in ascending order would leave half-full chunks behind: split at the end there.
        let isAscending = chunk == chunks.count - 1 && place == chunks[chunk].count - 1
        let half = isAscending ? Self.chunkEntries : Self.chunkEntries / 2
        let upper = Array(chunks[chunk][half...])
        chunks[chunk].removeSubrange(half...)
        chunks.insert(upper, at: chunk + 1)
    }

    func entry(of key: [UInt8]) -> IndexEntry? {
        let (chunk, place) = position(of: key)
        guard chunk < chunks.count, chunks[chunk][place].key == key else { return nil }
        return chunks[chunk][place].entry
    }

    /// Where the first key that is not less than `key` is; `chunks.count` when there is none.
    func position(of key: [UInt8]) -> (chunk: Int, place: Int) {
        guard !chunks.isEmpty else { return (0, 0) }
        let chunk = max(0, Self.firstIndex(in: chunks) { !KeyOrder.isLess(key, $0[0].key) } - 1)
        let place = Self.firstIndex(in: chunks[chunk]) { KeyOrder.isLess($0.key, key) }
        return place < chunks[chunk].count ? (chunk, place) : (chunk + 1, 0)
    }

    /// The first index whose element is not `before`; the elements that are come first.
    private static func firstIndex<Element>(
        in elements: [Element], before: (Element) -> Bool
    ) -> Int {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if before(elements[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
