/// Percent-encoding as Signature V4 has it: the unreserved bytes `A-Z a-z 0-9 - . _ ~` stay, all others become `%XX` in upper case.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
public enum URIEncoding {
    public static func encode(_ bytes: some Sequence<UInt8>, keepSlash: Bool) -> String {
        bytes.withContiguousStorageIfAvailable { encode(buffer: $0, keepSlash: keepSlash) }
            ?? [UInt8](bytes).withUnsafeBufferPointer { encode(buffer: $0, keepSlash: keepSlash) }
    }

    private static func encode(buffer: UnsafeBufferPointer<UInt8>, keepSlash: Bool) -> String {
        String(unsafeUninitializedCapacity: 3 * buffer.count) { text in
            var place = 0
            for byte in buffer {
                if isUnreserved(byte) || (keepSlash && byte == 0x2F) {
                    text[place] = byte
                    place += 1
                } else {
                    text[place] = 0x25
                    text[place + 1] = upperDigit(byte >> 4)
                    text[place + 2] = upperDigit(byte & 0x0F)
                    place += 3
                }
            }
            return place
        }
    }

    /// nil when a `%` is not followed by two hex digits.
    public static func decode(_ string: some StringProtocol, plusIsSpace: Bool = false) -> [UInt8]?
    {
        string.utf8.withContiguousStorageIfAvailable { decode($0, plusIsSpace) }
            ?? Array(string.utf8).withUnsafeBufferPointer { decode($0, plusIsSpace) }
    }

    private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ plusIsSpace: Bool) -> [UInt8]?
    {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == 0x25 {
                guard index + 2 < text.count, let high = Hex.value(of: text[index + 1]),
                    let low = Hex.value(of: text[index + 2])
                else { return nil }
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(byte == 0x2B && plusIsSpace ? 0x20 : byte)
                index += 1
            }
        }
        return bytes
    }

    @inline(__always)
    static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, 0x2D, 0x2E, 0x5F, 0x7E: true
        default: false
        }
    }

    @inline(__always)
    private static func upperDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? value + 0x30 : value + 0x37
    }
}
