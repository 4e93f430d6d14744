/// RFC 4648 base 64 with padding.
public enum Base64 {
    private static let alphabet: [UInt8] = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    public static func encode(_ bytes: [UInt8]) -> String {
        let length = (bytes.count + 2) / 3 * 4
        return String(unsafeUninitializedCapacity: length) { text in
            var to = 0
            var from = 0
            while from < bytes.count {
                let left = bytes.count - from
                let group =
                    UInt32(bytes[from]) << 16
                    | (left > 1 ? UInt32(bytes[from + 1]) << 8 : 0)
                    | (left > 2 ? UInt32(bytes[from + 2]) : 0)
                text[to] = alphabet[Int(group >> 18)]
                text[to + 1] = alphabet[Int(group >> 12 & 63)]
                text[to + 2] = left > 1 ? alphabet[Int(group >> 6 & 63)] : 0x3D
                text[to + 3] = left > 2 ? alphabet[Int(group & 63)] : 0x3D
                to += 4
                from += 3
            }
            return length
        }
    }

    /// Strict: nil for anything outside the alphabet (white space too), missing padding, or bits left over.
    public static func decode(_ string: some StringProtocol) -> [UInt8]? {
        let text = Array(string.utf8)
        guard text.count % 4 == 0 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3)
        for start in stride(from: 0, to: text.count, by: 4) {
            var padding = 0
            if start + 4 == text.count {
                if text[start + 3] == 0x3D { padding = text[start + 2] == 0x3D ? 2 : 1 }
            }
            var group: UInt32 = 0
            for index in start..<(start + 4 - padding) {
                let value = values[Int(text[index])]
                guard value != 0xFF else { return nil }
                group = group << 6 | UInt32(value)
            }
            group <<= UInt32(6 * padding)
            guard group & (padding == 2 ? 0xFFFF : padding == 1 ? 0xFF : 0) == 0 else { return nil }
            bytes.append(UInt8(group >> 16))
            if padding < 2 { bytes.append(UInt8(group >> 8 & 0xFF)) }
            if padding < 1 { bytes.append(UInt8(group & 0xFF)) }
        }
        return bytes
    }
}
