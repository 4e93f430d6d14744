import Signing

/// The CRC of a whole from the CRCs of its pieces, without their bytes: appending `n` zero bytes is a linear map on
/// the register, and its matrix is made by squaring. All of S3's CRCs are reflected, start at and end with all ones.
enum CRCCombination {
    /// nil for a digest that is no CRC.
    static func of(_ parts: [PartRecord], _ algorithm: ChecksumAlgorithm) -> [UInt8]? {
        guard let polynomial = polynomial(of: algorithm) else { return nil }
        let width = ChecksumRequest.bytes(algorithm) * 8
        var combined: UInt64 = 0
        for part in parts {
            guard part.checksum.count == width / 8 else { return nil }
            let value = part.checksum.reduce(0) { $0 << 8 | UInt64($1) }
            combined =
                appendZeros(to: combined, bytes: part.size, polynomial, width: width) ^ value
        }
        return (0..<width / 8).reversed().map { UInt8(truncatingIfNeeded: combined >> ($0 * 8)) }
    }

    /// Reflected.
    ///
    /// Source: <https://reveng.sourceforge.io/crc-catalogue/all.htm> (ISO-HDLC, iSCSI, NVME)
    private static func polynomial(of algorithm: ChecksumAlgorithm) -> UInt64? {
        switch algorithm {
        case .crc32: 0xEDB8_8320
        case .crc32c: 0x82F6_3B78
        case .crc64nvme: 0x9A6C_9329_AC4B_C9B5
        case .md5, .sha1, .sha256: nil
        }
    }

    private static func appendZeros(
        to register: UInt64, bytes: Int64, _ polynomial: UInt64, width: Int
    ) -> UInt64 {
        // One zero bit: shift down, and the polynomial when a one falls out.
        var matrix = [polynomial] + (1..<width).map { UInt64(1) << UInt64($0 - 1) }
        var remaining = UInt64(bytes) * 8
        var value = register
        while remaining > 0 {
            if remaining & 1 == 1 { value = multiply(matrix, value) }
            remaining >>= 1
            if remaining > 0 { matrix = matrix.map { multiply(matrix, $0) } }
        }
        return value
    }

    private static func multiply(_ matrix: [UInt64], _ vector: UInt64) -> UInt64 {
        var sum: UInt64 = 0
        var rest = vector
        while rest != 0 {
            sum ^= matrix[rest.trailingZeroBitCount]
            rest &= rest - 1
        }
        return sum
    }
}
