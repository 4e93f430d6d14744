/// One glob as a tree. The syntax:
///
/// - `*` any bytes within a segment, `**` any bytes over segments, `**/` no or more whole segments;
/// - `?` one character (UTF-8) other than `/`; `[a-z]`, `[!a-z]`, `[^a-z]` one of, or other than, these;
/// - `{a,b}` one of these, nested as needed; `\` takes the next byte as it is;
/// - without `/` it matches the last segment; with one, the whole relative key; a leading `/` only
///   anchors it, so that `/a` is `a` at the top and nowhere else;
/// - with `/` at the end it matches everything below that folder: anywhere if there is no other `/`.
struct Glob {
    indirect enum Node {
        case byte(UInt8)
        /// One character of the class, never `/`.
        case character(ByteSet, others: [[UInt8]])
        /// `*`
        case segment
        /// `**`
        case anything
        /// `**/`
        case folders
        case oneOf([[Node]])
    }

    private(set) var nodes: [Node]
    /// Matches the last segment only.
    private(set) var isName: Bool

    init(_ pattern: String) throws(ComparisonError) {
        var bytes = Array(pattern.utf8)[...]
        guard !bytes.isEmpty, pattern != "/" else {
            throw GlobParser.failure(pattern, "it is empty")
        }
        let isAnchored = bytes.first == UInt8(ascii: "/")
        if isAnchored { bytes.removeFirst() }
        var parser = GlobParser(pattern: pattern, rest: bytes)
        nodes = try parser.sequence(depth: 0)
        if case .byte(UInt8(ascii: "/"))? = nodes.last {
            if parser.slashes == 1, !isAnchored { nodes.insert(.folders, at: 0) }
            nodes.append(.anything)
            isName = false
        } else {
            isName = parser.slashes == 0 && !isAnchored
        }
    }
}

struct GlobParser {
    /// Braces within braces.
    private static let depthLimit = 16

    let pattern: String
    var rest: ArraySlice<UInt8>
    private(set) var slashes = 0

    init(pattern: String, rest: ArraySlice<UInt8>) {
        self.pattern = pattern
        self.rest = rest
    }

    static func failure(_ pattern: String, _ why: String) -> ComparisonError {
        ComparisonError(
            kind: .invalidFilter, message: "the glob \"\(pattern)\" cannot be read: \(why)")
    }

    private func failure(_ why: String) -> ComparisonError { Self.failure(pattern, why) }

    /// Up to the end, or within braces to `,` or `}`, which stays.
    mutating func sequence(
        depth: Int, startsSegment: Bool = true
    ) throws(ComparisonError) -> [Glob.Node] {
        guard depth <= Self.depthLimit else { throw failure("its braces are nested too deeply") }
        var nodes: [Glob.Node] = []
        var startsSegment = startsSegment
        while let byte = rest.first {
            if depth > 0, byte == UInt8(ascii: ",") || byte == UInt8(ascii: "}") { break }
            rest.removeFirst()
            let startsHere = startsSegment
            startsSegment = false
            switch byte {
            case UInt8(ascii: "\\"):
                guard let literal = rest.popFirst() else { throw failure("it ends with \\") }
                nodes.append(.byte(literal))
            case UInt8(ascii: "/"):
                slashes += 1
                startsSegment = true
                nodes.append(.byte(byte))
            case UInt8(ascii: "?"):
                nodes.append(.character(.characterStart, others: []))
            case UInt8(ascii: "*"):
                guard rest.first == byte else {
                    nodes.append(.segment)
                    continue
                }
                while rest.first == byte { rest.removeFirst() }
                if startsHere, rest.first == UInt8(ascii: "/") {
                    rest.removeFirst()
                    slashes += 1
                    startsSegment = true
                    nodes.append(.folders)
                } else {
                    nodes.append(.anything)
                }
            case UInt8(ascii: "["):
                nodes.append(try characterClass())
            case UInt8(ascii: "{"):
                nodes.append(try alternatives(depth: depth + 1, startsSegment: startsHere))
            default:
                nodes.append(.byte(byte))
            }
        }
        return nodes
    }

