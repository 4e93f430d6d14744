#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Finds the head, the body and the end of one answer in the bytes of a connection.
/// Owned by one exchange, on its engine's thread.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc9112#section-6>
struct AnswerReader {
    enum Event {
        /// Every byte is used.
        case more
        /// An interim answer, which is dropped: its status.
        case interim(Int)
        /// The final head.
        case head(HTTPResponseHead)
        /// A piece of the body.
        case body(UnsafeRawBufferPointer)
        /// The answer is whole. Bytes that are left belong to no request.
        case end
        case malformed(String)
    }

    private enum Place { case head, length, chunkSize, chunk, chunkEnd, trailer, untilClose, end }

    /// Of one line. The same as libcurl's for header fields.
    static let lineLimitBytes = 100 << 10

    private let hasNoBody: Bool
    private var place = Place.head
    private var parser = ResponseHeadParser()
    /// The first part of a line whose end has yet to come.
    private var line: [UInt8] = []
    private var trailerBytes = 0
    /// Of the body, or of the chunk.
    private var left: Int64 = 0
    /// The length of the body that the head tells; nil when only its end does.
    private(set) var bodyLength: Int64?
    /// Both sides may use the connection for another request.
    private(set) var allowsReuse = false

    init(answerTo method: HTTPMethod) { hasNoBody = method == .head }

    var isAtEnd: Bool { place == .end }
    /// Bytes of the body that come next without any framing; nil where there may be some.
    var plainBytesLeft: Int64? { place == .length ? left : nil }

    /// So many of `plainBytesLeft` were read elsewhere.
    mutating func skip(_ count: Int) {
        left -= Int64(count)
        if left == 0 { place = .end }
    }

    /// The connection has ended: whether that ends the answer.
    mutating func connectionEnded() -> Bool {
        if place == .untilClose { place = .end }
        return place == .end
    }

    /// What the next bytes are. Takes them away from the front of `bytes`.
    mutating func next(_ bytes: inout UnsafeRawBufferPointer) -> Event {
        while true {
            switch place {
            case .end: return .end
            case .untilClose: return take(bytes.count, of: &bytes).map(Event.body) ?? .more
            case .length, .chunk:
                if left == 0 {
                    place = place == .length ? .end : .chunkEnd
                    continue
                }
                guard let piece = take(Int(min(left, Int64(bytes.count))), of: &bytes) else {
                    return .more
                }
                left -= Int64(piece.count)
                return .body(piece)
            case .head, .chunkSize, .chunkEnd, .trailer:
                if let event = takeLine(&bytes) { return event }
            }
        }
    }

    private func take(
        _ count: Int, of bytes: inout UnsafeRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        guard count > 0 else { return nil }
        defer { bytes = UnsafeRawBufferPointer(rebasing: bytes[count...]) }
        return UnsafeRawBufferPointer(rebasing: bytes[..<count])
    }

    /// nil: look again, the line has changed the place.
    private mutating func takeLine(_ bytes: inout UnsafeRawBufferPointer) -> Event? {
        guard let start = bytes.baseAddress, bytes.count > 0,
            let end = memchr(start, 0x0A, bytes.count)
        else {
            line.append(contentsOf: bytes)
            bytes = UnsafeRawBufferPointer(rebasing: bytes[bytes.count...])
            if line.count > Self.lineLimitBytes {
                return .malformed("a line of the answer is too long")
            }
            // What speaks another protocol may never end a line.
            if place == .head, parser.isAtStart, !Self.mayBeStatusLine(line) {
                return .malformed(Self.notHTTP)
            }
            return .more
        }
        let count = UnsafeRawPointer(end) - start + 1
        guard line.count + count <= Self.lineLimitBytes else {
            return .malformed("a line of the answer is too long")
        }
        guard let piece = take(count, of: &bytes) else { return .more }
        if line.isEmpty { return read(piece) }
        line.append(contentsOf: piece)
        let whole = line
        line.removeAll()
        return whole.withUnsafeBytes { read($0) }
    }

