import Signing

/// The checksum that a request gives or asks for.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>
struct ChecksumRequest: Sendable, Equatable {
    let algorithm: ChecksumAlgorithm
    /// What the header says; nil when it comes in a trailer, or is left to the server.
    let expected: [UInt8]?
    /// A trailer was announced for it.
    var isTrailing = false

    /// The five that S3 has, by the names it uses in headers and documents.
    static let names: [(algorithm: ChecksumAlgorithm, header: String, name: String)] = [
        (.crc32, "x-amz-checksum-crc32", "CRC32"), (.crc32c, "x-amz-checksum-crc32c", "CRC32C"),
        (.crc64nvme, "x-amz-checksum-crc64nvme", "CRC64NVME"),
        (.sha1, "x-amz-checksum-sha1", "SHA1"), (.sha256, "x-amz-checksum-sha256", "SHA256"),
    ]

    static func header(of algorithm: ChecksumAlgorithm) -> String {
        names.first { $0.algorithm == algorithm }?.header ?? ""
    }

    static func name(of algorithm: ChecksumAlgorithm) -> String {
        names.first { $0.algorithm == algorithm }?.name ?? ""
    }

    static func algorithm(named name: String) -> ChecksumAlgorithm? {
        let upper = name.uppercased()
        return names.first { $0.name == upper }?.algorithm
    }

    /// - Throws: ``S3Failure`` `InvalidRequest` for an unknown algorithm, more than one, or a value that is no checksum.
    static func parse(_ request: S3Request) throws(S3Failure) -> ChecksumRequest? {
        var found: ChecksumRequest?
        var trailer: String?
        var asked: String?
        for (name, value) in request.headers {
            guard name.utf8.count > 12, name.utf8.count < 32 else { continue }
            switch name.lowercased() {
            case "x-amz-trailer": trailer = value
            case "x-amz-sdk-checksum-algorithm", "x-amz-checksum-algorithm": asked = asked ?? value
            case let lower where lower.hasPrefix("x-amz-checksum-"):
                guard let known = names.first(where: { $0.header == lower }) else { continue }
                guard found == nil else {
                    throw S3Failure(
                        .invalidRequest,
                        "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
                    )
                }
                guard let digest = Base64.decode(value), digest.count == bytes(known.algorithm)
                else {
                    throw S3Failure(
                        .invalidRequest, "Value for \(lower) header is invalid.")
                }
                found = ChecksumRequest(algorithm: known.algorithm, expected: digest)
            default: break
            }
        }
        if let found { return found }
        if let trailer {
            let lower = trailer.lowercased().filter { $0 != " " }
            guard let known = names.first(where: { $0.header == lower }) else {
                throw S3Failure(
                    .invalidRequest,
                    "The value specified in the x-amz-trailer header is not supported")
            }
            return ChecksumRequest(algorithm: known.algorithm, expected: nil, isTrailing: true)
        }
        guard let asked else { return nil }
        guard let algorithm = algorithm(named: asked) else {
            throw S3Failure(
                .invalidRequest,
                "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
                    + "[CRC32, CRC32C, CRC64NVME, SHA1, SHA256]")
        }
        return ChecksumRequest(algorithm: algorithm, expected: nil)
    }

    static func bytes(_ algorithm: ChecksumAlgorithm) -> Int {
        switch algorithm {
        case .md5: 16
        case .crc32, .crc32c: 4
        case .crc64nvme: 8
        case .sha1: 20
        case .sha256: 32
        }
    }
}

extension StoredChecksum {
    /// Base64, with "-N" for the checksum of N parts' checksums.
    func text(parts: Int) -> String {
        Base64.encode(value) + (isComposite ? "-\(parts)" : "")
    }

    var typeName: String { isComposite ? "COMPOSITE" : "FULL_OBJECT" }

    func headers(parts: Int) -> [(name: String, value: String)] {
        [
            (ChecksumRequest.header(of: algorithm), text(parts: parts)),
            ("x-amz-checksum-type", typeName),
        ]
    }
}
