import S3

extension ObjectFilter {
    /// - Throws: `ComparisonError.invalidFilter`, which names the glob and why it cannot be read.
    public func validate() throws(ComparisonError) {
        _ = try ObjectMatcher(self, nowMilliseconds: 0)
    }
}

/// An `ObjectFilter` compiled once, to be asked for every key. An exclude wins over an include; with any
/// include a key must match one. Sizes and ages are the source object's. Bounds are inclusive.
///
/// Globs: `*` within a segment, `**` over segments, `?`, `[a-z]`, `[!a-z]`, `{a,b}`, `\` before a byte
/// that is meant as it is. A glob without `/` matches the last segment; `folder/` matches everything
/// below a folder of that name; a leading `/` anchors to the top. Case matters.
/// Cost: a few nanoseconds a byte of the key, whatever the globs say.
public struct ObjectMatcher: Sendable {
    /// The filter lets every object pass.
    public let matchesEverything: Bool
    /// The filter lets every key pass; sizes and ages may still matter.
    public let matchesEveryName: Bool
    private let include: GlobSet?
    private let exclude: GlobSet?
    private let sizes: ClosedRange<Int64>
    /// Unix milliseconds.
    private let modified: ClosedRange<Int64>

    /// - Parameter nowMilliseconds: Unix milliseconds that ages are counted from.
    /// - Throws: `ComparisonError.invalidFilter`.
    public init(_ filter: ObjectFilter, nowMilliseconds: Int64) throws(ComparisonError) {
        include = filter.include.isEmpty ? nil : try GlobSet(filter.include)
        exclude = filter.exclude.isEmpty ? nil : try GlobSet(filter.exclude)
        let minSize = filter.minSize ?? 0
        let maxSize = filter.maxSize ?? .max
        guard minSize <= maxSize else {
            throw ComparisonError(
                kind: .invalidFilter,
                message: "the filter's smallest size \(minSize) is above its largest \(maxSize)")
        }
        sizes = minSize...maxSize
        let newest = filter.minAge.map { nowMilliseconds - Self.milliseconds($0) } ?? .max
        let oldest = filter.maxAge.map { nowMilliseconds - Self.milliseconds($0) } ?? .min
        guard oldest <= newest else {
            throw ComparisonError(
                kind: .invalidFilter, message: "the filter's least age is above its greatest")
        }
        modified = oldest...newest
        matchesEveryName = include == nil && exclude == nil
        matchesEverything =
            matchesEveryName && filter.minSize == nil && filter.maxSize == nil
            && filter.minAge == nil && filter.maxAge == nil
    }

    /// By name alone: what can be asked of a key that the source does not have.
    public func matches(_ relative: ObjectKey) -> Bool { matches(relative, droppingFirst: 0) }

    /// - Parameter lastModified: the source's, Unix milliseconds.
    public func matches(_ relative: ObjectKey, size: Int64, lastModified: Int64) -> Bool {
        sizes.contains(size) && modified.contains(lastModified) && matches(relative)
    }

    /// By size: what the filter would not have copied here is none of the rule's. The age is no help: a copy is younger
    /// than its source.
    func couldMatch(_ object: ListedObject) -> Bool { sizes.contains(object.size) }

    func matches(_ object: ListedObject, droppingFirst prefix: Int) -> Bool {
        sizes.contains(object.size) && modified.contains(object.lastModified)
            && (matchesEveryName || matches(object.key, droppingFirst: prefix))
    }

    func matches(_ key: ObjectKey, droppingFirst prefix: Int) -> Bool {
        key.bytes.withUnsafeBytes { bytes in
            let relative = UnsafeRawBufferPointer(rebasing: bytes[prefix...])
            if let exclude, exclude.matches(relative) { return false }
            return include?.matches(relative) ?? true
        }
    }

    /// Capped where it would overflow: whoever writes such an age means more than all time.
    private static func milliseconds(_ duration: Duration) -> Int64 {
        let most = Int64.max / 4_000
        let (seconds, attoseconds) = duration.components
        guard seconds.magnitude < most.magnitude else { return seconds.signum() * most * 1000 }
        return seconds * 1000 + attoseconds / 1_000_000_000_000_000
    }
}

/// Globs of which one must match: those that match last segments, and those that match whole keys.
private struct GlobSet: Sendable {
    private let names: GlobProgram?
    private let paths: GlobProgram?

    init(_ patterns: [String]) throws(ComparisonError) {
        var globs: [Glob] = []
        for pattern in patterns { globs.append(try Glob(pattern)) }
        let names = globs.filter(\.isName)
        let paths = globs.filter { !$0.isName }
        self.names = names.isEmpty ? nil : GlobProgram(names)
        self.paths = paths.isEmpty ? nil : GlobProgram(paths)
    }

    func matches(_ key: UnsafeRawBufferPointer) -> Bool {
        if let names {
            let start = key.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0
            if names.matches(UnsafeRawBufferPointer(rebasing: key[start...])) { return true }
        }
        return paths?.matches(key) ?? false
    }
}
