/// Base 16: writes lower case, reads both.
public enum Hex {
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let bytes =
            bytes.withContiguousStorageIfAvailable { encode(buffer: $0) }
            ?? [UInt8](bytes).withUnsafeBufferPointer { encode(buffer: $0) }
        return bytes
    }

    /// nil for an odd number of digits or anything but digits.
    public static func decode(_ string: some StringProtocol) -> [UInt8]? {
        let digits = string.utf8
        var bytes: [UInt8] = []
        bytes.reserveCapacity(digits.count / 2)
        var high: UInt8?
        for digit in digits {
            guard let value = value(of: digit) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }

    @inline(__always)
    static func value(of digit: UInt8) -> UInt8? {
        switch digit {
        case 0x30...0x39: digit - 0x30
        case 0x41...0x46: digit - 0x41 + 10
        case 0x61...0x66: digit - 0x61 + 10
        default: nil
        }
    }

    @inline(__always)
    static func digit(_ value: UInt8) -> UInt8 { value < 10 ? value + 0x30 : value + 0x57 }

    /// Writes two digits for each byte.
    @inline(__always)
    static func write(_ bytes: UnsafeRawBufferPointer, to text: UnsafeMutableBufferPointer<UInt8>) {
        for index in 0..<bytes.count {
            let byte = bytes[index]
            text[2 * index] = digit(byte >> 4)
            text[2 * index + 1] = digit(byte & 0x0F)
        }
    }

    private static func encode(buffer: UnsafeBufferPointer<UInt8>) -> String {
        String(unsafeUninitializedCapacity: 2 * buffer.count) { text in
            write(UnsafeRawBufferPointer(buffer), to: text)
            return 2 * buffer.count
        }
    }
}
