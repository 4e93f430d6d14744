import Signing
import Transport

/// What all clients of one connection share: how its requests are addressed, and what was learnt of the store.
final class ConnectionState: Sendable {
    let connection: S3Connection
    let signer = RequestSigner()
    let gate = ConcurrencyGate()
    private let urlPrefix: String
    private let learnt: Locked<Learnt>

    /// How long a bucket once seen is taken for existing.
    static let bucketTrust = Duration.seconds(30)
    /// Buckets remembered, of each kind; more than anyone copies in one process.
    static let bucketsMaximum = 10_000
    /// Clocks that differ by less are not the reason of a refusal: S3 allows 15 minutes.
    static let skewMinimumSeconds: Int64 = 300

    private struct Learnt {
        var dialect: Dialect
        var routes: [String: Route] = [:]
        var clockOffsetSeconds: Int64 = 0
        var hasAnswered = false
        var bucketsSeen: [String: ContinuousClock.Instant] = [:]
    }

    /// Where and how to ask now.
    struct Target {
        /// "http://host:port", with the bucket in front of the host in virtual style.
        var urlPrefix: String
        var host: String
        var region: String
        var clockOffsetSeconds: Int64
    }

    init(_ connection: S3Connection) {
        self.connection = connection
        urlPrefix = connection.scheme + "://" + connection.authority
        learnt = Locked(Learnt(dialect: connection.dialect))
    }

    func target(bucket: String) -> Target {
        let (route, offset) = learnt.withLock { learnt in
            (learnt.routes.isEmpty ? nil : learnt.routes[bucket], learnt.clockOffsetSeconds)
        }
        let authority = route?.authority ?? connection.authority
        let region = route?.region ?? connection.region
        if connection.style(bucket: bucket) == .virtual, !bucket.isEmpty {
            let host = bucket + "." + authority
            return Target(
                urlPrefix: connection.scheme + "://" + host, host: host, region: region,
                clockOffsetSeconds: offset)
        }
        return Target(
            urlPrefix: route == nil ? urlPrefix : connection.scheme + "://" + authority,
            host: authority, region: region, clockOffsetSeconds: offset)
    }

    func route(bucket: String) -> Route {
        learnt.withLock { $0.routes[bucket] }
            ?? Route(authority: connection.authority, region: connection.region)
    }

    func setRoute(_ route: Route, bucket: String) {
        learnt.withLock {
            if $0.routes.count >= Self.bucketsMaximum { $0.routes.removeAll() }
            $0.routes[bucket] = route
        }
    }

    var dialect: Dialect { learnt.withLock { $0.dialect } }

    func learn(_ change: (inout Dialect) -> Void) {
        learnt.withLock { change(&$0.dialect) }
    }

    /// Whether the endpoint ever answered anything.
    var hasAnswered: Bool { gate.hasAnswered || learnt.withLock { $0.hasAnswered } }

    func noteAnswer() { learnt.withLock { $0.hasAnswered = true } }

    var clockOffsetSeconds: Int64 { learnt.withLock { $0.clockOffsetSeconds } }

    /// Takes the server's clock over.
    /// - Returns: whether that changed what requests will be dated.
    func learnClock(date: String?, now: Int64) -> Bool {
        guard let date, let server = Timestamps.parseHTTPDate(date) else { return false }
        return learnt.withLock { learnt in
            let offset = server - now
            guard abs(offset - learnt.clockOffsetSeconds) >= Self.skewMinimumSeconds else {
                return false
            }
            learnt.clockOffsetSeconds = offset
            return true
        }
    }

    /// Whether the bucket was seen a short while ago.
    func trusts(bucket: String) -> Bool {
        learnt.withLock { learnt in
            guard let seen = learnt.bucketsSeen[bucket] else { return false }
            return ContinuousClock.now - seen < Self.bucketTrust
        }
    }

    func noteSeen(bucket: String) {
        learnt.withLock {
            if $0.bucketsSeen.count >= Self.bucketsMaximum { $0.bucketsSeen.removeAll() }
            $0.bucketsSeen[bucket] = .now
        }
    }
}
