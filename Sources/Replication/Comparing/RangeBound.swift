import S3

/// How far one range's join has come and where it must stop. The bound may come down while the join
/// runs, when the rest of its keys is given to other ranges; it never passes what was taken in.
actor RangeBound {
    /// The greatest relative key of any page taken in, of either side.
    private var reached: ObjectKey?
    /// The last relative key of this range; nil: it has no end.
    private(set) var upper: ObjectKey?

    init(upper: ObjectKey? = nil) { self.upper = upper }

    /// Tells that a page up to this relative key is taken in; returns the bound to cut it at.
    func reach(_ key: ObjectKey) -> ObjectKey? {
        if reached.map({ compareKeys($0, key) < 0 }) ?? true { reached = key }
        return upper
    }

    /// Ends this range at the first of the sorted boundaries that is still ahead; returns the ones
    /// that are.
    func split(at boundaries: [ObjectKey]) -> [ObjectKey] {
        let ahead = boundaries.filter { boundary in
            reached.map { compareKeys($0, boundary) < 0 } ?? true
        }
        if let first = ahead.first { upper = first }
        return ahead
    }
}
