import Glibc

/// Keeps the segment files of an object that is being read, also when it is replaced or deleted meanwhile.
final class SegmentLease: Sendable {
    private let bucket: Bucket
    private let set: String

    init(bucket: Bucket, set: String) {
        self.bucket = bucket
        self.set = set
    }

    deinit { bucket.release(set) }
}

/// An object opened for reading: it stays as it was when it was opened.
struct ReadableObject: Sendable {
    /// A stretch of one file.
    struct Piece: Sendable {
        let path: String
        /// The file, when it is already open.
        let file: DataFile?
        let offset: Int64
        let length: Int64

        var range: Range<Int64> { offset..<offset + length }

        func open() throws(StorageError) -> DataFile {
            if let file { return file }
            return DataFile(try ObjectFile.open(path))
        }
    }

    /// So much of a body is checked and given to the kernel at once; a client that takes none of it for the idle time is
    /// given up.
    static let stepBytes: Int64 = 1 << 20

    let record: ObjectRecord
    let small: [UInt8]?
    private let data: DataFile
    private let lease: SegmentLease?
    private let setDirectory: String

    /// - Parameter segments: the directory of the object's segment set; "" when it has none.
    init(object: StoredObject, lease: SegmentLease? = nil, segments: String = "") {
        record = object.record
        small = record.segments == nil ? object.small : nil
        data = DataFile(object)
        self.lease = lease
        setDirectory = segments
    }

    /// The stretches that make up `range` of the object, in order.
    func pieces(of range: Range<Int64>) -> [Piece] {
        guard let segments = record.segments else {
            return range.isEmpty
                ? []
                : [
                    Piece(
                        path: data.file.path, file: data, offset: range.lowerBound,
                        length: range.upperBound - range.lowerBound)
                ]
        }
        var pieces: [Piece] = []
        var start: Int64 = 0
        for segment in segments.segments {
            let lower = max(range.lowerBound, start)
            let upper = min(range.upperBound, start + segment.length)
            if lower < upper {
                pieces.append(
                    Piece(
                        path: "\(setDirectory)/\(MultipartName.file(segment.number))", file: nil,
                        offset: lower - start, length: upper - lower))
            }
            start += segment.length
        }
        return pieces
    }

    /// Reads a range, or all of it, block by block.
    ///
    /// - Throws: ``StorageError`` `.corrupt` for bytes that are not those that came in.
    func forEachBlock(
        of range: Range<Int64>? = nil, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let range = range ?? 0..<record.size
        if let small {
            try checkSmall()
            try small.withUnsafeBytes {
                try body(
                    UnsafeRawBufferPointer(
                        rebasing: $0[Int(range.lowerBound)..<Int(range.upperBound)]))
            }
            return
        }
        for piece in pieces(of: range) {
            try piece.open().forEachBlock(of: piece.range, body)
        }
    }

    /// The end of the step that begins at the start of a range.
    static func endOfStep(_ range: Range<Int64>) -> Int64 {
        min(range.upperBound, (range.lowerBound / stepBytes + 1) * stepBytes)
    }

    /// Checks the first step of a range, before it is promised to a client.
    func checkStart(of range: Range<Int64>) throws {
        guard small == nil else { return try checkSmall() }
        guard let first = pieces(of: range).first else { return }
        try first.open().forEachBlock(of: first.offset..<Self.endOfStep(first.range)) { _ in }
    }

    private func checkSmall() throws(StorageError) {
        guard let small, record.size > 0 else { return }
        let isRight = small.withUnsafeBytes {
            data.isRight(UnsafeRawBufferPointer(rebasing: $0[..<Int(record.size)]), number: 0)
        }
        guard isRight else {
            throw StorageError(.corrupt, operation: "read", path: data.file.path)
        }
    }
}