    private mutating func alternatives(
        depth: Int, startsSegment: Bool
    ) throws(ComparisonError) -> Glob.Node {
        var choices: [[Glob.Node]] = []
        while true {
            choices.append(try sequence(depth: depth, startsSegment: startsSegment))
            switch rest.popFirst() {
            case UInt8(ascii: ","): continue
            case UInt8(ascii: "}"): return .oneOf(choices)
            default: throw failure("a { is not closed")
            }
        }
    }

    private mutating func characterClass() throws(ComparisonError) -> Glob.Node {
        var set = ByteSet()
        var others: [[UInt8]] = []
        var isNegated = false
        if rest.first == UInt8(ascii: "!") || rest.first == UInt8(ascii: "^") {
            isNegated = true
            rest.removeFirst()
        }
        var isFirst = true
        while true {
            guard let byte = rest.first else { throw failure("a [ is not closed") }
            if byte == UInt8(ascii: "]"), !isFirst { break }
            if byte == UInt8(ascii: "["), rest.dropFirst().first == UInt8(ascii: ":") {
                throw failure("named classes such as [:alpha:] are not known")
            }
            isFirst = false
            let low = try character()
            guard rest.first == UInt8(ascii: "-"), rest.dropFirst().first != UInt8(ascii: "]"),
                rest.count > 1
            else {
                if low.count == 1 { set.insert(low[0]) } else { others.append(low) }
                continue
            }
            rest.removeFirst()
            let high = try character()
            guard low.count == 1, high.count == 1, low[0] < 0x80, high[0] < 0x80 else {
                throw failure("a range in [ ] can only be of ASCII characters")
            }
            guard low[0] <= high[0] else { throw failure("a range in [ ] runs backwards") }
            for member in low[0]...high[0] { set.insert(member) }
        }
        rest.removeFirst()
        if isNegated {
            guard others.isEmpty else { throw failure("[! ] can only hold ASCII characters") }
            set = ByteSet.characterStart.subtracting(set)
        }
        set.remove(UInt8(ascii: "/"))
        return .character(set, others: others)
    }

    /// One character of a class, as its UTF-8 bytes.
    private mutating func character() throws(ComparisonError) -> [UInt8] {
        if rest.first == UInt8(ascii: "\\") { rest.removeFirst() }
        guard let byte = rest.popFirst() else { throw failure("a [ is not closed") }
        var character = [byte]
        if byte >= 0xc0 {
            while let next = rest.first, next & 0xc0 == 0x80 {
                character.append(next)
                rest.removeFirst()
            }
        }
        return character
    }
}

/// A set of bytes.
struct ByteSet: Equatable, Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init() {}
    init(where isMember: (UInt8) -> Bool) {
        for byte in UInt8.min...UInt8.max where isMember(byte) { insert(byte) }
    }

    static let all = ByteSet { _ in true }
    static let slash = ByteSet { $0 == UInt8(ascii: "/") }
    static let notSlash = ByteSet { $0 != UInt8(ascii: "/") }
    /// The first byte of any character but `/`.
    static let characterStart = ByteSet { $0 != UInt8(ascii: "/") && $0 & 0xc0 != 0x80 }
    static let continuation = ByteSet { $0 & 0xc0 == 0x80 }

    static func == (a: ByteSet, b: ByteSet) -> Bool { a.words == b.words }

    func contains(_ byte: UInt8) -> Bool {
        let bit = UInt64(1) << UInt64(byte & 63)
        switch byte >> 6 {
        case 0: return words.0 & bit != 0
        case 1: return words.1 & bit != 0
        case 2: return words.2 & bit != 0
        default: return words.3 & bit != 0
        }
    }

    mutating func insert(_ byte: UInt8) { set(byte, to: true) }
    mutating func remove(_ byte: UInt8) { set(byte, to: false) }
    func subtracting(_ other: ByteSet) -> ByteSet {
        ByteSet { contains($0) && !other.contains($0) }
    }

    private mutating func set(_ byte: UInt8, to isMember: Bool) {
        let bit = UInt64(1) << UInt64(byte & 63)
        func change(_ word: inout UInt64) { if isMember { word |= bit } else { word &= ~bit } }
        switch byte >> 6 {
        case 0: change(&words.0)
        case 1: change(&words.1)
        case 2: change(&words.2)
        default: change(&words.3)
        }
    }
}
