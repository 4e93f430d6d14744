import Logging
import NIOConcurrencyHelpers
import Signing
import Transport

/// Turns changes into notifications: which webhooks want them, in which words, and on their way. Thread-safe.
final class Notifier: Sendable {
    /// An event for several webhooks.
    private struct Notices: Announcement {
        let notices: [NotificationQueue.Notice]

        func publish() { for notice in notices { notice.publish() } }
        func synchronize() throws { for notice in notices { try notice.synchronize() } }
    }

    private let directory: String
    private let configuration: LocalS3Configuration
    private let clock: @Sendable () -> Int64
    private let deploymentID: String
    /// By the webhook's name; also of webhooks that this process does not have.
    private let queues: NIOLockedValueBox<[String: NotificationQueue]>
    private let lastSequencer = NIOLockedValueBox<UInt64>(0)
    /// What the command line subscribes, by bucket.
    private let standing: [String: [Subscription]]
    private let sending = NIOLockedValueBox<(task: Task<Void, Never>, transport: HTTPTransport)?>(
        nil)

    /// Opens the queues in the folder.
    init(
        root: String, _ configuration: LocalS3Configuration, clock: @escaping @Sendable () -> Int64
    ) throws {
        directory = "\(root)/notifications"
        self.configuration = configuration
        self.clock = clock
        let standing = configuration.notifications.enumerated().map { index, one in
            (
                one.bucket,
                Subscription(
                    id: "standing-\(index)", arn: Subscription.arn(ofWebhook: one.webhook),
                    events: one.events, prefix: Array(one.prefix.utf8),
                    suffix: Array(one.suffix.utf8))
            )
        }
        self.standing = Dictionary(grouping: standing) { $0.0 }.mapValues { $0.map(\.1) }
        try Disk.makeDirectory(directory)
        deploymentID = try Self.deploymentID(of: root)
        var queues: [String: NotificationQueue] = [:]
        let left = try Disk.names(in: directory).filter(LocalS3Webhook.isName)
        for name in Set(left + configuration.webhooks.map(\.name)) {
            let queue = try NotificationQueue(
                directory: "\(directory)/\(name)", durable: configuration.durable)
            queues[name] = queue
            Self.tell(queue, name, configuration)
        }
        self.queues = NIOLockedValueBox(queues)
    }

    private static func tell(
        _ queue: NotificationQueue, _ name: String, _ configuration: LocalS3Configuration
    ) {
        if queue.damaged > 0 {
            configuration.logger.error(
                "\(queue.damaged) notifications for the webhook \(name) are damaged, and lost")
        }
        if queue.pending > 0, !configuration.webhooks.contains(where: { $0.name == name }) {
            configuration.logger.warning(
                "\(queue.pending) notifications wait for the webhook \(name), which was not given at this start"
            )
        }
    }

    private static func deploymentID(of root: String) throws -> String {
        let file = "\(root)/deployment-id"
        if let known = String(
            validating: try Disk.exists(file) ? Disk.contents(of: file) : [], as: UTF8.self),
            known.utf8.count == 36
        {
            return known
        }
        var random = SystemRandomNumberGenerator()
        var digits = Array(String(UInt128.random(in: 0 ... .max, using: &random), radix: 16))
        digits = [Character](repeating: "0", count: 32 - digits.count) + digits
        // Version 4, variant 1: RFC 9562.
        (digits[12], digits[16]) = ("4", "8")
        let cuts = [0, 8, 12, 16, 20, 32]
        let id = zip(cuts, cuts.dropFirst()).map { String(digits[$0..<$1]) }.joined(separator: "-")
        try Disk.replace(file, with: Array(id.utf8), durable: true)
        return id
    }

    func webhook(_ name: String) -> LocalS3Webhook? {
        configuration.webhooks.first { $0.name == name }
    }

    // Sending

    func start() {
        guard !configuration.webhooks.isEmpty else { return }
        let transport = HTTPTransport()
        let senders = queues.withLockedValue { queues in
            configuration.webhooks.compactMap { webhook in
                queues[webhook.name].map {
                    WebhookSender(
                        webhook, queue: $0, transport: transport, logger: configuration.logger)
                }
            }
        }
        // Lives as long as the endpoint, which is no task.
        let task = Task {
            await withDiscardingTaskGroup { group in
                for sender in senders { group.addTask { await sender.run() } }
            }
        }
        sending.withLockedValue { $0 = (task, transport) }
    }

    /// What is on its way is cut, and sent again after the next start.
    func stop() async {
        guard let (task, transport) = sending.withLockedValue({ $0.take() }) else { return }
        task.cancel()
        await task.value
        await transport.shutdown()
    }

    // Announcing

    /// - Parameter name: of the event when something is stored; removals have their own.
    func announcing(_ name: EventName, in bucket: Bucket, _ request: S3Request) -> Announce {
        { [self] change in
            // As they are at the change itself: who has subscribed, and then lists, misses nothing.
            let subscriptions = bucket.settings.notifications + (standing[bucket.name] ?? [])
            guard !subscriptions.isEmpty else { return nil }
            let name =
                switch change.kind {
                case .stored: name
                case .marked: EventName.deleteMarkerCreated
                case .removed: EventName.delete
                }
            let wanted = subscriptions.filter { $0.wants(name, change.record.key) }
            guard !wanted.isEmpty else { return nil }
            return try announce(
                name, change.record, in: bucket, Set(wanted.map(\.webhook)), request)
        }
    }

    private func announce(
        _ name: EventName, _ record: ObjectRecord, in bucket: Bucket, _ webhooks: Set<String>,
        _ request: S3Request
    ) throws -> any Announcement {
        let time = clock()
        let document = EventDocument(
            name: name, bucket: bucket.name, record: record, time: time,
            sequencer: sequencer(of: record, name, time),
            origin: EventDocument.Origin(
                accessKeyID: request.accessKeyID, region: configuration.region,
                clientAddress: request.clientAddress,
                userAgent: request.header("user-agent") ?? "", requestID: request.requestID,
                endpoint: "http://\(request.header("host") ?? "")", deploymentID: deploymentID))
        let body = document.bytes()
        let lane = Array(bucket.name.utf8) + [UInt8(ascii: "/")] + record.key
        let queues = try webhooks.map(queue)
        for queue in queues { try queue.checkRoom() }
        return Notices(notices: try queues.map { try $0.append(lane: lane, body: body) })
    }

    private func queue(_ webhook: String) throws -> NotificationQueue {
        try queues.withLockedValue { queues in
            if let queue = queues[webhook] { return queue }
            let queue = try NotificationQueue(
                directory: "\(directory)/\(webhook)", durable: configuration.durable)
            queues[webhook] = queue
            return queue
        }
    }

    /// Nanoseconds since 1970, or more: greater for each event than for the one before. That of a new version is by its
    /// number, so that of versions which are written at the same time the current one has the greatest.
    private func sequencer(of record: ObjectRecord, _ name: EventName, _ milliseconds: Int64)
        -> UInt64
    {
        lastSequencer.withLockedValue { last in
            if let version = record.version, name.isOfNewVersion {
                let sequencer = version.number * 1_000
                last = max(last, sequencer)
                return sequencer
            }
            last = max(last + 1, UInt64(max(0, milliseconds)) * 1_000_000)
            return last
        }
    }
}
