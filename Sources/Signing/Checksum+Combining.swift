extension Checksum {
    /// The CRC of two runs of bytes after each other: FULL_OBJECT checksums of multipart uploads.
    ///
    /// - Returns: nil when `algorithm` is no CRC (their digests cannot be combined), or a digest has the wrong length.
    public static func combineCRC(
        _ first: [UInt8], _ second: [UInt8], secondLengthBytes: Int64,
        _ algorithm: ChecksumAlgorithm
    ) -> [UInt8]? {
        guard secondLengthBytes >= 0 else { return nil }
        switch algorithm {
        case .crc32, .crc32c:
            guard let first = CRC.value(first, as: UInt32.self),
                let second = CRC.value(second, as: UInt32.self)
            else { return nil }
            let tables = algorithm == .crc32 ? CRC.crc32 : CRC.crc32c
            return CRC.bytes(tables.combine(first, second, secondLengthBytes: secondLengthBytes))
        case .crc64nvme:
            guard let first = CRC.value(first, as: UInt64.self),
                let second = CRC.value(second, as: UInt64.self)
            else { return nil }
            return CRC.bytes(
                CRC.crc64nvme.combine(first, second, secondLengthBytes: secondLengthBytes))
        case .md5, .sha1, .sha256: return nil
        }
    }

    /// The CRC of the whole, from those of its parts in order. That of nothing is 0.
    public static func combineCRC(
        parts: [(digest: [UInt8], lengthBytes: Int64)], _ algorithm: ChecksumAlgorithm
    ) -> [UInt8]? {
        var whole = [UInt8](repeating: 0, count: algorithm.digestBytes)
        if parts.isEmpty, !algorithm.isCRC { return nil }
        for part in parts {
            guard
                let longer = combineCRC(
                    whole, part.digest, secondLengthBytes: part.lengthBytes, algorithm)
            else { return nil }
            whole = longer
        }
        return whole
    }
}

extension ChecksumAlgorithm {
    /// Whether the digest of a whole follows from those of its parts.
    public var isCRC: Bool {
        switch self {
        case .crc32, .crc32c, .crc64nvme: true
        case .md5, .sha1, .sha256: false
        }
    }
}
