import GRDB
import Logging
import Transport

/// Brings waiting records to their destinations, in order of when they are due; one that cannot be reached is tried again,
/// later each time, for as long as Lambda keeps an event.
struct DeliveryLoop: Sendable {
    let database: StateDatabase
    let sender: any DeliverySender
    let signal: Signal
    let logger: Logger
    /// By number: where to.
    private let underWay = Locked<[Int64: String]>([:])

    /// Source: the longest age of an event, <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-configuring.html>
    static let ageMaximum: Int64 = 21_600_000
    /// Records on their way at once.
    static let concurrency = 64
    /// Of them to one destination: one that does not answer leaves room for the others.
    static let concurrencyOfOne = 8
    private static let firstDelay: Int64 = 1000
    private static let delayMaximum: Int64 = 300_000

    init(
        database: StateDatabase, sender: any DeliverySender, signal: Signal, logger: Logger
    ) {
        self.database = database
        self.sender = sender
        self.signal = signal
        self.logger = logger
    }

    /// Until cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled {
                let pause = await begin { delivery in
                    group.addTask {
                        await send(delivery)
                        underWay.withLock { $0[delivery.id] = nil }
                        signal.raise()
                    }
                }
                if pause != .zero { await signal.wait(atMost: pause) }
            }
        }
    }

    /// Begins what is due and has room; returns how long nothing more will be, nil: until the signal.
    private func begin(_ start: (Delivery) -> Void) async -> Duration? {
        let taken = underWay.withLock { $0 }
        let room = Self.concurrency - taken.count
        // What is under way ends with a signal.
        guard room > 0 else { return nil }
        var counts = taken.values.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        let full = counts.filter { $0.value >= Self.concurrencyOfOne }.map(\.key)
        let now = UnixTime.milliseconds()
        do {
            let (due, next) = try await database.read { database in
                (
                    try Delivery.due(
                        database, at: now, limit: room, except: Array(taken.keys), full: full),
                    try Int64.fetchOne(
                        database, sql: "SELECT min(due_ms) FROM deliveries WHERE due_ms > ?",
                        arguments: [now])
                )
            }
            for delivery in due {
                guard counts[delivery.target, default: 0] < Self.concurrencyOfOne else { continue }
                counts[delivery.target, default: 0] += 1
                underWay.withLock { $0[delivery.id] = delivery.target }
                start(delivery)
            }
            // Behind those of a destination that has its share there may be others'.
            return due.isEmpty ? next.map { .milliseconds(max(1, $0 - now)) } : .zero
        } catch {
            logger.error("deliveries cannot be read", metadata: ["error": "\(error)"])
            return .seconds(1)
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
