/// Writes JSON as Go's `encoding/json` does, members in the order they are given.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private var isFirst = true

    init(capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func object(_ body: (inout JSONText) -> Void) {
        enclose(UInt8(ascii: "{"), UInt8(ascii: "}"), body)
    }

    mutating func object(_ name: String, _ body: (inout JSONText) -> Void) {
        begin(name)
        object(body)
    }

    mutating func array(_ name: String, _ body: (inout JSONText) -> Void) {
        begin(name)
        enclose(UInt8(ascii: "["), UInt8(ascii: "]"), body)
    }

    mutating func member(_ name: String, _ value: String) { member(name, Array(value.utf8)) }

    mutating func member(_ name: String, _ value: [UInt8]) {
        begin(name)
        string(value)
    }

    mutating func member(_ name: String, _ value: Int64) {
        begin(name)
        bytes.append(contentsOf: String(value).utf8)
    }

    private mutating func enclose(
        _ open: UInt8, _ close: UInt8, _ body: (inout JSONText) -> Void
    ) {
        bytes.append(open)
        isFirst = true
        body(&self)
        bytes.append(close)
        isFirst = false
    }

    private mutating func begin(_ name: String) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
        string(Array(name.utf8))
        bytes.append(UInt8(ascii: ":"))
    }

    /// What is not UTF-8 becomes U+FFFD. Go escapes what could end a script element, and the two line separators of
    /// JavaScript.
    private mutating func string(_ value: [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for scalar in String(decoding: value, as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\"", "\\": bytes.append(contentsOf: [0x5C, UInt8(scalar.value)])
            case "\n": bytes.append(contentsOf: "\\n".utf8)
            case "\r": bytes.append(contentsOf: "\\r".utf8)
            case "\u{8}": bytes.append(contentsOf: "\\b".utf8)
            case "\u{C}": bytes.append(contentsOf: "\\f".utf8)
            case "\t": bytes.append(contentsOf: "\\t".utf8)
            case "\u{0}"..<" ", "<", ">", "&", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                bytes.append(contentsOf: "\\u".utf8)
                bytes.append(contentsOf: String(repeating: "0", count: 4 - digits.count).utf8)
                bytes.append(contentsOf: digits.utf8)
            default: bytes.append(contentsOf: UTF8.encode(scalar)!)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
