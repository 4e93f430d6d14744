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
        var order = Order.bytes
        var startAfter = StartAfter.exclusive

        var isFaithful: Bool { order == .bytes && startAfter != .folder && startAfter != .ignored }
    }

    /// Orders that stores have been seen to list in.
    enum Order: CaseIterable, Sendable {
        case bytes, utf16, ignoringCase
        /// Folder by folder, as a file system is walked.
        case folders
        /// As the bytes, but for a few keys.
        case partlyShuffled
        case shuffled
    }

    /// What a store makes of start-after, in its own order.
    enum StartAfter: CaseIterable, Sendable {
        case exclusive, inclusive
        /// From the beginning of the key's folder.
        case folder
        case ignored
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
        self.objects = Self.sort(objects, faults.order, seed: seed)
        self.prefix = prefix
        self.connection = connection
        self.faults = faults
    }

    /// Lists these objects as they come.
    init(listed objects: [ListedObject]) {
        self.objects = objects
        prefix = ""
        connection = "model"
        faults = Faults()
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
            start = place(after: startAfter)
        }
        let end = min(start + maxKeys, objects.count)
        let first = faults.overlaps && token != nil ? max(start - 1, 0) : start
        var next: String?
        if end < objects.count { next = faults.repeatsToken ? "t0" : "t\(end)" }
        return ListingPage(objects: Array(objects[first..<end]), nextToken: next)
    }

    private func place(after key: ObjectKey) -> Int {
        var key = key
        switch faults.startAfter {
        case .ignored: return 0
        case .folder: key = ObjectKey(key.bytes.prefix { $0 != 0x2f } + [])
        case .exclusive, .inclusive: break
        }
        let first = objects.firstIndex { object in
            Self.precedes(key, object.key, faults.order)
                || faults.startAfter == .inclusive && object.key == key
        }
        return first ?? objects.count
    }

    private static func sort(
        _ objects: [ListedObject], _ order: Order, seed: UInt64
    ) -> [ListedObject] {
        var generator = SeededRandom(seed: seed)
        // Of what a store's order takes for equal, the bytes decide.
        var sorted = objects.sorted { $0.key < $1.key }
        switch order {
        case .shuffled: sorted.shuffle(using: &generator)
        case .partlyShuffled:
            guard sorted.count > 1 else { break }
            for _ in 0..<Int.random(in: 1...2, using: &generator) {
                let moved = sorted.remove(at: sorted.indices.randomElement(using: &generator)!)
                sorted.insert(moved, at: Int.random(in: 0...sorted.count, using: &generator))
            }
        case .bytes, .utf16, .ignoringCase, .folders:
            sorted.sort { precedes($0.key, $1.key, order) }
        }
        return sorted
    }

    private static func precedes(_ a: ObjectKey, _ b: ObjectKey, _ order: Order) -> Bool {
        switch order {
        case .bytes, .shuffled, .partlyShuffled: a < b
        case .utf16: precedes(a, b) { Array(String(decoding: $0.bytes, as: UTF8.self).utf16) }
        case .ignoringCase:
            precedes(a, b) { $0.bytes.map { (0x41...0x5a).contains($0) ? $0 + 0x20 : $0 } }
        case .folders:
            // The separator before all else.
            precedes(a, b) { $0.bytes.map { $0 == 0x2f ? 0 : Int($0) + 1 } }
        }
    }

    private static func precedes<Unit: Comparable>(
        _ a: ObjectKey, _ b: ObjectKey, _ units: (ObjectKey) -> [Unit]
    ) -> Bool {
        let left = units(a)
        let right = units(b)
        return left == right ? a < b : left.lexicographicallyPrecedes(right)
    }
}

/// Collects what a comparison delivers.
final class Collected: Sendable {
    private let items = Locked<[Difference]>([])
    func add(_ difference: Difference) { items.withLock { $0.append(difference) } }
    var all: [Difference] { items.withLock { $0 } }
}
