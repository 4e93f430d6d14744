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
        let file: OpenFile?
        let offset: Int64
        let length: Int64

        func open() throws(StorageError) -> OpenFile {
            if let file { return file }
            return try OpenFile(path, flags: O_RDONLY)
        }
    }

    /// Blocks that copies and hashes read at once.
    static let blockBytes = 256 << 10

    let record: ObjectRecord
    let small: [UInt8]?
    let file: OpenFile
    private let lease: SegmentLease?
    private let setDirectory: String

    /// - Parameter segments: the directory of the object's segment set; "" when it has none.
    init(object: StoredObject, lease: SegmentLease? = nil, segments: String = "") {
        record = object.record
        small = record.segments == nil ? object.small : nil
        file = object.file
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
                        path: file.path, file: file, offset: range.lowerBound,
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
    func forEachBlock(
        of range: Range<Int64>? = nil, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        let range = range ?? 0..<record.size
        if let small {
            try small.withUnsafeBytes {
                try body(
                    UnsafeRawBufferPointer(
                        rebasing: $0[Int(range.lowerBound)..<Int(range.upperBound)]))
            }
            return
        }
        let block = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Self.blockBytes, alignment: 16)
        defer { block.deallocate() }
        for piece in pieces(of: range) {
            let file = try piece.open()
            var done: Int64 = 0
            while done < piece.length {
                let wanted = Int(min(piece.length - done, Int64(block.count)))
                let target = UnsafeMutableRawBufferPointer(rebasing: block[..<wanted])
                guard try file.read(into: target, at: piece.offset + done) == wanted else {
                    throw StorageError(.corrupt, operation: "read", path: piece.path)
                }
                try body(UnsafeRawBufferPointer(target))
                done += Int64(wanted)
            }
        }
    }
}
