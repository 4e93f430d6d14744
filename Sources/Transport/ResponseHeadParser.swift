#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Reads the lines of an answer's head as they come.
///
/// Interim answers (1xx) are dropped. Owned by one exchange, on its engine's thread.
struct ResponseHeadParser {
    /// The same limit as in current versions of curl.
    /// Source: <https://curl.se/libcurl/c/CURLOPT_HEADERFUNCTION.html>
    static let limitBytes = 300 << 10

    enum Step {
        case more
        /// An interim answer is complete: its status.
        case interim(Int)
        /// A final head is complete.
        case head(HTTPResponseHead)
        case tooLong
        case notHTTP
    }

    private var headers = HTTPHeaders()
    /// nil before a status line and after the empty line.
    private var status: Int?
    private var takenBytes = 0
    /// Said by the version of the last status line.
    private(set) var isPersistent = false
    /// A status line comes next.
    var isAtStart: Bool { status == nil }

    /// Whether this line starts a head: lines after the final head and before this are trailers.
    static func isStatusLine(_ line: UnsafeRawBufferPointer) -> Bool {
        guard line.count > 8, let start = line.baseAddress else { return false }
        return memcmp(start, "HTTP/", 5) == 0
    }

    mutating func add(_ line: UnsafeRawBufferPointer) -> Step {
        if Self.isStatusLine(line) {
            headers = HTTPHeaders()
            headers.reserveCapacity(16, bytes: 512)
            status = Self.status(of: line)
            isPersistent = line[7] != UInt8(ascii: "0")
            // Interim answers count as well: a server must not go on with them for ever.
            takenBytes += line.count
            if takenBytes > Self.limitBytes { return .tooLong }
            return status == nil ? .notHTTP : .more
        }
        guard let status else { return .more }
        takenBytes += line.count
        guard takenBytes <= Self.limitBytes else { return .tooLong }
        if line.count > 2 || (line.first != 0x0D && line.first != 0x0A) {
            take(line)
            return .more
        }
        self.status = nil
        if status < 200 { return .interim(status) }
        defer { headers = HTTPHeaders() }
        return .head(HTTPResponseHead(status: status, headers: headers))
    }

    private mutating func take(_ line: UnsafeRawBufferPointer) {
        guard let start = line.baseAddress else { return }
        if line[0] == 0x20 || line[0] == 0x09 {
            headers.extendLast(Self.trimmed(line))
        } else if let colon = memchr(start, Int32(UInt8(ascii: ":")), line.count) {
            let count = UnsafeRawPointer(colon) - start
            headers.append(
                Self.trimmed(UnsafeRawBufferPointer(rebasing: line[..<count])),
                Self.trimmed(UnsafeRawBufferPointer(rebasing: line[(count + 1)...])))
        }
    }

    private static func status(of line: UnsafeRawBufferPointer) -> Int? {
        guard let space = line.firstIndex(of: 0x20), space == 8, space + 3 < line.count,
            line[5] == UInt8(ascii: "1"), line[6] == UInt8(ascii: ".")
        else { return nil }
        var status = 0
        for index in (space + 1)...(space + 3) {
            let digit = line[index] &- 0x30
            guard digit < 10 else { return nil }
            status = status * 10 + Int(digit)
        }
        return status
    }

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        var end = bytes.count
        while start < end, isSpace(bytes[start]) { start += 1 }
        while end > start, isSpace(bytes[end - 1]) { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0D || byte == 0x0A
    }
}
