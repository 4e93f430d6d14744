import Lambda
import Replication
import Runtime

/// What the planned work will ask of the stores, what it will cost and how long it may take.
struct TransferEstimate: Sendable {
    var source: String
    var destination: String
    /// Objects at once.
    var concurrency: Int
    /// A request's way there and back, as the first look found it.
    var latency: Duration
    var puts = 0
    var copies = 0
    var deletes = 0
    var gets = 0
    var bytes: Int64 = 0

    /// Larger objects go in parts. An estimate: the source's own layout decides.
    static let partBytes: Int64 = 16 << 20
    /// What one stream of a common network moves; only to say "about".
    static let assumedBytesPerSecond = 100.0 * 1024 * 1024
    /// A copy is some three turns: connect or ask, read, write.
    static let turnsPerObject = 3.0

    mutating func add(_ outcome: Outcome) {
        switch outcome.action {
        case .copied:
            let parts = max(1, Int((outcome.bytes + Self.partBytes - 1) / Self.partBytes))
            puts += parts == 1 ? 1 : parts + 2
            gets += parts
            bytes += outcome.bytes
        case .updated: copies += 1
        case .deleted: deletes += 1
        case .skipped: break
        }
    }

    var objects: Int { puts + copies + deletes }

    var duration: Duration {
        let turn = max(0.001, Quantity.inSeconds(latency))
        let asked = Double(objects) * Self.turnsPerObject * turn / Double(max(1, concurrency))
        return .seconds(max(asked, Double(bytes) / Self.assumedBytesPerSecond))
    }

    /// Of all invocations together: the time of an object's turns, and the bytes' at ``assumedBytesPerSecond``.
    func billedMilliseconds(_ card: RateCard) -> Int64 {
        let turns = max(.milliseconds(1), latency * Int(Self.turnsPerObject))
        let moving = Double(bytes) / Self.assumedBytesPerSecond * 1000
        return card.billedMilliseconds(duration: turns) * Int64(objects) + Int64(moving)
    }

    /// The requests to come, beside those that the dry run itself made.
    var usage: [InvocationUsage.Line] {
        func line(
            _ connection: String, _ requestClass: String, _ requests: Int, bytesIn: Int64 = 0
        ) -> InvocationUsage.Line? {
            requests == 0
                ? nil
                : InvocationUsage.Line(
                    connection: connection, requestClass: requestClass, requests: requests,
                    bytesIn: bytesIn, bytesOut: 0)
        }
        return [
            line(source, "GET", gets, bytesIn: bytes), line(destination, "PUT", puts),
            line(destination, "COPY", copies), line(destination, "DELETE", deletes),
        ].compactMap { $0 }
    }
}
