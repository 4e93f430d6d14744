import Glibc
import TestSupport
import Testing

@testable import LocalS3

/// One webhook's queue against a model: whatever is refused, however often the process ends, each event is delivered, in
/// order for each key.
struct NotificationQueueTests {
    /// Small enough that segments roll, are moved, and overflow what is held in memory.
    private static func open(_ path: String) throws -> NotificationQueue {
        try NotificationQueue(
            directory: path, durable: false, plan: DeliveryPlan(concurrency: 3, second: 1),
            windowEvents: 12, segmentBytes: 1_000)
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test(arguments: UInt64(1)...24)
    func everyEventIsDeliveredInOrder(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let folder = try TemporaryFolder()
        let path = folder.path + "/queue"
        var queue = try Self.open(path)
        /// What was appended and is not done, by lane, oldest first.
        var waiting: [String: [String]] = [:]
        var uncommitted: [NotificationQueue.Notice] = []
        var sending: [NotificationLog.Event] = []
        var (now, count): (UInt64, Int) = (0, 0)
        var stuck = "lane-0"

        func check(_ event: NotificationLog.Event) throws {
            let lane = Self.text(event.lane)
            let body = Self.text(try queue.body(of: event))
            #expect(body == waiting[lane]?.first, "the oldest of \(lane)")
        }

        for _ in 0..<1_500 {
            now += UInt64.random(in: 0...3, using: &random)
            switch UInt64.random(in: 0..<100, using: &random) {
            case 0..<45:
                let lane = "lane-\(UInt64.random(in: 0..<6, using: &random))"
                count += 1
                let body = "\(lane) \(count) " + String(repeating: "x", count: count % 60)
                let notice = try queue.append(lane: Array(lane.utf8), body: Array(body.utf8))
                waiting[lane, default: []].append(body)
                if count % 5 == 0 { uncommitted.append(notice) } else { notice.publish() }
            case 45..<60:
                let (events, _) = try queue.take(now: now)
                for event in events { try check(event) }
                sending += events
            case 60..<90:
                guard let event = sending.popLast() else { continue }
                let lane = Self.text(event.lane)
                if lane == stuck || UInt64.random(in: 0..<8, using: &random) == 0 {
                    queue.refused(event, wasReached: lane == stuck || count % 2 == 0, now: now)
                } else {
                    try queue.finish(event)
                    waiting[lane]!.removeFirst()
                }
            case 90..<96:
                if let notice = uncommitted.popLast() { notice.publish() }
            case 96..<98:
                stuck = "lane-\(UInt64.random(in: 0..<8, using: &random))"
            default:
                // The process is killed; sometimes in the middle of a write.
                let names = try Disk.names(in: path).compactMap { Int($0.dropFirst(4)) }
                if count % 2 == 0, let newest = names.max() {
                    let file = try OpenFile("\(path)/log-\(newest)", flags: O_WRONLY | O_APPEND)
                    let torn = UInt64.random(in: 1...12, using: &random)
                    try file.write(random.bytes(count: Int(torn)))
                }
                queue = try Self.open(path)
                (sending, uncommitted) = ([], [])
                let expected = waiting.values.map(\.count).reduce(0, +)
                #expect(queue.pending == expected)
            }
        }

        for notice in uncommitted { notice.publish() }
        for event in sending { queue.refused(event, wasReached: true, now: now) }
        var rounds = 0
        while queue.pending > 0 {
            now += 100
            rounds += 1
            try #require(rounds < 10_000)
            for event in try queue.take(now: now).events {
                try check(event)
                try queue.finish(event)
                waiting[Self.text(event.lane)]!.removeFirst()
            }
        }
        let left = waiting.values.joined().count
        #expect(left == 0)
        // All that is left is the segment that is written to.
        #expect(try Disk.names(in: path).count == 1)
    }

    @Test func oneStuckEventDoesNotKeepAllThatFollow() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/queue"
        let queue = try Self.open(path)
        func append(_ lane: String, _ body: String) throws {
            try queue.append(lane: Array(lane.utf8), body: Array(body.utf8)).publish()
        }
        try append("stuck", "first")
        let stuck = try #require(try queue.take(now: 0).events.first)
        queue.refused(stuck, wasReached: true, now: 0)
        for number in 0..<2_000 {
            try append("lane", "\(number)")
            let event = try #require(try queue.take(now: 0).events.first)
            try queue.finish(event)
        }
        try append("stuck", "second")
        #expect(try Disk.names(in: path).count < 12)
        let again = try Self.open(path)
        for body in ["first", "second"] {
            let event = try #require(try again.take(now: 0).events.first)
            #expect(Self.text(try again.body(of: event)) == body)
            try again.finish(event)
        }
        #expect(again.pending == 0)
    }

    /// The last byte of the third record's body, and each byte of its head: the length, the sum, the number.
    @Test(arguments: [-1] + Array(-31...(-17)))
    func aFlippedBitLosesOneEventAndSaysSo(fromEnd: Int) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/queue"
        var queue = try Self.open(path)
        for number in 0..<5 {
            let lane = Array("lane-\(number)".utf8)
            try queue.append(lane: lane, body: Array("body-\(number)".utf8)).publish()
        }
        let name = try #require(try Disk.names(in: path).first)
        var bytes = try Disk.contents(of: "\(path)/\(name)")
        // In the body of the third record: all are of one length.
        bytes[bytes.count / 5 * 3 + fromEnd] ^= 4
        try Disk.replace("\(path)/\(name)", with: bytes, durable: false)
        queue = try Self.open(path)
        #expect(queue.damaged == 1 && queue.pending == 4)
        var found: Set<String> = []
        while queue.pending > 0 {
            for event in try queue.take(now: 0).events {
                found.insert(Self.text(try queue.body(of: event)))
                try queue.finish(event)
            }
        }
        #expect(found == ["body-0", "body-1", "body-3", "body-4"])
    }
}
