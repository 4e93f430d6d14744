import Glibc

/// JSON put together from parts that are never read and written again.
enum JSONText {
    static func isValid(_ bytes: [UInt8]) -> Bool { JSONSyntax.isValid(bytes) }

    /// The bytes where they are JSON, an empty object for none, else a string of them.
    static func embedded(_ bytes: [UInt8]) -> [UInt8] {
        if bytes.isEmpty { return Array("{}".utf8) }
        return isValid(bytes) ? bytes : quoted(String(decoding: bytes, as: UTF8.self))
    }

    static func string(_ text: String) -> String { String(decoding: quoted(text), as: UTF8.self) }

    static func quoted(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "\"")]
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case UInt8(ascii: "\n"): bytes += Array("\\n".utf8)
            case UInt8(ascii: "\r"): bytes += Array("\\r".utf8)
            case UInt8(ascii: "\t"): bytes += Array("\\t".utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                bytes += Array("\\u00\(byte < 16 ? "0" : "")\(digits)".utf8)
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
        return bytes
    }

    /// "2026-11-23T14:00:00.123Z"
    static func timestamp(_ milliseconds: Int64) -> String {
        // By hand: a formatter takes longer than all else that a log line takes.
        var seconds = time_t(milliseconds / 1000)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return String(unsafeUninitializedCapacity: 24) { text in
            var at = 0
            func digits(_ value: Int, _ count: Int, _ end: Unicode.Scalar) {
                var rest = value
                for index in stride(from: at + count - 1, through: at, by: -1) {
                    text[index] = UInt8(ascii: "0") + UInt8(rest % 10)
                    rest /= 10
                }
                text[at + count] = UInt8(ascii: end)
                at += count + 1
            }
            digits(Int(parts.tm_year) + 1900, 4, "-")
            digits(Int(parts.tm_mon) + 1, 2, "-")
            digits(Int(parts.tm_mday), 2, "T")
            digits(Int(parts.tm_hour), 2, ":")
            digits(Int(parts.tm_min), 2, ":")
            digits(Int(parts.tm_sec), 2, ".")
            digits(Int(milliseconds % 1000), 3, "Z")
            return at
        }
    }
}
