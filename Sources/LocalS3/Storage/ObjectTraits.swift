import Signing

/// An entity tag: the MD5 of the bytes, or of the parts' MD5s when there are parts.
struct ETag: Sendable, Equatable {
    /// 16 bytes.
    let high: UInt64
    let low: UInt64
    /// 0 for an object that was written at once; then the text has no "-N".
    let parts: UInt32

    init(md5: [UInt8], parts: Int) {
        (high, low) = md5.withUnsafeBytes {
            (
                UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
                UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            )
        }
        self.parts = UInt32(parts)
    }

    init?(from reader: inout ByteReader) {
        guard let high: UInt64 = reader.integer(), let low: UInt64 = reader.integer(),
            let parts: UInt32 = reader.integer()
        else { return nil }
        self.high = high
        self.low = low
        self.parts = parts
    }

    func encode(into writer: inout ByteWriter) {
        writer.append(high)
        writer.append(low)
        writer.append(parts)
    }

    var md5: [UInt8] {
        withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { Array($0) }
    }

    /// The 32 hex digits, and "-N" for N parts; without quotes.
    func append(to bytes: inout [UInt8]) {
        for word in [high, low] {
            var shift: UInt64 = 60
            while true {
                let digit = UInt8((word >> shift) & 15)
                bytes.append(digit < 10 ? digit + 48 : digit + 87)
                if shift == 0 { break }
                shift -= 4
            }
        }
        if parts > 0 {
            bytes.append(UInt8(ascii: "-"))
            bytes.append(contentsOf: String(parts).utf8)
        }
    }

    var text: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(38)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    var quoted: String { "\"" + text + "\"" }
}

/// S3's storage classes: kept and echoed, with no effect on where the bytes lie. Stored by number: never renumber.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html> (x-amz-storage-class)
enum StorageClass: UInt8, Sendable, CaseIterable {
    case standard, reducedRedundancy, standardIA, oneZoneIA, intelligentTiering, glacier
    case deepArchive, outposts, glacierIR, snow, expressOneZone

    var name: String {
        switch self {
        case .standard: "STANDARD"
        case .reducedRedundancy: "REDUCED_REDUNDANCY"
        case .standardIA: "STANDARD_IA"
        case .oneZoneIA: "ONEZONE_IA"
        case .intelligentTiering: "INTELLIGENT_TIERING"
        case .glacier: "GLACIER"
        case .deepArchive: "DEEP_ARCHIVE"
        case .outposts: "OUTPOSTS"
        case .glacierIR: "GLACIER_IR"
        case .snow: "SNOW"
        case .expressOneZone: "EXPRESS_ONEZONE"
        }
    }

    /// nil for what is none, and for those of other places than general purpose buckets.
    init?(name: String) {
        guard let found = Self.allCases.first(where: { $0.name == name }) else { return nil }
        switch found {
        case .outposts, .snow, .expressOneZone: return nil
        default: self = found
        }
    }
}

/// The numbers by which checksum algorithms are stored: never renumber.
enum ChecksumCode {
    static func code(of algorithm: ChecksumAlgorithm) -> UInt8 {
        switch algorithm {
        case .md5: 0
        case .crc32: 1
        case .crc32c: 2
        case .crc64nvme: 3
        case .sha1: 4
        case .sha256: 5
        }
    }

    static func algorithm(of code: UInt8) -> ChecksumAlgorithm? {
        ChecksumAlgorithm.allCases.first { Self.code(of: $0) == code }
    }
}
