import Signing

/// One page of a listing of versions, before it becomes a document: by key, the newest of each first.
struct VersionPage {
    struct Version {
        let key: [UInt8]
        let id: String
        let isLatest: Bool
        let entry: IndexEntry
    }

    enum Element {
        case version(Version)
        case prefix([UInt8])
    }

    private(set) var elements: [Element] = []
    private(set) var isTruncated = false
    /// The last key or prefix of the page.
    private(set) var lastKey: [UInt8] = []
    /// The last version of the page; nil when it ends with a prefix.
    private(set) var lastID: String?

    /// A bucket that never had versions: every object is a "null" version.
    init(unversioned page: Listing) {
        elements = page.elements.map { element in
            switch element {
            case .object(let item):
                .version(
                    Version(
                        key: item.key, id: VersionID.null, isLatest: true, entry: item.entry))
            case .prefix(let prefix): .prefix(prefix)
            }
        }
        isTruncated = page.isTruncated
        lastKey = page.last
        if case .version = elements.last { lastID = VersionID.null }
    }

    /// - Parameters:
    ///   - keyMarker: keys up to this are passed over; so are those under it when it is a common prefix itself.
    ///   - idMarker: with it, the versions of the marker's own key that are older than this one belong to the page.
    init(
        _ snapshot: IndexSnapshot, prefix: [UInt8], delimiter: [UInt8], keyMarker: [UInt8],
        idMarker: VersionID?, limit: Int
    ) throws(StorageError) {
        guard limit > 0 else { return }
        let first = VersionKey.prefix(prefix)
        var start = first
        if !keyMarker.isEmpty {
            let after = idMarker.map { VersionKey.of(keyMarker, $0) + [0] }
            let marker = after ?? VersionKey.end(of: keyMarker)
            if KeyOrder.isLess(start, marker) { start = marker }
        }
        // The newest version of a key may be on the page before.
        var latest: [UInt8]?
        if idMarker != nil {
            latest = try snapshot.cursor(from: VersionKey.start(of: keyMarker)).next()?.key
        }
        var previous = idMarker == nil ? [] : keyMarker
        let cursor = try snapshot.cursor(from: start)
        while let item = try cursor.next() {
            guard item.key.starts(with: first), let (key, id) = VersionKey.decode(item.key) else {
                return
            }
            guard let end = Listing.end(of: delimiter, in: key, from: prefix.count) else {
                guard elements.count < limit else {
                    isTruncated = true
                    return
                }
                let isLatest = key != previous || item.key == latest
                elements.append(
                    .version(
                        Version(key: key, id: id.text, isLatest: isLatest, entry: item.entry)))
                previous = key
                lastKey = key
                lastID = id.text
                continue
            }
            let group = Array(key[..<end])
            if group != keyMarker {
                guard elements.count < limit else {
                    isTruncated = true
                    return
                }
                elements.append(.prefix(group))
                lastKey = group
                lastID = nil
            }
            guard let next = KeyOrder.successor(ofPrefix: VersionKey.prefix(group)) else { return }
            try cursor.seek(next)
        }
    }
}
