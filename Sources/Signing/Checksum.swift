public enum ChecksumAlgorithm: String, Sendable, CaseIterable, Codable { case md5, crc32, crc32c, crc64nvme, sha1, sha256 }

/// An incremental digest. Not thread-safe: one owner at a time; freed on deinit.
public struct Checksum: ~Copyable {
    public let algorithm: ChecksumAlgorithm
    public init(_ algorithm: ChecksumAlgorithm) { fatalError("skeleton") }
    public mutating func update(_ bytes: UnsafeRawBufferPointer) { fatalError("skeleton") }
    /// CRCs are big-endian, as S3 sends them.
    public consuming func finalize() -> [UInt8] { fatalError("skeleton") }
    public static func of(_ bytes: [UInt8], _ algorithm: ChecksumAlgorithm) -> [UInt8] { fatalError("skeleton") }
}

public enum Hex { public static func encode(_ bytes: some Sequence<UInt8>) -> String { fatalError("skeleton") }
    public static func decode(_ string: some StringProtocol) -> [UInt8]? { fatalError("skeleton") } }
public enum Base64 { public static func encode(_ bytes: [UInt8]) -> String { fatalError("skeleton") }
    public static func decode(_ string: some StringProtocol) -> [UInt8]? { fatalError("skeleton") } }
