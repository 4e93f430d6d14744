/// Which of its key's versions an object is. Its text, 32 hex digits or "null", is also a safe file name.
struct VersionID: Sendable, Equatable {
    /// The text of a key's only version that has no id: written before versioning was enabled, or while it is suspended.
    static let null = "null"

    /// Greater for each newer version of a key: the microseconds since 1970 when it was written, or more when the
    /// clock was moved back.
    let number: UInt64
    /// Random, so that nobody can guess an id; 0 for the "null" version.
    let salt: UInt64

    init(number: UInt64, salt: UInt64) {
        self.number = number
        self.salt = salt
    }

    /// nil for the "null" version, whose number its text does not tell, and for what is no id.
    init?(_ text: String) {
        let digits = text.utf8
        guard digits.count == 32,
            digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }),
            let number = UInt64(text.prefix(16), radix: 16),
            let salt = UInt64(text.suffix(16), radix: 16), salt != 0
        else { return nil }
        self.init(number: number, salt: salt)
    }

    var isNull: Bool { salt == 0 }

    var text: String {
        guard !isNull else { return Self.null }
        return [number, salt].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }

    /// Whether a client's text may name a version at all.
    static func isValid(_ text: String) -> Bool { text == null || VersionID(text) != nil }
}

/// The keys of the index of versions. Their byte order is that of S3's listing: by key, then the newest first.
enum VersionKey {
    /// What all entries of keys that begin with `prefix` begin with. A zero byte is followed by a one, so that the two
    /// zeros that end a key come before whatever could continue it.
    static func prefix(_ prefix: [UInt8]) -> [UInt8] {
        guard prefix.contains(0) else { return prefix }
        return prefix.flatMap { $0 == 0 ? [0, 1] : [$0] }
    }

    /// Not greater than any entry of `key`.
    static func start(of key: [UInt8]) -> [UInt8] { prefix(key) + [0, 0] }

    /// Greater than all entries of `key`, and not greater than those of the next key.
    static func end(of key: [UInt8]) -> [UInt8] { prefix(key) + [0, 1] }

    static func of(_ key: [UInt8], _ id: VersionID) -> [UInt8] {
        var bytes = start(of: key)
        for word in [~id.number, id.salt] {
            withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// nil when the bytes are none of ours.
    static func decode(_ bytes: [UInt8]) -> (key: [UInt8], id: VersionID)? {
        let end = bytes.count - 18
        guard end > 0, bytes[end] == 0, bytes[end + 1] == 0 else { return nil }
        var key = bytes[..<end]
        if key.contains(0) {
            var isEscape = false
            key = key.filter { byte in
                defer { isEscape = !isEscape && byte == 0 }
                return !isEscape
            }
        }
        func word(_ start: Int) -> UInt64 {
            bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        return (Array(key), VersionID(number: ~word(end + 2), salt: word(end + 10)))
    }
}
