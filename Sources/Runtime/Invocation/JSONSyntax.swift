/// Whether bytes are JSON, to the letter: what is put into another document as it stands must not break it.
///
/// Foundation's decoder is not asked: it takes `01`, `[1,]`, `2026-11-25` and bytes that are no text for JSON, as long as nobody
/// reads their values. One pass, no recursion.
///
/// Source: <https://www.rfc-editor.org/rfc/rfc8259>
struct JSONSyntax {
    /// How deep arrays and objects may stand in each other: as deep as AWS's own parser goes.
    ///
    /// Source: <https://github.com/FasterXML/jackson-core/blob/2.18/src/main/java/com/fasterxml/jackson/core/StreamReadConstraints.java>
    static let depthMaximum = 1000

    private let bytes: [UInt8]
    private var at = 0

    private init(_ bytes: [UInt8]) { self.bytes = bytes }

    static func isValid(_ bytes: [UInt8]) -> Bool {
        var syntax = JSONSyntax(bytes)
        return syntax.isDocument() && String(validating: bytes, as: UTF8.self) != nil
    }

    /// The byte at hand; 0, which is nowhere allowed, at the end.
    private var byte: UInt8 { at < bytes.count ? bytes[at] : 0 }

    private mutating func takes(_ wanted: Unicode.Scalar) -> Bool {
        guard byte == UInt8(ascii: wanted) else { return false }
        at += 1
        return true
    }

    private mutating func skipSpace() {
        while byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { at += 1 }
    }

    private mutating func isDocument() -> Bool {
        // What is open, by its closing bracket.
        var open: [UInt8] = []
        while true {
            skipSpace()
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let isObject = byte == UInt8(ascii: "{")
                let close = UInt8(ascii: isObject ? "}" : "]")
                at += 1
                skipSpace()
                if byte == close {
                    at += 1
                } else {
                    open.append(close)
                    guard open.count <= Self.depthMaximum, !isObject || isName() else {
                        return false
                    }
                    continue
                }
            case UInt8(ascii: "\""): guard isString() else { return false }
            case UInt8(ascii: "t"): guard isWord("true") else { return false }
            case UInt8(ascii: "f"): guard isWord("false") else { return false }
            case UInt8(ascii: "n"): guard isWord("null") else { return false }
            default: guard isNumber() else { return false }
            }
            // A value has ended, and with it what it is the last of.
            skipSpace()
            while let close = open.last, byte == close {
                open.removeLast()
                at += 1
                skipSpace()
            }
            guard let close = open.last else { return at == bytes.count }
            guard takes(",") else { return false }
            skipSpace()
            guard close == UInt8(ascii: "]") || isName() else { return false }
        }
    }

    /// A member's name, and its colon.
    private mutating func isName() -> Bool {
        guard isString() else { return false }
        skipSpace()
        return takes(":")
    }

    private mutating func isWord(_ word: String) -> Bool {
        for scalar in word.unicodeScalars {
            guard takes(scalar) else { return false }
        }
        return true
    }

    private mutating func isString() -> Bool {
        guard takes("\"") else { return false }
        while at < bytes.count {
            let next = bytes[at]
            at += 1
            switch next {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard isEscape() else { return false }
            case 0..<0x20: return false
            default: break
            }
        }
        return false
    }

    private mutating func isEscape() -> Bool {
        let kind = byte
        at += 1
        guard kind == UInt8(ascii: "u") else { return "\"\\/bfnrt".utf8.contains(kind) }
        for _ in 0..<4 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
                UInt8(ascii: "A")...UInt8(ascii: "F"):
                at += 1
            default: return false
            }
        }
        return true
    }

    private mutating func isNumber() -> Bool {
        _ = takes("-")
        guard takes("0") || areDigits() else { return false }
        if takes("."), !areDigits() { return false }
        guard byte | 0x20 == UInt8(ascii: "e") else { return true }
        at += 1
        _ = takes("+") || takes("-")
        return areDigits()
    }

    /// One at least.
    private mutating func areDigits() -> Bool {
        let start = at
        while (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { at += 1 }
        return at > start
    }
}
