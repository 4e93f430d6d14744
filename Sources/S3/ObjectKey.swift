import Glibc
import Signing

/// An object's key: any bytes, compared and ordered as bytes. Never a `String`: Swift compares those by Unicode
/// equivalence, and two keys that differ only in normalisation are two objects.
///
/// S3 allows 1 to ``bytesMaximum`` bytes; nothing here enforces that, the store does.
public struct ObjectKey: Hashable, Comparable, Sendable, ExpressibleByStringLiteral {
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>
    public static let bytesMaximum = 1024

    public let bytes: [UInt8]

    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public init(_ string: String) { bytes = Array(string.utf8) }
    public init(stringLiteral value: String) { self.init(value) }

    public var isEmpty: Bool { bytes.isEmpty }

    /// The key as text, or nil when its bytes are no UTF-8.
    public var string: String? { String(validating: bytes, as: UTF8.self) }

    public static func == (left: ObjectKey, right: ObjectKey) -> Bool {
        left.bytes.withUnsafeBytes { a in
            right.bytes.withUnsafeBytes { b in
                a.count == b.count
                    && (a.count == 0 || memcmp(a.baseAddress!, b.baseAddress!, a.count) == 0)
            }
        }
    }

    /// Byte order, which is the order S3 lists in.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        left.bytes.withUnsafeBytes { a in
            right.bytes.withUnsafeBytes { b in
                let shared = min(a.count, b.count)
                let order = shared == 0 ? 0 : memcmp(a.baseAddress!, b.baseAddress!, shared)
                return order == 0 ? a.count < b.count : order < 0
            }
        }
    }

    public func hash(into hasher: inout Hasher) {
        bytes.withUnsafeBytes { hasher.combine(bytes: $0) }
    }

    public static func + (left: ObjectKey, right: ObjectKey) -> ObjectKey {
        ObjectKey(left.bytes + right.bytes)
    }

    public func hasPrefix(_ prefix: ObjectKey) -> Bool {
        let length = prefix.bytes.count
        guard length > 0 else { return true }
        guard length <= bytes.count else { return false }
        return bytes.withUnsafeBytes { a in
            prefix.bytes.withUnsafeBytes { b in
                memcmp(a.baseAddress!, b.baseAddress!, length) == 0
            }
        }
    }

    /// What follows the prefix, which the key must have.
    public func dropping(prefix: ObjectKey) -> ObjectKey {
        ObjectKey(Array(bytes.dropFirst(prefix.bytes.count)))
    }
}

extension ObjectKey: CustomStringConvertible {
    /// For people, not for machines: lossy for bytes that are no UTF-8; characters that would change a terminal
    /// or the order of what is read (controls, bidirectional overrides) are escaped.
    public var description: String {
        if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) {
            return String(decoding: bytes, as: UTF8.self)
        }
        var text = ""
        for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 0x0A: text += "\\n"
            case 0x0D: text += "\\r"
            case 0x09: text += "\\t"
            case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF:
                text += "\\u{" + String(scalar.value, radix: 16, uppercase: true) + "}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension ObjectKey: Codable {
    private enum CodingKeys: String, CodingKey { case base64 }

    /// From a JSON string, or from `{"base64": "..."}` when the bytes are no UTF-8.
    public init(from decoder: any Decoder) throws {
        // No string is no error yet: it may be the other form.
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            self.init(text)
            return
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let text = try container.decode(String.self, forKey: .base64)
        guard let bytes = Base64.decode(text) else {
            throw DecodingError.dataCorruptedError(
                forKey: .base64, in: container, debugDescription: "not base64")
        }
        self.init(bytes)
    }

    public func encode(to encoder: any Encoder) throws {
        if let string {
            var container = encoder.singleValueContainer()
            try container.encode(string)
        } else {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(Base64.encode(bytes), forKey: .base64)
        }
    }
}
