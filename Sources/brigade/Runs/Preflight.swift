import Functions
import Replication
import S3
import Transport

/// Finds out before any work whether a side can be reached, lets us in and has the bucket: one request a
/// side, both at once. What cannot be reached, or refuses, is told within five seconds; what is reached and
/// only slow to answer is waited for.
struct Preflight: Sendable {
    /// Three tries, so that one lost packet does not end a run.
    static var retry: RetryPolicy {
        var policy = RetryPolicy()
        policy.attempts = 3
        policy.firstDelay = .milliseconds(200)
        policy.longestDelay = .milliseconds(800)
        policy.budget = .seconds(3)
        return policy
    }

    struct Side: Sendable {
        var place: Place
        /// Of the same connection, with ``retry`` and a meter.
        var client: S3Client
        var location: S3Location
    }

    /// What the first answer told.
    struct Answer: Sendable {
        /// The longest of both sides.
        var latency: Duration
    }

    /// - Throws: `S3Error` of the side that failed; the source's when both did.
    static func check(_ sides: [Side]) async throws -> Answer {
        try await withThrowingTaskGroup(of: (Int, Result<Duration, any Error>).self) { group in
            for (index, side) in sides.enumerated() {
                group.addTask { (index, await ask(side)) }
            }
            var results = [Result<Duration, any Error>?](repeating: nil, count: sides.count)
            for try await (index, result) in group { results[index] = result }
            var latency = Duration.zero
            for result in results {
                if let result { latency = max(latency, try result.get()) }
            }
            return Answer(latency: latency)
        }
    }

    /// A listing of one key and not a HEAD, whose refusal has no body to say why.
    private static func ask(_ side: Side) async -> Result<Duration, any Error> {
        let start = ContinuousClock.now
        do {
            _ = try await side.client.listObjects(
                side.place.bucket, prefix: side.place.prefix, maxKeys: 1)
            return .success(ContinuousClock.now - start)
        } catch {
            return .failure(error)
        }
    }

    /// This machine has three names. Other aliases of one endpoint cannot be known.
    private static func place(_ authority: String) -> String {
        for name in ["localhost", "[::1]"]
        where authority == name || authority.hasPrefix(name + ":") {
            return "127.0.0.1" + authority.dropFirst(name.count)
        }
        return authority
    }

    /// Why these two places cannot be source and destination of one copy, or nil.
    static func overlap(_ source: Place, _ destination: Place) -> String? {
        let one = source.client.connection
        let other = destination.client.connection
        guard one.scheme == other.scheme, place(one.authority) == place(other.authority),
            source.bucket == destination.bucket
        else { return nil }
        if source.prefix == destination.prefix {
            return "the source and the destination are the same"
        }
        if destination.prefix.hasPrefix(source.prefix) {
            return "the destination is inside the source"
        }
        if source.prefix.hasPrefix(destination.prefix) {
            return "the source is inside the destination"
        }
        return nil
    }
}
