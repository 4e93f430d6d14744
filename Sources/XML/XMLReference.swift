/// Character and entity references: `&amp;`, `&#13;`, `&#x1F600;`.
///
/// References to control characters are taken although XML 1.0 forbids them: S3 writes them for such keys.
enum XMLReference {
    /// "&#x10FFFF;" with room for leading zeros.
    static let bytesMaximum = 16

    /// Appends what the reference at `start` stands for; returns where the text goes on.
    static func append(
        at start: Int, to end: Int, of bytes: UnsafeBufferPointer<UInt8>, _ text: inout [UInt8]
    ) throws(XMLError) -> Int {
        let limit = min(end, start + bytesMaximum)
        guard let semicolon = bytes.first(Byte.semicolon, from: start + 1, to: limit),
            semicolon > start + 1
        else { throw XMLError(.badReference, offset: start) }
        if bytes[start + 1] == 0x23 {
            guard let scalar = scalar(bytes, start + 2..<semicolon) else {
                throw XMLError(.badReference, offset: start)
            }
            text.append(contentsOf: UTF8.encode(scalar)!)
        } else {
            guard let byte = named(bytes, start, semicolon - start + 1) else {
                throw XMLError(.badReference, offset: start)
            }
            text.append(byte)
        }
        return semicolon + 1
    }

    private static func named(
        _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int, _ length: Int
    ) -> UInt8? {
        switch length {
        case 4 where bytes.has("&lt;", at: start): Byte.less
        case 4 where bytes.has("&gt;", at: start): Byte.greater
        case 5 where bytes.has("&amp;", at: start): Byte.ampersand
        case 6 where bytes.has("&quot;", at: start): Byte.doubleQuote
        case 6 where bytes.has("&apos;", at: start): Byte.singleQuote
        default: nil
        }
    }

    private static func scalar(
        _ bytes: UnsafeBufferPointer<UInt8>, _ digits: Range<Int>
    ) -> Unicode.Scalar? {
        guard let first = digits.first else { return nil }
        let isHex = bytes[first] == 0x78
        let radix: UInt32 = isHex ? 16 : 10
        let digits = isHex ? first + 1..<digits.upperBound : digits
        guard !digits.isEmpty else { return nil }
        var value: UInt32 = 0
        for index in digits {
            let byte = bytes[index]
            let digit: UInt32
            switch byte {
            case 0x30...0x39: digit = UInt32(byte - 0x30)
            case 0x41...0x46 where isHex: digit = UInt32(byte - 0x41 + 10)
            case 0x61...0x66 where isHex: digit = UInt32(byte - 0x61 + 10)
            default: return nil
            }
            value = value * radix + digit
            guard value <= 0x10FFFF else { return nil }
        }
        guard value != 0 else { return nil }
        return Unicode.Scalar(value)
    }
}
