import COpenSSL

/// The three checks of S3 and what they share. CRC32 is zlib's, CRC32C is iSCSI's, CRC64NVME is NVMe's.
/// <https://reveng.sourceforge.io/crc-catalogue/>
enum CRC {
    static let crc32 = CRCTables<UInt32>(polynomial: 0xEDB8_8320)
    static let crc32c = CRCTables<UInt32>(polynomial: 0x82F6_3B78)
    static let crc64nvme = CRCTables<UInt64>(polynomial: 0x9A6C_9329_AC4B_C9B5)

    private static let hasInstruction = brigade_has_crc32c() != 0

    /// The check of everything so far, given that of everything before `bytes`: by the processor's instruction where it
    /// has one, which is ten times as fast.
    static func updateCRC32C(_ crc: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
        guard hasInstruction else { return crc32c.update(crc, bytes) }
        return ~brigade_crc32c(~crc, bytes.baseAddress, bytes.count)
    }

    /// Big-endian.
    static func bytes<Value: FixedWidthInteger>(_ crc: Value) -> [UInt8] {
        withUnsafeBytes(of: crc.bigEndian) { [UInt8]($0) }
    }

    /// nil when the length is not that of the value.
    static func value<Value: FixedWidthInteger>(_ bytes: [UInt8], as: Value.Type) -> Value? {
        guard bytes.count == Value.bitWidth / 8 else { return nil }
        return bytes.reduce(0) { $0 << 8 | Value($1) }
    }
}

/// A reflected cyclic redundancy check by sixteen tables: sixteen bytes a step.
/// Initial value and final complement are all ones.
struct CRCTables<Value: FixedWidthInteger & UnsignedInteger & Sendable>: Sendable {
    /// Reflected, without the leading term.
    let polynomial: Value
    /// Table k has, for each byte, its remainder when 8k more zero bits follow.
    private let tables: [Value]

    init(polynomial: Value) {
        self.polynomial = polynomial
        var tables = [Value](repeating: 0, count: 16 * 256)
        for byte in 0..<256 {
            var value = Value(byte)
            for _ in 0..<8 { value = value & 1 == 1 ? value >> 1 ^ polynomial : value >> 1 }
            tables[byte] = value
        }
        for index in 256..<(16 * 256) {
            let shorter = tables[index - 256]
            tables[index] = shorter >> 8 ^ tables[Int(truncatingIfNeeded: shorter & 0xFF)]
        }
        self.tables = tables
    }

    /// The check of everything so far, given that of everything before `bytes`.
    func update(_ crc: Value, _ bytes: UnsafeRawBufferPointer) -> Value {
        guard let base = bytes.baseAddress else { return crc }
        return tables.withUnsafeBufferPointer { tables in
            let table = tables.baseAddress!
            var crc = ~crc
            var index = 0
            while bytes.count - index >= 16 {
                var first = UInt64(
                    littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                var second = UInt64(
                    littleEndian: base.loadUnaligned(fromByteOffset: index + 8, as: UInt64.self))
                first ^= UInt64(truncatingIfNeeded: crc)
                var folded: Value = 0
                for position in 0..<8 {
                    folded ^= table[(15 - position) << 8 | Int(truncatingIfNeeded: first & 0xFF)]
                    folded ^= table[(7 - position) << 8 | Int(truncatingIfNeeded: second & 0xFF)]
                    first >>= 8
                    second >>= 8
                }
                crc = folded
                index += 16
            }
            while index < bytes.count {
                crc = crc >> 8 ^ table[Int(truncatingIfNeeded: crc & 0xFF) ^ Int(bytes[index])]
                index += 1
            }
            return ~crc
        }
    }

    /// The check of two runs of bytes after each other, from the check of each and the second's length.
    func combine(_ first: Value, _ second: Value, secondLengthBytes: Int64) -> Value {
        precondition(secondLengthBytes >= 0)
        // x^(8n) modulo the polynomial, by squaring; the highest bit stands for x^0.
        var power: Value = 1 << (Value.bitWidth - 1)
        var square: Value = power >> 8
        var length = secondLengthBytes
        while length > 0 {
            if length & 1 == 1 { power = multiply(power, square) }
            square = multiply(square, square)
            length >>= 1
        }
        return multiply(power, first) ^ second
    }

    /// The product of two polynomials modulo the check's.
    private func multiply(_ a: Value, _ b: Value) -> Value {
        var product: Value = 0
        var b = b
        for bit in (0..<Value.bitWidth).reversed() {
            if a >> bit & 1 == 1 { product ^= b }
            b = b & 1 == 1 ? b >> 1 ^ polynomial : b >> 1
        }
        return product
    }
}
