/// Which events of a bucket go to which webhook.
struct Subscription: Sendable, Equatable {
    var id: String
    /// As the client gave it: `arn:minio:sqs:REGION:NAME:webhook`.
    var arn: String
    /// Names or patterns, as the client gave them.
    var events: [String]
    var prefix: [UInt8] = []
    var suffix: [UInt8] = []
    private var names: Set<EventName>

    /// - Parameter events: ones that ``EventName/matching(_:)`` knows.
    init(id: String, arn: String, events: [String], prefix: [UInt8] = [], suffix: [UInt8] = []) {
        self.id = id
        self.arn = arn
        self.events = events
        self.prefix = prefix
        self.suffix = suffix
        names = Set(events.flatMap(EventName.matching))
    }

    /// The webhook's name.
    var webhook: String { Self.webhook(of: arn)?.name ?? "" }

    static func arn(ofWebhook name: String) -> String { "arn:minio:sqs::\(name):webhook" }

    /// nil when it is no ARN of a webhook.
    static func webhook(of arn: String) -> (name: String, region: String)? {
        let pieces = arn.split(separator: ":", omittingEmptySubsequences: false)
        guard pieces.count == 6, arn.hasPrefix("arn:minio:sqs:"), pieces[5] == "webhook",
            !pieces[4].isEmpty
        else { return nil }
        return (String(pieces[4]), String(pieces[3]))
    }

    func wants(_ event: EventName, _ key: [UInt8]) -> Bool {
        names.contains(event) && key.starts(with: prefix)
            && key.count >= suffix.count && key.suffix(suffix.count).elementsEqual(suffix)
    }

    func encode(into writer: inout ByteWriter) {
        writer.append(id)
        writer.append(arn)
        writer.append(prefix)
        writer.append(suffix)
        for event in events { writer.append(event) }
    }

    /// nil when the bytes are damaged.
    init?(from reader: inout ByteReader) {
        guard let id = reader.string(), let arn = reader.string(), let prefix = reader.prefixed(),
            let suffix = reader.prefixed()
        else { return nil }
        var events: [String] = []
        while !reader.isAtEnd {
            guard let event = reader.string() else { return nil }
            events.append(event)
        }
        self.init(
            id: id, arn: arn, events: events, prefix: Array(prefix), suffix: Array(suffix))
    }
}
