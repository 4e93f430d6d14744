import S3
import TestSupport
import Transport

@testable import Replication

/// A bucket in memory that lists as a store does, and misbehaves where a test asks for it.
final class ModelListing: ListingSource {
    struct Faults: Sendable {
        /// Page number that fails.
        var failsAtPage: Int?
        /// The same token for ever.
        var repeatsToken = false
        /// Each page begins with the last key of the one before.
        var overlaps = false
        var isShuffled = false
    }

    let prefix: ObjectKey
    let connection: String
    let bucket = "bucket"
    private let objects: [ListedObject]
    private let faults: Faults
    private let state = Locked(State())

    private struct State: Sendable {
        var dialect = Dialect()
        var pages = 0
    }

    init(
        _ objects: [ListedObject], prefix: ObjectKey = "", connection: String = "model",
        faults: Faults = Faults(), seed: UInt64 = 0
    ) {
        var generator = SeededRandom(seed: seed)
        let sorted = objects.sorted { $0.key < $1.key }
        self.objects = faults.isShuffled ? sorted.shuffled(using: &generator) : sorted
        self.prefix = prefix
        self.connection = connection
        self.faults = faults
    }

    var dialect: Dialect { state.withLock { $0.dialect } }
    var pages: Int { state.withLock { $0.pages } }

    func learn(_ change: (inout Dialect) -> Void) {
        var dialect = self.dialect
        change(&dialect)
        let changed = dialect
        state.withLock { $0.dialect = changed }
    }

    func page(startAfter: ObjectKey?, token: String?, maxKeys: Int) async throws -> ListingPage {
        let number = state.withLock {
            $0.pages += 1
            return $0.pages
        }
        if number == faults.failsAtPage {
            throw S3Error(
                kind: .unavailable, operation: "ListObjects", connection: connection,
                message: "down")
        }
        var start = 0
        if let token {
            start = Int(token.dropFirst()) ?? 0
        } else if let startAfter {
            start = objects.firstIndex { startAfter < $0.key } ?? objects.count
        }
        let end = min(start + maxKeys, objects.count)
        let first = faults.overlaps && token != nil ? max(start - 1, 0) : start
        var next: String?
        if end < objects.count { next = faults.repeatsToken ? "t0" : "t\(end)" }
        return ListingPage(objects: Array(objects[first..<end]), nextToken: next)
    }
}

/// Collects what a comparison delivers.
final class Collected: Sendable {
    private let items = Locked<[Difference]>([])
    func add(_ difference: Difference) { items.withLock { $0.append(difference) } }
    var all: [Difference] { items.withLock { $0 } }
}
