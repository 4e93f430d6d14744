/// What a bucket is set to, as its file `bucket` holds it.
struct BucketSettings: Sendable, Equatable {
    /// Stored by number: never renumber.
    enum Versioning: UInt8, Sendable {
        /// There is no way back to this one.
        case never
        case enabled, suspended
    }

    private enum Tag: UInt8 {
        case versioning = 1
        case lock
        case notification
    }

    let createdMilliseconds: Int64
    var versioning = Versioning.never
    /// nil when the bucket has no object lock; there is no way back to that.
    var lock: BucketLock?
    /// Which events go to which webhook.
    var notifications: [Subscription] = []

    init(createdMilliseconds: Int64) { self.createdMilliseconds = createdMilliseconds }

    /// nil when the bytes are no settings.
    init?(encoded: [UInt8]) {
        var reader = ByteReader(encoded[...])
        guard let created: Int64 = reader.integer() else { return nil }
        self.init(createdMilliseconds: created)
        while !reader.isAtEnd {
            guard let (tag, field) = reader.field() else { return nil }
            var content = field
            switch Tag(rawValue: tag) {
            case .versioning:
                guard let raw: UInt8 = content.integer(), let value = Versioning(rawValue: raw)
                else { return nil }
                versioning = value
            case .lock:
                guard let value = BucketLock(from: &content) else { return nil }
                lock = value
            case .notification:
                guard let value = Subscription(from: &content) else { return nil }
                notifications.append(value)
            case nil: continue
            }
        }
    }

    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        writer.append(createdMilliseconds)
        if versioning != .never {
            writer.field(Tag.versioning.rawValue) { $0.append(versioning.rawValue) }
        }
        if let lock { writer.field(Tag.lock.rawValue) { lock.encode(into: &$0) } }
        for notification in notifications {
            writer.field(Tag.notification.rawValue) { notification.encode(into: &$0) }
        }
        return writer.bytes
    }
}
