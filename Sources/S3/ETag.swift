/// An entity tag without its quotes. Compared byte for byte: a store may give any text.
public struct ETag: Hashable, Sendable, Codable, CustomStringConvertible {
    public let value: String

    /// Takes the value as it stands in a header or in XML: quotes, white space and a weak mark (`W/`) are dropped.
    public init(_ quotedOrNot: some StringProtocol) {
        var bytes = Substring(quotedOrNot).utf8
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        if bytes.count >= 3, bytes.starts(with: [0x57, 0x2F, 0x22]) { bytes.removeFirst(2) }
        if bytes.count >= 2, bytes.first == 0x22, bytes.last == 0x22 {
            bytes.removeFirst()
            bytes.removeLast()
        }
        value = String(Substring(bytes))
    }

    /// Takes the value as it is: no quotes are looked for.
    init(exactly value: String) { self.value = value }

    public init(from decoder: any Decoder) throws {
        value = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(value)
    }

    /// 32 hex digits: what a store that hashes gives a single PUT.
    public var isMD5Shaped: Bool {
        guard value.utf8.count == 32 else { return false }
        var value = value
        return value.withUTF8 { bytes in
            for byte in bytes where !Self.isHexDigit(byte) { return false }
            return true
        }
    }

    /// N of `<32 hex>-N`: a multipart object.
    public var partCount: Int? {
        let bytes = value.utf8
        guard bytes.count >= 34, bytes.prefix(32).allSatisfy(Self.isHexDigit),
            bytes.dropFirst(32).first == 0x2D
        else { return nil }
        let digits = bytes.dropFirst(33)
        guard (1...5).contains(digits.count), digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return nil
        }
        return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    }

    /// With its quotes, as `If-Match` and the part list of a Complete want it.
    var quoted: String { "\"" + value + "\"" }

    public var description: String { value }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x66)
    }
}
