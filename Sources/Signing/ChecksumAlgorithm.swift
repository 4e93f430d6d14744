/// The digests that S3 knows, MD5 for ETags and `Content-MD5`.
public enum ChecksumAlgorithm: String, Sendable, CaseIterable, Codable {
    case md5, crc32, crc32c, crc64nvme, sha1, sha256

    public var digestBytes: Int {
        switch self {
        case .md5: 16
        case .crc32, .crc32c: 4
        case .crc64nvme: 8
        case .sha1: 20
        case .sha256: 32
        }
    }
}
