/// A value inside a text that is JSON. Reads one level at a time, so that what nobody asks for costs nothing.
struct JSONView {
    /// Members of one object that are looked at; no event has a tenth of them.
    static let mostMembers = 256

    private let bytes: [UInt8]
    private let range: Range<Int>

    /// - Throws: where the text is not one JSON value, or is too deep.
    init(document: [UInt8]) throws(JSONFault) {
        var scanner = JSONScanner(document)
        range = try scanner.document()
        bytes = document
    }

    private init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        self.range = range
    }

    /// The text of this value alone.
    var json: [UInt8] { Array(bytes[range]) }

    var isArray: Bool { bytes[range.lowerBound] == UInt8(ascii: "[") }
    var isObject: Bool { bytes[range.lowerBound] == UInt8(ascii: "{") }
    var isNull: Bool { bytes[range.lowerBound] == UInt8(ascii: "n") }

    /// By name; of a name that stands twice the first. Empty when this is no object.
    func members() -> [String: JSONView] {
        var members: [String: JSONView] = [:]
        guard isObject else { return members }
        var scanner = JSONScanner(bytes, at: range.lowerBound)
        do {
            try scanner.members { name, value in
                guard members.count < Self.mostMembers,
                    let name = JSONView(bytes, name).text, members[name] == nil
                else { return }
                members[name] = JSONView(bytes, value)
            }
        } catch { /* The whole text was walked over before: this part of it is JSON too. */  }
        return members
    }

    subscript(_ name: String) -> JSONView? { members()[name] }

    /// The first `limit` elements. Empty when this is no array.
    func elements(limit: Int) -> [JSONView] {
        var elements: [JSONView] = []
        guard isArray else { return elements }
        var scanner = JSONScanner(bytes, at: range.lowerBound)
        do {
            try scanner.elements { value in
                if elements.count < limit { elements.append(JSONView(bytes, value)) }
            }
        } catch { /* As above. */  }
        return elements
    }

    /// A string, where what is not UTF-8 is replaced: not for keys.
    var text: String? { string.map { String(decoding: $0, as: UTF8.self) } }

    /// A whole number, or a string of one.
    var integer: Int64? {
        text.map { Int64($0) } ?? Int64(String(decoding: bytes[range], as: UTF8.self))
    }

    /// A string's bytes as they were meant, UTF-8 or not. nil when this is no string, or has half a surrogate pair.
    var string: [UInt8]? {
        guard bytes[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
        let inside = bytes[range.lowerBound + 1..<range.upperBound - 1]
        guard inside.contains(UInt8(ascii: "\\")) else { return Array(inside) }
        var result: [UInt8] = []
        result.reserveCapacity(inside.count)
        var index = inside.startIndex
        while index < inside.endIndex {
            let byte = inside[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            let escape = inside[index]
            index += 1
            switch escape {
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = Self.scalar(inside, at: &index) else { return nil }
                result += Array(String(Character(scalar)).utf8)
            default: result.append(escape)
            }
        }
        return result
    }

    /// Of `XXXX`, or of `XXXX\uXXXX` where that is a pair.
    private static func scalar(_ text: ArraySlice<UInt8>, at index: inout Int) -> Unicode.Scalar? {
        let first = unit(text, at: index)
        index += 4
        guard (0xD800...0xDBFF).contains(first) else { return Unicode.Scalar(first) }
        guard text[index...].starts(with: "\\u".utf8) else { return nil }
        let second = unit(text, at: index + 2)
        guard (0xDC00...0xDFFF).contains(second) else { return nil }
        index += 6
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private static func unit(_ text: ArraySlice<UInt8>, at index: Int) -> UInt32 {
        text[index..<index + 4].reduce(0) { $0 << 4 | UInt32(JSONScanner.hexDigit($1) ?? 0) }
    }
}
