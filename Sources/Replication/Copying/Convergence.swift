import S3
import Signing

/// The converging of one key: look, decide, act, and look again when something moved meanwhile.
struct Convergence: Sendable {
    let rule: ReplicationRule
    let key: ObjectKey
    let shared: SharedState
    let journal: UploadJournal?
    let meter: UsageMeter?
    /// Asked before each delete; nil: every one is allowed.
    var permit: (@Sendable () -> Bool)?
    let source: S3Client
    let destination: S3Client
    let sourceAddress: ObjectAddress
    let destinationAddress: ObjectAddress
    let notes = Notes()

    /// A source that changes under so many attempts is left for later.
    static let maxReplans = 5
    /// Where conditional writes are not known to be honoured, what was seen of the destination is
    /// trusted this long.
    static let evidenceTrustMilliseconds: Int64 = 10_000
    /// Up to this size an object is read whole and written with a signed payload.
    static let bufferedBytes: Int64 = 256 << 10

    init(
        rule: ReplicationRule, key: ObjectKey, shared: SharedState, journal: UploadJournal?,
        meter: UsageMeter?
    ) {
        self.rule = rule
        self.key = key
        self.shared = shared
        self.journal = journal
        self.meter = meter
        source = meter.map(rule.source.client.metered) ?? rule.source.client
        destination = meter.map(rule.destination.client.metered) ?? rule.destination.client
        sourceAddress = rule.source.address(key)
        destinationAddress = rule.destination.address(key)
    }

    /// Both sides as they were last seen.
    struct View: Sendable {
        var source, destination: SideState
        /// Unix milliseconds.
        var destinationSeenAt: Int64
    }

    /// Something moved between looking and writing: look again.
    struct Moved: Error {
        var cause: S3Error?
        /// The destination refused the write's condition.
        var refused: WriteCondition?
        /// The source refused to be read under this ETag.
        var pin: ETag?
        /// What stands in the way may have been written by the attempt before, although it was refused.
        var mayBeOurs = false
    }

    func run(_ evidence: Evidence?) async throws -> Outcome {
        do {
            return try await converge(evidence)
        } catch let error as ReplicationError {
            throw error
        } catch let error as S3Error {
            throw replicationError(error)
        } catch is CancellationError {
            throw cancelled()
        } catch {
            throw ReplicationError(kind: .store, key: key, message: "\(key): \(error)")
        }
    }

    private func converge(_ evidence: Evidence?) async throws -> Outcome {
        var view = try await firstView(evidence)
        if evidence == nil, let object = view.source.object, !isOfRule(object) {
            return outcome(.skipped, Decision(.skip, .filtered))
        }
        var replans = 0
        while true {
            if Task.isCancelled { throw cancelled() }
            let decision = decide(view)
            do {
                switch decision.step {
                case .look(let atSource, let atDestination):
                    try await look(&view, source: atSource, destination: atDestination)
                case .lookAtTags:
                    try await lookAtTags(&view)
                case .skip:
                    return outcome(.skipped, decision)
                case .delete:
                    if permit != nil || rule.deletes == .quarantine {
                        guard try await isGoneFromSource(&view) else { continue }
                        if let permit, !permit() {
                            return outcome(.skipped, Decision(.skip, .deleteHeld))
                        }
                        try await quarantine()
                    }
                    if try await deleteExtra(&view) { return outcome(.deleted, decision) }
                case .setTags:
                    switch try await setTags(view) {
                    case .set: return outcome(.updated, decision)
                    case .refused: return outcome(.skipped, decision)
                    case .unsupported: continue
                    }
                case .updateMetadata:
                    let copy = try await updateMetadata(view)
                    return outcome(.updated, decision, bytes: copy.bytes, proof: copy.proof)
                case .copy(let condition):
                    guard let object = view.source.object else { continue }
                    if needsFreshLook(view, condition) {
                        try await look(&view, source: false, destination: true)
                        continue
                    }
                    let copy = try await copy(object, over: condition)
                    return outcome(.copied, decision, bytes: copy.bytes, proof: copy.proof)
                }
            } catch let moved as Moved {
                replans += 1
                guard replans < Self.maxReplans else { throw changedTooOften(moved) }
                try await look(&view, source: true, destination: true)
                noteRefusal(moved, view)
            }
        }
    }

    func plan(
        _ evidence: Evidence?
    ) async throws -> (action: Action, reason: String, bytes: Int64) {
        do throws(S3Error) {
            var view = try await firstView(evidence)
            if evidence == nil, let object = view.source.object, !isOfRule(object) {
                return (.skipped, Decision.Reason.filtered.rawValue, 0)
            }
            while true {
                let decision = decide(view)
                let reason = decision.reason.rawValue
                switch decision.step {
                case .look(let atSource, let atDestination):
                    try await look(&view, source: atSource, destination: atDestination)
                case .lookAtTags: try await lookAtTags(&view)
                case .skip: return (.skipped, reason, 0)
                case .setTags, .updateMetadata: return (.updated, reason, 0)
                case .copy: return (.copied, reason, view.source.object?.size ?? 0)
                case .delete:
                    if try await isGoneFromSource(&view) { return (.deleted, reason, 0) }
                }
            }
        } catch {
            throw replicationError(error)
        }
    }

    /// Of what no listing has sorted out: whether the filter lets it pass.
    private func isOfRule(_ object: ObjectState) -> Bool {
        // A filter that cannot be read has no objects; comparisons and configurations say what is wrong with it.
        guard
            let matcher = try? ObjectMatcher(
                rule.filter, nowMilliseconds: Timestamps.nowMilliseconds())
        else { return false }
        return matcher.matchesEverything
            || matcher.matches(key, size: object.size, lastModified: object.lastModified)
    }

    private func decide(_ view: View) -> Decision {
        var policy = Decision.Policy()
        policy.deletes = rule.deletes
        policy.comparesTags = rule.copying.copiesTags
        policy.full = rule.copying.full
        policy.sourceDialect = source.dialect
        policy.destinationDialect = destination.dialect
        return Decision.decide(
            source: view.source, destination: view.destination, policy: policy)
    }

    private func outcome(
        _ action: Action, _ decision: Decision, bytes: Int64 = 0, proof: Proof = .none
    ) -> Outcome {
        Outcome(
            action: action, reason: decision.reason.rawValue, bytes: bytes, proof: proof,
            notes: notes.texts, notKept: notes.losses)
    }

    /// A store that refuses a condition that its own state meets cannot be asked that way.
    private func noteRefusal(_ moved: Moved, _ view: View) {
        if let pin = moved.pin, pin == view.source.object?.eTag { shared.cannotUse(.pin) }
        guard case .ifMatch(let eTag)? = moved.refused, eTag == view.destination.object?.eTag
        else { return }
        shared.cannotUse(.ifMatch)
        notes.add(
            "\(destination.connection.name) refuses If-Match with the right ETag: overwriting "
                + "is guarded by a look just before it instead")
    }
}
