import Signing

/// Small files that end with the CRC-32C of what stands before it (4 bytes, big-endian): settings and manifests.
enum SealedBytes {
    private static let sumBytes = 4

    static func seal(_ bytes: [UInt8]) -> [UInt8] { bytes + Checksum.of(bytes, .crc32c) }

    /// What was sealed; nil when it is damaged, or of the time before there were seals.
    static func open(_ sealed: [UInt8]) -> [UInt8]? {
        guard sealed.count >= sumBytes else { return nil }
        let bytes = Array(sealed.dropLast(sumBytes))
        guard Checksum.of(bytes, .crc32c).elementsEqual(sealed.suffix(sumBytes)) else { return nil }
        return bytes
    }
}
