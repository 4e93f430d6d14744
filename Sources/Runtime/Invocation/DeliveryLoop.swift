import GRDB
import Logging

/// Brings waiting records to their destinations, in order of when they are due; one that cannot be reached is tried again,
/// later each time, for as long as Lambda keeps an event.
struct DeliveryLoop: Sendable {
    let database: StateDatabase
    let sender: any DeliverySender
    let signal: Signal
    let logger: Logger

    /// Source: the longest age of an event, <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>
    static let ageMaximum: Int64 = 21_600_000
    static let batch = 64
    private static let firstDelay: Int64 = 1000
    private static let delayMaximum: Int64 = 300_000

    /// Until cancelled.
    func run() async {
        while !Task.isCancelled {
            var pause: Duration?
            do {
                let now = UnixTime.milliseconds()
                let (due, next) = try await database.read { database in
                    (
                        try Delivery.due(database, at: now, limit: Self.batch),
                        try Int64.fetchOne(
                            database,
                            sql: "SELECT min(due_ms) FROM deliveries WHERE due_ms > ?",
                            arguments: [now])
                    )
                }
                await withDiscardingTaskGroup { group in
                    for delivery in due { group.addTask { await send(delivery) } }
                }
                pause = due.isEmpty ? next.map { .milliseconds(max(1, $0 - now)) } : .zero
            } catch {
                logger.error("deliveries cannot be read", metadata: ["error": "\(error)"])
                pause = .seconds(1)
            }
            if pause != .zero { await signal.wait(atMost: pause) }
        }
    }

    private func send(_ delivery: Delivery) async {
        var failure: (any Error)?
        do { try await sender.send(delivery) } catch { failure = error }
        if failure != nil, Task.isCancelled { return }
        let now = UnixTime.milliseconds()
        let delay = min(Self.delayMaximum, Self.firstDelay << Int64(min(20, delivery.failures)))
        let isGivenUp = failure != nil && now + delay - delivery.createdAt > Self.ageMaximum
        if let failure {
            logger.warning(
                isGivenUp ? "a record is given up" : "a record cannot be delivered yet",
                metadata: [
                    "target": "\(Destination.shown(delivery.target))", "error": "\(failure)",
                ])
        }
        let isDone = failure == nil || isGivenUp
        do {
            try await database.write { database in
                if isDone {
                    try database.execute(
                        sql: "DELETE FROM deliveries WHERE id = ?", arguments: [delivery.id])
                } else {
                    try database.execute(
                        sql:
                            "UPDATE deliveries SET due_ms = ?, failures = failures + 1 WHERE id = ?",
                        arguments: [now + delay, delivery.id])
                }
            }
        } catch {
            logger.error("a delivery's end cannot be written", metadata: ["error": "\(error)"])
            // Else it would be sent again at once.
            try? await Task.sleep(for: .seconds(1))
        }
    }
}
