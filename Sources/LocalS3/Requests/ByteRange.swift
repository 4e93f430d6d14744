/// The `Range` header: one range of bytes. S3 serves no multiple ranges; it then sends all.
enum ByteRange {
    /// The range of an object of `size` bytes; nil when the header is to be passed over.
    ///
    /// - Throws: ``S3Failure`` `InvalidRange` when no byte of the object is in the range.
    static func parse(_ header: String, size: Int64) throws(S3Failure) -> Range<Int64>? {
        guard let spec = afterUnit(header), !spec.utf8.contains(UInt8(ascii: ",")) else {
            return nil
        }
        let pieces = spec.split(separator: "-", omittingEmptySubsequences: false)
        guard pieces.count == 2 else { return nil }
        let first = number(pieces[0])
        let last = number(pieces[1])
        if pieces[0].isEmpty {
            guard let suffix = last else { return nil }
            guard suffix > 0, size > 0 else { throw unsatisfiable(header, size) }
            return max(0, size - suffix)..<size
        }
        guard let first else { return nil }
        if pieces[1].isEmpty {
            guard first < size else { throw unsatisfiable(header, size) }
            return first..<size
        }
        guard let last, last >= first else { return nil }
        guard first < size else { throw unsatisfiable(header, size) }
        return first..<(last >= size ? size : last + 1)
    }

    /// `bytes=first-last` of a copy's source, which must lie within it.
    static func parseCopySource(_ header: String, size: Int64) throws(S3Failure) -> Range<Int64> {
        let pieces = afterUnit(header)?.split(separator: "-", omittingEmptySubsequences: false)
        guard let pieces, pieces.count == 2, let first = number(pieces[0]),
            let last = number(pieces[1]), first <= last
        else {
            throw S3Failure.invalidArgument(
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last "
                    + "are the zero-based offsets of the first and last bytes to copy",
                name: "x-amz-copy-source-range", value: header)
        }
        guard first < size else {
            throw S3Failure(
                .invalidRequest,
                "The specified copy range is invalid for the source object size")
        }
        guard last < size else {
            throw S3Failure.invalidArgument(
                "Range specified is not valid for source object of size: \(size)",
                name: "x-amz-copy-source-range", value: header)
        }
        return first..<last + 1
    }

    private static func afterUnit(_ header: String) -> Substring? {
        header.lowercased().hasPrefix("bytes=") ? header.dropFirst(6).drop { $0 == " " } : nil
    }

    private static func number(_ digits: Substring) -> Int64? {
        guard !digits.isEmpty, digits.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        // More digits than a number holds: beyond the end of every object.
        return Int64(digits) ?? Int64.max - 1
    }

    private static func unsatisfiable(_ header: String, _ size: Int64) -> S3Failure {
        var failure = S3Failure(
            .invalidRange,
            details: [
                .init(name: .rangeRequested, value: header),
                .init(name: .actualObjectSize, value: String(size)),
            ])
        failure.headers = [NamedValue("Content-Range", "bytes */\(size)")]
        return failure
    }
}
