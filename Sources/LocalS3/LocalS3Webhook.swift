/// Where notifications are sent: `POST` with one event as MinIO writes it. Prints without its token.
///
/// An event is sent until the webhook answers 2xx: at least once, in order for each key, and while the webhook refuses one
/// key's event it gets those of the others (up to 65,536 events that wait). What waits is in the folder, also when the process ends.
public struct LocalS3Webhook: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// 1...32 letters, digits, `-` and `_`. Buckets name the webhook by ``arn``.
    public let name: String
    /// `http` or `https`.
    public let url: String
    /// One word is sent as `Authorization: Bearer WORD`, two as they are; nil or empty: nothing is sent.
    public let token: String?

    public init(name: String, url: String, token: String? = nil) {
        self.name = name
        self.url = url
        self.token = token
    }

    /// What a bucket's notification configuration calls it: `arn:minio:sqs::NAME:webhook`.
    public var arn: String { Subscription.arn(ofWebhook: name) }

    /// As MinIO does it: <https://github.com/minio/minio/blob/master/internal/event/target/webhook.go>
    var authorization: String? {
        guard let token else { return nil }
        switch token.split(separator: " ").count {
        case 0: return nil
        case 1: return "Bearer \(token)"
        default: return token
        }
    }

    /// The URL without its query, which may hold a token.
    public var place: String { String(url.prefix { $0 != "?" }) }

    static func isName(_ name: String) -> Bool {
        (1...32).contains(name.utf8.count)
            && name.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0)
                    || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
            }
    }

    public var description: String { "LocalS3Webhook(\(name), \(place))" }
    public var customMirror: Mirror { Mirror(self, children: ["name": name, "place": place]) }
}

/// Events of a bucket that go to a webhook while the process runs, beside what the bucket's own configuration says. An
/// event goes to a webhook once, however many of these want it.
public struct LocalS3Notification: Sendable, Equatable {
    public var bucket: String
    /// The webhook's name.
    public var webhook: String
    /// `s3:ObjectCreated:*`, `s3:ObjectRemoved:*`, or an event's whole name.
    public var events = EventName.everything
    /// Only keys that begin and end so.
    public var prefix = ""
    public var suffix = ""

    public init(bucket: String, webhook: String) {
        self.bucket = bucket
        self.webhook = webhook
    }
}
