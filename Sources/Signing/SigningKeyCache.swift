import Transport

/// The signing keys used last. Deriving one costs about four signatures.
struct SigningKeyCache: Sendable {
    /// Source and destination, today and around midnight, with room for a few role sessions.
    static let entriesMaximum = 16

    private struct Entry: Sendable {
        let secret: SHA256Digest
        let day: Int64
        let region: String
        let key: SigningKey
    }

    private let service: String
    private let entries = Locked<[Entry]>([])

    init(service: String) { self.service = service }

    /// - Parameter time: Unix seconds.
    func key(secretAccessKey: String, region: String, time: Int64) -> SigningKey {
        var secret = secretAccessKey
        // The secret itself is not kept for longer than the caller keeps it.
        let digest = secret.withUTF8 { SHA256Digest(of: UnsafeRawBufferPointer($0)) }
        let day = CivilDate.day(of: time)
        let cached = entries.withLock { entries in
            entries.first { $0.day == day && $0.secret == digest && $0.region == region }?.key
        }
        if let cached { return cached }
        let key = SigningKey(
            secretAccessKey: secret, day: String(Timestamps.amzDate(time).prefix(8)),
            region: region, service: service)
        let entry = Entry(secret: digest, day: day, region: region, key: key)
        entries.withLock { entries in
            if entries.count >= Self.entriesMaximum { entries.removeFirst() }
            entries.append(entry)
        }
        return key
    }
}
