import S3
import Signing
import Transport

/// What one replicator finds out while it runs and what is not a property of the whole connection:
/// shared by all its keys, safe from any task.
final class SharedState: Sendable {
    private struct State {
        var isLearningConditions = false
        var sourceBucketSeenAt: Int64 = 0
        var unusable: Set<Feature> = []
        var checked: Set<Feature> = []
        var sourceBucketLocks: Task<Bool, Never>?
    }

    /// Something that a write asks for besides its content, and that a store may not know.
    enum Feature: Hashable, Sendable {
        case tags, lock, acl, condition, userMetadata
        /// `If-Match` refuses its own ETag.
        case ifMatch
        /// The source refuses `If-Match` with its own ETag on a GET.
        case pin
        /// CopyObject onto itself does not replace the metadata.
        case rewriteInPlace
        /// CopyObject from the source did not give the source's ETag.
        case serverSideCopy
        /// The same, of what has no metadata: shows that nothing is added, and not that nothing is lost.
        case serverSideCopyOfPlain
        /// The bucket wants Content-MD5 with each write: not something to leave out, but to add.
        case withoutContentMD5
    }

    private let state = Locked(State())

    /// Learnt for this destination bucket; what holds for a whole connection is in its dialect.
    func isUsable(_ feature: Feature) -> Bool {
        state.withLock { !$0.unusable.contains(feature) }
    }

    func cannotUse(_ feature: Feature) {
        state.withLock { _ = $0.unusable.insert(feature) }
    }

    /// Whether the destination was looked at for having kept it.
    func isChecked(_ feature: Feature) -> Bool {
        state.withLock { $0.checked.contains(feature) }
    }

    func check(_ feature: Feature) {
        state.withLock { _ = $0.checked.insert(feature) }
    }

    /// True for one caller at a time.
    func mayLearnConditions() -> Bool {
        state.withLock { state in
            if state.isLearningConditions { return false }
            state.isLearningConditions = true
            return true
        }
    }

    func endLearningConditions() {
        state.withLock { $0.isLearningConditions = false }
    }

    /// The source's bucket was seen to exist so recently that a missing key means a missing key.
    func sourceBucketIsKnown(now: Int64) -> Bool {
        state.withLock { now - $0.sourceBucketSeenAt < Self.bucketTrustMilliseconds }
    }

    func sawSourceBucket(now: Int64) {
        state.withLock { $0.sourceBucketSeenAt = now }
    }

    /// Asks once; who comes while the answer is on its way waits for it.
    func sourceBucketLocks(_ ask: @escaping @Sendable () async -> Bool) async -> Bool {
        let answer = state.withLock { state in
            if let answer = state.sourceBucketLocks { return answer }
            // A task of its own, because it asks for all: the first one's cancellation is not the others'. It ends
            // with its one request.
            let answer = Task { await ask() }
            state.sourceBucketLocks = answer
            return answer
        }
        return await answer.value
    }

    private static let bucketTrustMilliseconds: Int64 = 10_000
}

/// What could not travel with one object, once per kind.
final class Notes: Sendable {
    private let noted = Locked((texts: [String](), losses: [NotKept]()))

    func add(_ text: String) {
        noted.withLock { if !$0.texts.contains(text) { $0.texts.append(text) } }
    }

    func notKept(_ kind: NotKept.Kind, _ value: String) {
        noted.withLock { noted in
            guard !noted.losses.contains(where: { $0.kind == kind }) else { return }
            noted.losses.append(NotKept(kind, value))
        }
    }

    var texts: [String] { noted.withLock { $0.texts } }
    var losses: [NotKept] { noted.withLock { $0.losses } }
}
