import COpenSSL

/// An incremental digest. Not thread-safe: one owner at a time. Holds its state in place and allocates nothing.
public struct Checksum: ~Copyable, Sendable {
    private enum State {
        case md5(MD5_CTX)
        case sha1(SHA_CTX)
        case sha256(SHA256_CTX)
        case crc32(UInt32)
        case crc32c(UInt32)
        case crc64nvme(UInt64)
    }

    public let algorithm: ChecksumAlgorithm
    private var state: State

    public init(_ algorithm: ChecksumAlgorithm) {
        self.algorithm = algorithm
        switch algorithm {
        case .md5:
            var context = MD5_CTX()
            MD5_Init(&context)
            state = .md5(context)
        case .sha1:
            var context = SHA_CTX()
            SHA1_Init(&context)
            state = .sha1(context)
        case .sha256:
            var context = SHA256_CTX()
            SHA256_Init(&context)
            state = .sha256(context)
        case .crc32: state = .crc32(0)
        case .crc32c: state = .crc32c(0)
        case .crc64nvme: state = .crc64nvme(0)
        }
    }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        switch state {
        case .md5(var context):
            MD5_Update(&context, bytes.baseAddress, bytes.count)
            state = .md5(context)
        case .sha1(var context):
            SHA1_Update(&context, bytes.baseAddress, bytes.count)
            state = .sha1(context)
        case .sha256(var context):
            SHA256_Update(&context, bytes.baseAddress, bytes.count)
            state = .sha256(context)
        case .crc32(let crc): state = .crc32(CRC.crc32.update(crc, bytes))
        case .crc32c(let crc): state = .crc32c(CRC.updateCRC32C(crc, bytes))
        case .crc64nvme(let crc): state = .crc64nvme(CRC.crc64nvme.update(crc, bytes))
        }
    }

    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// CRCs are big-endian, as S3 sends them.
    public consuming func finalize() -> [UInt8] {
        let length = algorithm.digestBytes
        switch state {
        case .md5(var context):
            return [UInt8](unsafeUninitializedCapacity: length) { digest, count in
                MD5_Final(digest.baseAddress, &context)
                count = length
            }
        case .sha1(var context):
            return [UInt8](unsafeUninitializedCapacity: length) { digest, count in
                SHA1_Final(digest.baseAddress, &context)
                count = length
            }
        case .sha256(var context):
            return [UInt8](unsafeUninitializedCapacity: length) { digest, count in
                SHA256_Final(digest.baseAddress, &context)
                count = length
            }
        case .crc32(let crc), .crc32c(let crc): return CRC.bytes(crc)
        case .crc64nvme(let crc): return CRC.bytes(crc)
        }
    }

    public static func of(_ bytes: [UInt8], _ algorithm: ChecksumAlgorithm) -> [UInt8] {
        bytes.withUnsafeBytes { of($0, algorithm) }
    }

    public static func of(
        _ bytes: UnsafeRawBufferPointer, _ algorithm: ChecksumAlgorithm
    ) -> [UInt8] {
        var checksum = Checksum(algorithm)
        checksum.update(bytes)
        return checksum.finalize()
    }
}
