import Signing

/// One page of a listing, before it becomes a document: keys and common prefixes in one order.
struct Listing {
    enum Element {
        case object(IndexTable.Item)
        case prefix([UInt8])
    }

    private(set) var elements: [Element] = []
    private(set) var isTruncated = false
    /// The last key or prefix of the page.
    private(set) var last: [UInt8] = []

    /// - Parameter after: keys up to this are passed over; so are those under it when it is a common prefix itself.
    init(
        _ snapshot: IndexSnapshot, prefix: [UInt8], delimiter: [UInt8], after: [UInt8], limit: Int
    ) throws(StorageError) {
        guard limit > 0 else { return }
        elements.reserveCapacity(limit)
        var start = prefix
        if !after.isEmpty, !KeyOrder.isLess(after, prefix) { start = after + [0] }
        let cursor = try snapshot.cursor(from: start)
        while let item = try cursor.next() {
            guard item.key.starts(with: prefix) else { return }
            guard
                let end = Self.end(of: delimiter, in: item.key, from: prefix.count)
            else {
                guard elements.count < limit else {
                    isTruncated = true
                    return
                }
                elements.append(.object(item))
                last = item.key
                continue
            }
            let group = Array(item.key[..<end])
            if group != after {
                guard elements.count < limit else {
                    isTruncated = true
                    return
                }
                elements.append(.prefix(group))
                last = group
            }
            guard let next = KeyOrder.successor(ofPrefix: group) else { return }
            try cursor.seek(next)
        }
    }

    /// Where the first delimiter ends; nil when there is none.
    static func end(of delimiter: [UInt8], in key: [UInt8], from start: Int) -> Int? {
        guard let first = delimiter.first, key.count >= start + delimiter.count else { return nil }
        if delimiter.count == 1 {
            return key[start...].firstIndex(of: first).map { $0 + 1 }
        }
        for index in start...(key.count - delimiter.count)
        where key[index] == first && key[index...].starts(with: delimiter) {
            return index + delimiter.count
        }
        return nil
    }
}
