import Glibc

/// X-Ray's identifiers. A run's id is the root of its trace.
///
/// Source: <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids>
public enum TraceID {
    /// "1-8hex-24hex": version, Unix seconds, 96 random bits.
    public static func makeRoot() -> String {
        var random = SystemRandomNumberGenerator()
        return makeRoot(random.next(), random.next())
    }

    /// The same of 96 given random bits.
    public static func makeRoot(_ high: UInt64, _ low: UInt64) -> String {
        let seconds = UInt32(truncatingIfNeeded: time(nil))
        return "1-" + hex(UInt64(seconds), digits: 8) + "-"
            + hex(high, digits: 16) + hex(low, digits: 8)
    }

    /// A segment's 16 hexadecimal digits.
    public static func makeSegment(_ bits: UInt64) -> String {
        hex(bits, digits: 16)
    }

    /// The header's form: "Root=…;Parent=…;Sampled=1".
    public static func header(root: String, parent: String) -> String {
        "Root=\(root);Parent=\(parent);Sampled=1"
    }

    /// The root in a header, or nil.
    public static func root(of header: String) -> Substring? {
        // It comes first as a rule; other senders may put it elsewhere.
        if header.hasPrefix("Root=") {
            let rest = header[header.utf8.index(header.startIndex, offsetBy: 5)...]
            return rest[..<(rest.utf8.firstIndex(of: UInt8(ascii: ";")) ?? rest.endIndex)]
        }
        return header.split(separator: ";").first { $0.hasPrefix("Root=") }?.dropFirst(5)
    }

    /// The lowest `digits` hexadecimal digits, in lower case, zeros in front.
    static func hex(_ value: UInt64, digits: Int) -> String {
        String(unsafeUninitializedCapacity: digits) { text in
            writeHex(value, digits, to: text, at: 0)
            return digits
        }
    }

    static func writeHex(
        _ value: UInt64, _ digits: Int, to text: UnsafeMutableBufferPointer<UInt8>, at start: Int
    ) {
        for index in 0..<digits {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(4 * (digits - 1 - index))) & 15
            text[start + index] =
                digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
        }
    }
}

/// A request's identifier: a random UUID in lower case.
public enum RequestID {
    public static func make(_ high: UInt64, _ low: UInt64) -> String {
        // Version 4, variant 1 (RFC 9562, section 5.4).
        let high = high & 0xffff_ffff_ffff_0fff | 0x4000
        let low = low & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        return String(unsafeUninitializedCapacity: 36) { text in
            var place = 0
            for (value, digits) in [
                (high >> 32, 8), (high >> 16, 4), (high, 4), (low >> 48, 4), (low, 12),
            ] {
                if place > 0 {
                    text[place] = UInt8(ascii: "-")
                    place += 1
                }
                TraceID.writeHex(value, digits, to: text, at: place)
                place += digits
            }
            return place
        }
    }
}
