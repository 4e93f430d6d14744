import Logging
import NIOConcurrencyHelpers
import NIOCore
import Transport

/// Sends the notifications of one queue to their webhook, for as long as its task runs.
final class WebhookSender: Sendable {
    /// How long a webhook may take for one event.
    static let timeouts = HTTPTimeouts(
        connect: .seconds(5), idle: .seconds(30), total: .seconds(60))

    private static let answerBytesMaximum = 64 << 10

    private let webhook: LocalS3Webhook
    private let queue: NotificationQueue
    private let transport: HTTPTransport
    private let logger: Logger
    private let isFailing = NIOLockedValueBox(false)

    init(
        _ webhook: LocalS3Webhook, queue: NotificationQueue, transport: HTTPTransport,
        logger: Logger
    ) {
        self.webhook = webhook
        self.queue = queue
        self.transport = transport
        self.logger = logger
    }

    /// Until the task is cancelled.
    func run() async {
        let (kicks, kick) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        queue.setReady { kick.yield() }
        kick.yield()
        await withDiscardingTaskGroup { group in
            var alarm = UInt64.max
            for await _ in kicks {
                let now = Self.now()
                if alarm <= now { alarm = .max }
                let (events, nextTime) = take(now)
                for event in events {
                    group.addTask {
                        await self.deliver(event)
                        kick.yield()
                    }
                }
                if let nextTime, nextTime < alarm {
                    alarm = nextTime
                    group.addTask {
                        // Cancelled at the end.
                        try? await Task.sleep(for: .nanoseconds(nextTime - min(now, nextTime)))
                        kick.yield()
                    }
                }
            }
            group.cancelAll()
        }
        queue.setReady(nil)
    }

    private static func now() -> UInt64 { NIODeadline.now().uptimeNanoseconds }

    private func take(_ now: UInt64) -> (events: [NotificationLog.Event], nextTime: UInt64?) {
        do {
            return try queue.take(now: now)
        } catch {
            logger.error(
                "the notifications for the webhook \(webhook.name) cannot be read: \(error)")
            return ([], now + 1_000_000_000)
        }
    }

    private func deliver(_ event: NotificationLog.Event) async {
        var request = HTTPRequest(.post, webhook.url)
        do {
            // A few KiB that were written a moment ago: no wait for the disk.
            request.body = try queue.body(of: event)
        } catch {
            // Sending the rest of the key's events is better than sending none.
            logger.error("a notification for the webhook \(webhook.name) is lost: \(error)")
            finish(event)
            return
        }
        request.headers["Content-Type"] = "application/json"
        if let authorization = webhook.authorization {
            request.headers["Authorization"] = authorization
        }
        request.timeouts = Self.timeouts
        do {
            let status = try await post(request)
            if (200...299).contains(status) {
                finish(event)
                tellSuccess()
            } else {
                refuse(event, wasReached: true, "it answers \(status)")
            }
        } catch let error as TransportError {
            if error.kind == .cancelled { return }
            refuse(event, wasReached: error.mayHaveBeenSent, error.message)
        } catch {
            // Of the end of the task.
        }
    }

    /// The status says it all. What comes after it is read for the connection to be used again, as far as that pays.
    private func post(_ request: HTTPRequest) async throws -> Int {
        try await transport.download(request) { head, body in
            var left = Self.answerBytesMaximum
            do {
                while left > 0, let block = try await body.next() { left -= block.count }
            } catch {
                // An answer that broke off after its head was an answer.
            }
            return head.status
        }
    }

    private func finish(_ event: NotificationLog.Event) {
        do {
            try queue.finish(event)
        } catch {
            // It is sent again after the next start.
            logger.error("\(error)")
        }
    }

    private func refuse(_ event: NotificationLog.Event, wasReached: Bool, _ why: String) {
        queue.refused(event, wasReached: wasReached, now: Self.now())
        let isNew = isFailing.withLockedValue { isFailing in
            defer { isFailing = true }
            return !isFailing
        }
        guard isNew else { return }
        logger.warning(
            "the webhook \(webhook.name) (\(webhook.place)) does not take a notification: \(why); it is sent again, and \(queue.pending) wait"
        )
    }

    private func tellSuccess() {
        guard !queue.isStruggling else { return }
        let wasFailing = isFailing.withLockedValue { isFailing in
            defer { isFailing = false }
            return isFailing
        }
        if wasFailing { logger.notice("the webhook \(webhook.name) takes notifications again") }
    }
}
