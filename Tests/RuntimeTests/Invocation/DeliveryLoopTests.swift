import Logging
import TestSupport
import Testing
import Transport

@testable import Runtime

@Suite struct DeliveryLoopTests {
    /// One destination never answers.
    private struct Sender: DeliverySender {
        let waiting = Locked(0)
        let sent = Locked<[String]>([])
        let ready = Signal()
        let wanted: Int

        func send(_ delivery: Delivery) async throws {
            if delivery.target == "hung" {
                waiting.withLock { $0 += 1 }
                // Until it is cancelled.
                return try await Task.sleep(for: .seconds(3600))
            }
            let count = sent.withLock { sent in
                sent.append(delivery.target)
                return sent.count
            }
            if count == wanted { ready.raise() }
        }
    }

    @Test func oneThatDoesNotAnswerHoldsUpNoOther() async throws {
        let stage = try Stage()
        try await stage.database.write { database in
            for number in 0..<240 {
                try Delivery(
                    target: number < 200 ? "hung" : "fine\(number % 4)", body: [], attributes: [:],
                    createdAt: UnixTime.milliseconds(), dueAt: 1
                ).insert(database)
            }
        }
        let sender = Sender(wanted: 40)
        let loop = DeliveryLoop(
            database: stage.database, sender: sender, signal: Signal(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { await loop.run() }
        await sender.ready.wait(atMost: nil)
        #expect(sender.waiting.withLock { $0 } == DeliveryLoop.concurrencyOfOne)
        running.cancel()
        await running.value
        #expect(sender.sent.withLock { $0.count } == 40)
        let left = try await stage.database.read { database in
            try Delivery.due(
                database, at: UnixTime.milliseconds(), limit: 1000, except: [], full: [])
        }
        #expect(left.count == 200)
    }
}
