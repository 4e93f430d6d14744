/// What a bucket is set to, as its file `bucket` holds it.
struct BucketSettings: Sendable, Equatable {
    /// Stored by number: never renumber.
    enum Versioning: UInt8, Sendable {
        /// There is no way back to this one.
        case never
        case enabled, suspended
    }

    private static let versioningTag: UInt8 = 1

    let createdMilliseconds: Int64
    var versioning = Versioning.never

    init(createdMilliseconds: Int64) { self.createdMilliseconds = createdMilliseconds }

    /// nil when the bytes are no settings.
    init?(encoded: [UInt8]) {
        var reader = ByteReader(encoded[...])
        guard let created: Int64 = reader.integer() else { return nil }
        self.init(createdMilliseconds: created)
        while !reader.isAtEnd {
            guard let (tag, field) = reader.field() else { return nil }
            guard tag == Self.versioningTag else { continue }
            var content = field
            guard let raw: UInt8 = content.integer(), let value = Versioning(rawValue: raw) else {
                return nil
            }
            versioning = value
        }
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(createdMilliseconds)
        if versioning != .never {
            writer.field(Self.versioningTag) { $0.append(versioning.rawValue) }
        }
        return writer.bytes
    }
}
