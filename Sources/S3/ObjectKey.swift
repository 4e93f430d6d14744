/// An object's key: any bytes, compared and ordered as bytes. Never a `String`: Swift compares those by Unicode
/// equivalence, and two keys that differ only in normalisation are two objects.
public struct ObjectKey: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
    public let bytes: [UInt8]
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public init(_ string: String) { bytes = Array(string.utf8) }
    public init(stringLiteral value: String) { self.init(value) }
    /// Lossy for bytes that are no UTF-8; control characters escaped: for people, not for machines.
    public var description: String { fatalError("skeleton") }
    public static func < (a: ObjectKey, b: ObjectKey) -> Bool { fatalError("skeleton") }
    public func hasPrefix(_ prefix: ObjectKey) -> Bool { fatalError("skeleton") }
    public static func + (a: ObjectKey, b: ObjectKey) -> ObjectKey { ObjectKey(a.bytes + b.bytes) }
    public func dropping(prefix: ObjectKey) -> ObjectKey { ObjectKey(Array(bytes.dropFirst(prefix.bytes.count))) }
    public var isEmpty: Bool { bytes.isEmpty }
}

extension ObjectKey: Codable {
    public init(from decoder: any Decoder) throws { fatalError("skeleton") }
    public func encode(to encoder: any Encoder) throws { fatalError("skeleton") }
}
// Codable: a JSON string when the bytes are UTF-8, else {"base64": "..."}.

/// An entity tag without its quotes.
public struct ETag: Hashable, Sendable, Codable, CustomStringConvertible {
    public let value: String
    public init(_ quotedOrNot: some StringProtocol) { fatalError("skeleton") }
    /// 32 hex digits: what a store that hashes gives a single PUT.
    public var isMD5Shaped: Bool { fatalError("skeleton") }
    /// N of "<32 hex>-N": a multipart object.
    public var partCount: Int? { fatalError("skeleton") }
    public var description: String { value }
}
