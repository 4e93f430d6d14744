import S3
import Transport

/// One attempt at writing an object as a multipart upload.
struct MultipartWrite: Sendable {
    var pin: ObjectState
    /// Of the source: what is written along.
    var head: ObjectHead
    var layout: PartLayout
    var condition: WriteCondition
    var carriesOrigin = false
    var tags: [Tag]?
    var cannedACL: String?
    /// The parts are copied by the store itself from this object, and nothing passes through here.
    var serverSideFrom: ObjectAddress?
    /// Digests of each part are taken on the way.
    var isCareful = false
    /// Parts go one after the other, so that this takes the digest of the whole.
    var whole: WholeDigest?
}

struct MultipartWritten: Sendable {
    var stored: Stored
    var parts: [UploadPart]
    /// Taken by ourselves, part by part; empty unless careful.
    var digests: [UploadPart]
}

/// The digest of a whole body that comes part by part, in order. A part that begins again spoils
/// it: what was counted cannot be taken back.
final class WholeDigest: Sendable {
    private struct State {
        var hasBlocks = false
        var isSpoilt = false
    }

    private let digest: StreamDigest
    private let state = Locked(State())

    init(_ digest: StreamDigest) { self.digest = digest }

    func observe(_ event: RelayEvent) {
        switch event {
        case .restart:
            state.withLock { if $0.hasBlocks { $0.isSpoilt = true } }
        case .block(let block):
            state.withLock { $0.hasBlocks = true }
            digest.update(block)
        }
    }

    func endPart() { state.withLock { $0.hasBlocks = false } }

    /// nil when it was spoilt.
    func finish() -> StreamDigest.Result? {
        let result = digest.finish()
        return state.withLock { $0.isSpoilt } ? nil : result
    }
}
