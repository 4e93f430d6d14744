/// Where a text stops being JSON.
struct JSONFault: Error, CustomStringConvertible {
    var problem: String
    var offset: Int

    var description: String { "\(problem) at byte \(offset)" }
}

/// Walks over JSON without building anything: for bodies that anybody may have sent.
///
/// Bytes in strings are not looked at: some stores write a key that is not UTF-8 as it is.
struct JSONScanner {
    /// One more and the text is refused: the walk uses the stack.
    static let deepest = 64

    let bytes: [UInt8]
    private(set) var position: Int

    init(_ bytes: [UInt8], at position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    /// One value with nothing but blanks around it.
    mutating func document() throws(JSONFault) -> Range<Int> {
        skipBlanks()
        let range = try value()
        skipBlanks()
        guard position == bytes.count else { throw fault("more than one value") }
        return range
    }

    mutating func value(depth: Int = 0) throws(JSONFault) -> Range<Int> {
        guard depth < Self.deepest else { throw fault("deeper than \(Self.deepest) levels") }
        let start = position
        switch next {
        case UInt8(ascii: "{"): try members(depth: depth) { _, _ in }
        case UInt8(ascii: "["): try elements(depth: depth) { _ in }
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        case nil: throw fault("nothing")
        default: try number()
        }
        return start..<position
    }

    /// The names, with their quotes, and the values of an object that begins here.
    mutating func members(
        depth: Int = 0, _ visit: (_ name: Range<Int>, _ value: Range<Int>) -> Void
    ) throws(JSONFault) {
        position += 1
        skipBlanks()
        guard !skip("}") else { return }
        repeat {
            skipBlanks()
            let start = position
            guard next == UInt8(ascii: "\"") else { throw fault("no name of a member") }
            try string()
            let name = start..<position
            skipBlanks()
            guard skip(":") else { throw fault("no colon") }
            skipBlanks()
            visit(name, try value(depth: depth + 1))
            skipBlanks()
        } while skip(",")
        guard skip("}") else { throw fault("an object does not end") }
    }

    /// The values of an array that begins here.
    mutating func elements(
        depth: Int = 0, _ visit: (_ value: Range<Int>) -> Void
    ) throws(JSONFault) {
        position += 1
        skipBlanks()
        guard !skip("]") else { return }
        repeat {
            skipBlanks()
            visit(try value(depth: depth + 1))
            skipBlanks()
        } while skip(",")
        guard skip("]") else { throw fault("an array does not end") }
    }

    private mutating func string() throws(JSONFault) {
        position += 1
        while let byte = next {
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return
            case 0..<0x20: throw fault("a control character in a string")
            case UInt8(ascii: "\\"): try escape()
            default: break
            }
        }
        throw fault("a string does not end")
    }

    private mutating func escape() throws(JSONFault) {
        guard let byte = next else { throw fault("a string does not end") }
        position += 1
        if "\"\\/bfnrt".utf8.contains(byte) { return }
        guard byte == UInt8(ascii: "u") else { throw fault("no such escape") }
        for _ in 0..<4 {
            guard let byte = next, Self.hexDigit(byte) != nil else { throw fault("no such escape") }
            position += 1
        }
    }

    private mutating func number() throws(JSONFault) {
        _ = skip("-")
        if !skip("0") { try digits() }
        if skip(".") { try digits() }
        if skip("e") || skip("E") {
            if !skip("+") { _ = skip("-") }
            try digits()
        }
    }

    private mutating func digits() throws(JSONFault) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            position += 1
        }
        guard position > start else { throw fault("no value") }
    }

    private mutating func word(_ word: String) throws(JSONFault) {
        guard bytes[position...].starts(with: word.utf8) else { throw fault("no value") }
        position += word.utf8.count
    }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skip(_ character: Unicode.Scalar) -> Bool {
        guard next == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
            position += 1
        }
    }

    private func fault(_ problem: String) -> JSONFault {
        JSONFault(problem: problem, offset: position)
    }

    static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
