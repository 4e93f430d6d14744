import S3

/// What two listings say of one key that both have.
struct PairRules: Sendable {
    private let isFull: Bool
    /// MD5-shaped ETags are MD5s on both sides, as far as is known.
    private let comparesSingle: Bool
    /// "-N" ETags are built from part MD5s on both sides, as far as is known.
    private let comparesMultipart: Bool

    init(source: Dialect, destination: Dialect, isFull: Bool) {
        self.isFull = isFull
        comparesSingle = source.singleETagIsMD5 != .no && destination.singleETagIsMD5 != .no
        comparesMultipart =
            source.hasStandardMultipartETags && destination.hasStandardMultipartETags
    }

    /// `.same`, `.copy` or `.look`; costs no allocation.
    @inline(__always)
    func verdict(_ source: ListedObject, _ destination: ListedObject) -> Difference.Verdict {
        if isFull { return .look(reason: "a full comparison looks at every object") }
        if source.size != destination.size { return .copy(reason: "size differs") }
        guard areComparable(source.eTag, destination.eTag) else {
            return .look(reason: "ETags cannot be compared")
        }
        if source.eTag.value != destination.eTag.value {
            return .copy(reason: "content differs")
        }
        if source.lastModified.mayFollow(destination.lastModified) {
            return .look(reason: "source is not older: metadata may differ")
        }
        return .same
    }

    @inline(__always)
    func areComparable(_ source: ETag, _ destination: ETag) -> Bool {
        if source.isMD5Shaped { return comparesSingle && destination.isMD5Shaped }
        guard let parts = source.partCount else { return false }
        return comparesMultipart && destination.partCount == parts
    }
}
