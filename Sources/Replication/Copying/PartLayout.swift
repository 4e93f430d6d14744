import S3

/// How an object's bytes are cut into the parts of a multipart upload.
///
/// Limits: 10,000 parts; 5 GiB a part; 5 MiB at least, but for the last.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
public struct PartLayout: Sendable, Equatable {
    public static let maxParts = 10_000
    public static let maxPartBytes: Int64 = 5 << 30
    public static let minPartBytes: Int64 = 5 << 20
    /// A single PUT and a single CopyObject take as much.
    public static let maxSingleWriteBytes: Int64 = 5 << 30

    public let size: Int64
    public let count: Int
    private let partBytes: Int64
    /// Where each part begins, and the size at the end; empty when all but the last are alike.
    private let offsets: [Int64]

    /// Parts of one size, the last one shorter or equal.
    ///
    /// - Parameter partBytes: Above 0.
    public init(size: Int64, partBytes: Int64) {
        precondition(size >= 0 && partBytes > 0)
        self.size = size
        // One part is the same however large it might have been.
        self.partBytes = min(partBytes, max(size, 1))
        count = max(1, Int((size + partBytes - 1) / partBytes))
        offsets = []
    }

    /// Parts of the sizes given, in order. nil when there are none, or too many.
    public init?(sizes: [Int64]) {
        guard !sizes.isEmpty, sizes.count <= Self.maxParts, sizes.allSatisfy({ $0 >= 0 })
        else { return nil }
        let total = sizes.reduce(0, +)
        if sizes.dropLast().allSatisfy({ $0 == sizes[0] }), sizes[sizes.count - 1] <= sizes[0],
            sizes[sizes.count - 1] > 0 || sizes.count == 1
        {
            self.init(size: total, partBytes: max(1, sizes[0]))
            return
        }
        var offsets: [Int64] = [0]
        offsets.reserveCapacity(sizes.count + 1)
        for size in sizes { offsets.append(offsets[offsets.count - 1] + size) }
        self.init(offsets: offsets)
    }

    private init(offsets: [Int64]) {
        size = offsets[offsets.count - 1]
        count = offsets.count - 1
        partBytes = 0
        self.offsets = offsets
    }

    /// True when all parts but the last are of one size: what every store takes.
    public var isRegular: Bool { offsets.isEmpty }

    /// - Parameter number: 1...count.
    public func length(of number: Int) -> Int64 { end(of: number) - start(of: number) }

    /// nil for an empty part: no range names it.
    public func range(of number: Int) -> ClosedRange<Int64>? {
        let start = start(of: number)
        let end = end(of: number)
        return start < end ? start...(end - 1) : nil
    }

    func end(of number: Int) -> Int64 {
        offsets.isEmpty ? min(size, Int64(number) * partBytes) : offsets[number]
    }

    private func start(of number: Int) -> Int64 {
        offsets.isEmpty ? Int64(number - 1) * partBytes : offsets[number - 1]
    }

    /// A layout of our own choice.
    ///
    /// - Parameter wanted: Part size; nil: 16 MiB, or what 10,000 parts need.
    public static func chosen(size: Int64, wanted: Int64?) -> PartLayout {
        let mebibyte: Int64 = 1 << 20
        let needed = (size + Int64(maxParts) - 1) / Int64(maxParts)
        let floor = (needed + mebibyte - 1) / mebibyte * mebibyte
        let partBytes = max(wanted.map { max($0, minPartBytes) } ?? (16 << 20), floor)
        return PartLayout(size: size, partBytes: min(partBytes, maxPartBytes))
    }

    /// The layout of an object whose first part's size is known, when all its parts may be of
    /// that size; nil when they cannot be.
    public static func regular(size: Int64, count: Int, firstPartBytes: Int64) -> PartLayout? {
        guard firstPartBytes > 0 || size == 0 else { return nil }
        let layout = PartLayout(size: size, partBytes: max(1, firstPartBytes))
        return layout.count == count ? layout : nil
    }
}
