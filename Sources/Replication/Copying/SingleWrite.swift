import S3
import Signing
import Transport

/// One attempt at writing an object by one request, and what it must carry.
struct SingleWrite: Sendable {
    /// What is read: this ETag, of this size, or nothing.
    var pin: ObjectState
    var condition: WriteCondition
    /// Digests are taken on the way, because the ETags alone will not prove the copy.
    var isCareful = false
    /// The copy records which source object it is of.
    var carriesOrigin = false
    /// How the source's parts may have been cut, when its ETag is a multipart one.
    var layouts: [PartLayout] = []
    /// nil: not asked for yet.
    var tags: [Tag]?
    /// nil: the destination's default.
    var cannedACL: String?

    /// MD5 for the stores' ETags; SHA-256 is cheaper where no ETag is one, and then compares what
    /// was sent with what is read back.
    var algorithms: [ChecksumAlgorithm] {
        pin.eTag.isMD5Shaped ? [.md5] : [.md5, .sha256]
    }
}

/// What the destination answered to a write.
struct Stored: Sendable {
    var eTag: ETag?
    var versionID: String?

    /// It is one version of several, and can be removed alone.
    var isVersioned: Bool { versionID != nil && versionID != "null" }

    init(_ result: WriteResult) {
        eTag = result.eTag
        versionID = result.versionID
    }

    init(_ head: ObjectHead) {
        eTag = head.eTag
        versionID = head.versionID
    }
}

/// What one write did.
struct Written: Sendable {
    var head: ObjectHead
    var stored: Stored
    /// nil: none was taken.
    var digest: StreamDigest.Result?
    /// The store was given a checksum of the source's own to check the body against.
    var sentChecksum = false
}

/// What an attempt asked of the destination besides storing bytes, and why it was stopped; noted
/// on the engine's thread, read by the task.
final class Attempt: Sendable {
    enum Stop: Sendable {
        /// The source is another object than the one pinned.
        case moved
        /// It is the one pinned, of another size.
        case damaged
        /// It has tags, and they must be known before the write begins.
        case needsTags
    }

    struct Stopped: Error {}

    private struct State {
        var carried: Set<SharedState.Feature> = []
        var stop: Stop?
        var sentChecksum = false
    }

    private let state = Locked(State())

    var carried: Set<SharedState.Feature> { state.withLock { $0.carried } }
    var stop: Stop? { state.withLock { $0.stop } }
    var sentChecksum: Bool { state.withLock { $0.sentChecksum } }

    func carries(_ feature: SharedState.Feature) {
        state.withLock { _ = $0.carried.insert(feature) }
    }

    func noteChecksum() { state.withLock { $0.sentChecksum = true } }

    func stop(_ reason: Stop) -> Stopped {
        state.withLock { $0.stop = reason }
        return Stopped()
    }
}
