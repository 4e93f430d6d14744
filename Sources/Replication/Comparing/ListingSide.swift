import S3

/// The two sides of a comparison.
enum Side: Int, Sendable, CaseIterable {
    case source, destination
}

/// The keys of one side did not come in byte order.
struct ListingOutOfOrder: Error {
    var side: Side
}

/// Two neighbouring key ranges do not meet: the store does not go on after a key as it lists, or was changed
/// there meanwhile. A key may have fallen between them.
struct RangesDisagree: Error {}

/// Where one side of a key range began and what came after its end, as relative keys.
struct RangeSeam: Sendable {
    /// The first key listed, of whatever range; nil: none.
    var first: ObjectKey?
    /// The first key listed beyond the range; nil: the listing ended before.
    var beyond: ObjectKey?
}

/// One side's page in the join, and the position in it.
struct ListingSide {
    let side: Side
    let prefixCount: Int
    private let prefix: ObjectKey
    private(set) var objects: [ListedObject] = []
    var index = 0
    /// No page follows the current one.
    private(set) var isLast = false
    private(set) var seam = RangeSeam()
    private var previous: ObjectKey?
    /// `previous` was listed, and is not the end of the range before.
    private var hasListed = false

    init(_ side: Side, prefix: ObjectKey, after lower: ObjectKey?) {
        self.side = side
        self.prefix = prefix
        prefixCount = prefix.bytes.count
        // A store that ignores start-after is then seen, and its keys are not counted twice.
        previous = lower.map { prefix + $0 }
    }

    var needsPage: Bool { index == objects.count && !isLast }
    var isFinished: Bool { index == objects.count && isLast }

    /// Takes in a page whose order and prefix are checked, without keys that came before.
    /// - Returns: the relative key it ends with; nil for an empty page.
    mutating func adopt(_ page: SidePage, from source: any ListingSource) throws -> ObjectKey? {
        index = 0
        isLast = page.isLast
        objects = page.objects
        guard let first = objects.first, let last = objects.last else { return nil }
        guard key(first.key, hasPrefix: prefix), key(last.key, hasPrefix: prefix) else {
            throw source.malformed(
                "the listing of \(source.bucket) at \(source.connection) holds a key outside the "
                    + "prefix that was asked for")
        }
        let repeated = try repeatedKeys()
        if repeated > 0 { dropRepeated() }
        if seam.first == nil { seam.first = objects.first?.key.dropping(prefix: prefix) }
        previous = last.key
        hasListed = true
        return last.key.dropping(prefix: prefix)
    }

    /// Cuts the page after this relative key: what is beyond belongs to another range.
    ///
    /// A page that ends exactly there is no end: what follows must be seen, so that nothing between this
    /// range and the next one is missed where a store's order is not that of the bytes.
    mutating func cut(after upper: ObjectKey) {
        guard let last = objects.last,
            compareKeys(last.key, droppingFirst: prefixCount, upper, droppingFirst: 0) > 0
        else { return }
        var low = 0
        var high = objects.count
        while low < high {
            let middle = (low + high) / 2
            let order = compareKeys(
                objects[middle].key, droppingFirst: prefixCount, upper, droppingFirst: 0)
            if order <= 0 { low = middle + 1 } else { high = middle }
        }
        seam.beyond = objects[low].key.dropping(prefix: prefix)
        objects.removeSubrange(low...)
        isLast = true
    }

    /// How many keys equal the one before them, the last one of the page before included.
    private func repeatedKeys() throws -> Int {
        try objects.withUnsafeBufferPointer { objects in
            var repeated = 0
            if let previous {
                let order = compareKeys(previous, objects[0].key)
                if order > 0 {
                    if !hasListed { throw RangesDisagree() }
                    throw ListingOutOfOrder(side: side)
                }
                if order == 0 { repeated += 1 }
            }
            for index in 1..<max(objects.count, 1) {
                let order = compareKeys(objects[index - 1].key, objects[index].key)
                if order > 0 { throw ListingOutOfOrder(side: side) }
                if order == 0 { repeated += 1 }
            }
            return repeated
        }
    }

    private mutating func dropRepeated() {
        var before = previous
        objects.removeAll { object in
            let isRepeated = before.map { compareKeys($0, object.key) == 0 } ?? false
            before = object.key
            return isRepeated
        }
    }
}