    private mutating func read(_ line: UnsafeRawBufferPointer) -> Event? {
        switch place {
        case .head: return readHead(line)
        case .chunkSize:
            guard let size = Self.chunkSize(line) else {
                return .malformed("the size of a chunk is no number")
            }
            left = size
            place = size == 0 ? .trailer : .chunk
        case .chunkEnd:
            guard Self.isEmpty(line) else { return .malformed("a chunk is longer than its size") }
            place = .chunkSize
        default:
            trailerBytes += line.count
            if trailerBytes > ResponseHeadParser.limitBytes {
                return .malformed("the trailer is too long")
            }
            if Self.isEmpty(line) { place = .end }
        }
        return nil
    }

    private mutating func readHead(_ line: UnsafeRawBufferPointer) -> Event? {
        if parser.isAtStart, !ResponseHeadParser.isStatusLine(line) {
            return .malformed(Self.notHTTP)
        }
        switch parser.add(line) {
        case .more: return nil
        case .interim(let status):
            // Nobody has asked for another protocol.
            return status == 101 ? .malformed("the answer changes the protocol") : .interim(status)
        case .tooLong: return .malformed("the answer's head is too long")
        case .notHTTP: return .malformed(Self.notHTTP)
        case .head(let head):
            if let problem = begin(head) { return .malformed(problem) }
            return .head(head)
        }
    }

    /// Where the body ends; what is wrong with the head, if anything.
    private mutating func begin(_ head: HTTPResponseHead) -> String? {
        var isPersistent = parser.isPersistent
        var isChunked = false
        var problem: String?
        head.headers.forEachField { field in
            switch field {
            case "connection":
                if field.hasToken("close") {
                    isPersistent = false
                } else if field.hasToken("keep-alive") {
                    isPersistent = true
                }
            case "transfer-encoding":
                if field.hasToken("chunked") {
                    isChunked = true
                } else if !field.hasToken("identity") {
                    problem = "the answer's transfer encoding is not known"
                }
            case "content-length":
                if bodyLength != nil, bodyLength != field.number {
                    problem = "the answer tells two lengths"
                }
                bodyLength = field.number
                if bodyLength == nil { problem = "the answer's Content-Length is no number" }
            default: break
            }
        }
        if hasNoBody || head.status == 204 || head.status == 304 {
            problem = nil
            bodyLength = 0
            place = .end
        } else if isChunked {
            // Whoever tells both may be understood differently by others on the way.
            if bodyLength != nil { isPersistent = false }
            bodyLength = nil
            place = .chunkSize
        } else if let bodyLength {
            left = bodyLength
            place = bodyLength == 0 ? .end : .length
        } else {
            isPersistent = false
            place = .untilClose
        }
        allowsReuse = isPersistent
        return problem
    }

    private static let notHTTP = "the answer has no HTTP status line"

    private static func mayBeStatusLine(_ bytes: [UInt8]) -> Bool {
        zip(bytes, "HTTP/".utf8).allSatisfy { $0 == $1 }
    }

    private static func isEmpty(_ line: UnsafeRawBufferPointer) -> Bool {
        line.count == 1 || (line.count == 2 && line[0] == 0x0D)
    }

    /// Hexadecimal digits, and whatever follows a semicolon or a space.
    private static func chunkSize(_ line: UnsafeRawBufferPointer) -> Int64? {
        var size: Int64 = 0
        var digits = 0
        loop: for byte in line {
            let digit: UInt8
            switch byte {
            case 0x30...0x39: digit = byte - 0x30
            case 0x41...0x46, 0x61...0x66: digit = (byte | 0x20) - 0x61 + 10
            case 0x3B, 0x20, 0x09, 0x0D, 0x0A: break loop
            default: return nil
            }
            guard digits < 15 else { return nil }
            size = size << 4 | Int64(digit)
            digits += 1
        }
        return digits > 0 ? size : nil
    }
}
