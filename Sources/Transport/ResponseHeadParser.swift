/// Collects the raw lines of an answer's head and parses them once, at the empty line.
///
/// Interim answers (1xx) are dropped. Owned by one exchange, on its engine's thread.
struct ResponseHeadParser {
    /// The same limit as in current versions of curl.
    /// Source: <https://curl.se/libcurl/c/CURLOPT_HEADERFUNCTION.html>
    static let limitBytes = 300 << 10

    enum Step {
        case more
        /// A final head is complete.
        case head(HTTPResponseHead)
        case tooLong
        case notHTTP
    }

    private var bytes: [UInt8] = []
    private var isCollecting = false

    /// Whether this line starts a head: lines after the final head and before this are trailers.
    static func isStatusLine(_ line: UnsafeRawBufferPointer) -> Bool {
        line.count > 5 && line.starts(with: "HTTP/".utf8)
    }

    mutating func add(_ line: UnsafeRawBufferPointer) -> Step {
        if Self.isStatusLine(line) {
            bytes.removeAll(keepingCapacity: true)
            isCollecting = true
        }
        guard isCollecting else { return .more }
        guard bytes.count + line.count <= Self.limitBytes else { return .tooLong }
        if line.count > 2 || (line.first != 0x0D && line.first != 0x0A) {
            if bytes.isEmpty { bytes.reserveCapacity(1024) }
            bytes.append(contentsOf: line)
            return .more
        }
        isCollecting = false
        guard let head = bytes.withUnsafeBytes(Self.parse) else { return .notHTTP }
        bytes.removeAll(keepingCapacity: true)
        return head.status < 200 ? .more : .head(head)
    }

    private static func parse(_ bytes: UnsafeRawBufferPointer) -> HTTPResponseHead? {
        var headers = HTTPHeaders()
        headers.reserveCapacity(16)
        var status: Int?
        var folded: (name: String, value: String)?
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: 0x0A) ?? bytes.count
            let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            start = end + 1
            if status == nil {
                guard let found = Self.status(of: line) else { return nil }
                status = found
            } else if let first = line.first, first == 0x20 || first == 0x09 {
                // An obsolete folded line goes on with the value before it.
                folded?.value += " " + text(trimmed(line))
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                if let folded { headers.append(folded.name, folded.value) }
                folded = (
                    name: text(trimmed(UnsafeRawBufferPointer(rebasing: line[..<colon]))),
                    value: text(trimmed(UnsafeRawBufferPointer(rebasing: line[(colon + 1)...])))
                )
            }
        }
        if let folded { headers.append(folded.name, folded.value) }
        return status.map { HTTPResponseHead(status: $0, headers: headers) }
    }

    private static func status(of line: UnsafeRawBufferPointer) -> Int? {
        guard let space = line.firstIndex(of: 0x20), space + 3 < line.count else { return nil }
        var status = 0
        for byte in line[(space + 1)...(space + 3)] {
            guard byte >= 0x30, byte <= 0x39 else { return nil }
            status = status * 10 + Int(byte - 0x30)
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
        byte == 0x20 || byte == 0x09 || byte == 0x0D
    }

    /// UTF-8, else ISO 8859-1, in which every byte is the character of the same number.
    private static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        if bytes.allSatisfy({ $0 < 0x80 }) { return String(decoding: bytes, as: UTF8.self) }
        return String(validating: bytes, as: UTF8.self)
            ?? String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    }
}
