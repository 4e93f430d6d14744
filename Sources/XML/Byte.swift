#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The bytes that mean something to XML.
enum Byte {
    static let less: UInt8 = 0x3C
    static let greater: UInt8 = 0x3E
    static let ampersand: UInt8 = 0x26
    static let slash: UInt8 = 0x2F
    static let question: UInt8 = 0x3F
    static let exclamation: UInt8 = 0x21
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let doubleQuote: UInt8 = 0x22
    static let singleQuote: UInt8 = 0x27

    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    @inline(__always)
    static func endsName(_ byte: UInt8) -> Bool {
        isSpace(byte) || byte == greater || byte == slash || byte == less || byte == equals
            || byte == ampersand || byte == doubleQuote || byte == singleQuote
    }
}

extension UnsafeBufferPointer<UInt8> {
    /// Where a byte comes next, by `memchr`.
    @inline(__always)
    func first(_ byte: UInt8, from: Int, to: Int? = nil) -> Int? {
        let to = to ?? count
        guard from < to, let base = baseAddress,
            let found = memchr(base + from, Int32(byte), to - from)
        else { return nil }
        return UnsafeRawPointer(found) - UnsafeRawPointer(base)
    }

    @inline(__always)
    func has(_ literal: StaticString, at index: Int) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard index + length <= count, let base = baseAddress else { return false }
        return memcmp(base + index, literal.utf8Start, length) == 0
    }
}
