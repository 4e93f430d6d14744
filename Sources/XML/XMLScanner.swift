#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A pull scanner over the bytes of one document: no callbacks, no allocation but for the text that is asked for.
///
/// Namespace prefixes are dropped, comments and processing instructions skipped, document types refused.
/// Line ends are not normalised: a store that sends a carriage return in a key means one.
/// A value with one owner at a time. Any bytes are safe to scan.
///
///     var scanner = XMLScanner(body)
///     let root = try scanner.root("ListBucketResult")
///     while let child = try scanner.nextChild(of: root) {
///         if scanner.name(of: child, is: "MaxKeys") { maximum = try scanner.int64(of: child) }
///     }
///
/// What a child holds and nobody asks for is skipped by the next `nextChild`.
public struct XMLScanner: Sendable {
    /// Elements inside each other; S3's deepest document has 6.
    public static let depthMaximum = 32

    /// An element whose start tag was read.
    public struct Element: Sendable, Equatable {
        /// Where its local name stands in the document.
        public let name: Range<Int>
        /// Where its attributes stand, raw.
        public let attributes: Range<Int>
        /// 1 for the root.
        public let depth: Int
    }

    public enum Token: Sendable, Equatable {
        case start(Element)
        /// Where a run of raw character data stands, references not yet replaced.
        case text(Range<Int>)
        /// Where the content of a CDATA section stands.
        case literal(Range<Int>)
        case end
    }

    public let document: [UInt8]
    /// Bytes read so far.
    public private(set) var position = 0
    /// Full names, with their prefixes, of the open elements.
    private var open: [Range<Int>] = []
    private var hasRoot = false
    /// The last start tag closed itself: its end is still to be told.
    private var endIsPending = false

    public init(_ document: [UInt8]) {
        self.document = document
        open.reserveCapacity(8)
        if document.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    }

    /// How many elements are open.
    public var depth: Int { open.count }

    /// The next token, or nil at the end of a complete document.
    public mutating func next() throws(XMLError) -> Token? {
        // A second reference to the same storage: the bytes are read while `self` changes.
        let document = document
        return try document.withUnsafeBufferPointer { (bytes) throws(XMLError) -> Token? in
            try next(in: bytes)
        }
    }

    private mutating func next(in bytes: UnsafeBufferPointer<UInt8>) throws(XMLError) -> Token? {
        if endIsPending {
            endIsPending = false
            open.removeLast()
            return .end
        }
        while position < bytes.count {
            if bytes[position] != Byte.less {
                let from = position
                position = bytes.first(Byte.less, from: from) ?? bytes.count
                if !open.isEmpty { return .text(from..<position) }
                for index in from..<position where !Byte.isSpace(bytes[index]) {
                    throw XMLError(.malformed, offset: index)
                }
                continue
            }
            guard position + 1 < bytes.count else { break }
            switch bytes[position + 1] {
            case Byte.slash:
                try readEnd(in: bytes)
                return .end
            case Byte.question:
                try skip(past: "?>", from: position + 2, in: bytes)
            case Byte.exclamation:
                if let literal = try readDeclaration(in: bytes) { return .literal(literal) }
            default:
                return .start(try readStart(in: bytes))
            }
        }
        guard open.isEmpty, hasRoot, position >= bytes.count else {
            throw XMLError(.truncated, offset: bytes.count)
        }
        return nil
    }

    private mutating func readStart(
        in bytes: UnsafeBufferPointer<UInt8>
    ) throws(XMLError) -> Element {
        guard !(open.isEmpty && hasRoot) else { throw XMLError(.malformed, offset: position) }
        guard open.count < Self.depthMaximum else { throw XMLError(.tooDeep, offset: position) }
        let nameStart = position + 1
        var index = nameStart
        var localStart = nameStart
        while index < bytes.count, !Byte.endsName(bytes[index]) {
            if bytes[index] == Byte.colon { localStart = index + 1 }
            index += 1
        }
        let name = nameStart..<index
        guard localStart < index else { throw XMLError(.malformed, offset: position) }
        let attributesStart = index
        // Quotes hide a '>' in a value.
        var quote: UInt8 = 0
        while index < bytes.count {
            let byte = bytes[index]
            if quote != 0 {
                if byte == quote { quote = 0 }
            } else if byte == Byte.greater {
                break
            } else if byte == Byte.doubleQuote || byte == Byte.singleQuote {
                quote = byte
            }
            if byte == Byte.less { throw XMLError(.malformed, offset: index) }
            index += 1
        }
        guard index < bytes.count else { throw XMLError(.truncated, offset: bytes.count) }
        let closesItself = index > attributesStart && bytes[index - 1] == Byte.slash
        open.append(name)
        hasRoot = true
        endIsPending = closesItself
        position = index + 1
        return Element(
            name: localStart..<name.upperBound,
            attributes: attributesStart..<(closesItself ? index - 1 : index), depth: open.count)
    }

    private mutating func readEnd(in bytes: UnsafeBufferPointer<UInt8>) throws(XMLError) {
        guard let name = open.last else { throw XMLError(.unbalanced, offset: position) }
        let from = position + 2
        var index = from + name.count
        guard index < bytes.count else { throw XMLError(.truncated, offset: bytes.count) }
        guard
            memcmp(bytes.baseAddress! + from, bytes.baseAddress! + name.lowerBound, name.count) == 0
        else { throw XMLError(.unbalanced, offset: position) }
        while index < bytes.count, Byte.isSpace(bytes[index]) { index += 1 }
        guard index < bytes.count else { throw XMLError(.truncated, offset: bytes.count) }
        guard bytes[index] == Byte.greater else { throw XMLError(.unbalanced, offset: position) }
        open.removeLast()
        position = index + 1
    }

    /// Skips a comment, or returns where a CDATA section's content stands.
    private mutating func readDeclaration(
        in bytes: UnsafeBufferPointer<UInt8>
    ) throws(XMLError) -> Range<Int>? {
        if bytes.has("<!--", at: position) {
            try skip(past: "-->", from: position + 4, in: bytes)
            return nil
        }
        if bytes.has("<![CDATA[", at: position) {
            guard !open.isEmpty else { throw XMLError(.malformed, offset: position) }
            let from = position + 9
            try skip(past: "]]>", from: from, in: bytes)
            return from..<(position - 3)
        }
        if bytes.has("<!DOCTYPE", at: position) {
            throw XMLError(.documentType, offset: position)
        }
        let isCut = bytes.count - position < 9
        throw XMLError(isCut ? .truncated : .malformed, offset: position)
    }

    private mutating func skip(
        past end: StaticString, from: Int, in bytes: UnsafeBufferPointer<UInt8>
    ) throws(XMLError) {
        var index = from
        while let candidate = bytes.first(end.utf8Start[0], from: index) {
            if bytes.has(end, at: candidate) {
                position = candidate + end.utf8CodeUnitCount
                return
            }
            index = candidate + 1
        }
        throw XMLError(.truncated, offset: bytes.count)
    }
}
