import S3
import Signing

extension Convergence {
    /// What is written along with the content of this source object. Called on the engine's thread
    /// too: makes no request.
    ///
    /// - Parameters:
    ///   - dropped: What the destination has just refused.
    ///   - attempt: Learns what was carried.
    ///   - contentMD5: Of the body, when it is known before it is sent.
    func writeOptions(
        _ head: ObjectHead, _ write: SingleWrite, dropping dropped: Set<SharedState.Feature>,
        _ attempt: Attempt, contentMD5: [UInt8]?
    ) -> WriteOptions {
        noteClass(head.metadata.storageClass)
        var options = WriteOptions()
        options.metadata = travelling(head.metadata)
        options.condition =
            dropped.contains(.condition) ? .none : effective(write.condition)
        if options.condition != .none { attempt.carries(.condition) }
        if write.carriesOrigin {
            options.metadata.user.append(
                .init(Origin.metadataName, Origin(ObjectState(head)).value))
        }
        if !options.metadata.user.isEmpty {
            attempt.carries(.userMetadata)
            if !shared.isUsable(.userMetadata) { noteNoUserMetadata() }
        }
        addTags(head, write, dropped, attempt, &options)
        addLock(head, dropped, attempt, &options)
        if let acl = write.cannedACL, !dropped.contains(.acl) {
            if destination.dialect.acl == .no {
                noteNoACL()
            } else {
                options.cannedACL = acl
                attempt.carries(.acl)
            }
        }
        let wantsMD5 =
            options.metadata.lock != nil || dropped.contains(.withoutContentMD5)
            || !shared.isUsable(.withoutContentMD5)
        if wantsMD5 {
            options.contentMD5 = contentMD5
        } else if contentMD5 != nil {
            attempt.carries(.withoutContentMD5)
        }
        return options
    }

    /// The source's headers and user metadata, without what belongs to one store or one transfer.
    func travelling(_ metadata: ObjectMetadata) -> ObjectMetadata {
        var kept = metadata
        if let encoding = kept.contentEncoding {
            kept.contentEncoding = MetadataComparison.storedEncoding(encoding)
        }
        if kept.user.contains(where: { $0.name == Origin.metadataName }) {
            kept.user.removeAll { $0.name == Origin.metadataName }
        }
        kept.storageClass = rule.copying.storageClass
        kept.tags = nil
        kept.lock = nil
        return kept
    }

    private func addTags(
        _ head: ObjectHead, _ write: SingleWrite, _ dropped: Set<SharedState.Feature>,
        _ attempt: Attempt, _ options: inout WriteOptions
    ) {
        guard rule.copying.copiesTags, head.tagCount > 0, !dropped.contains(.tags) else { return }
        guard canTag else {
            noteNoTags()
            return
        }
        options.metadata.tags = write.tags
        if write.tags?.isEmpty == false { attempt.carries(.tags) }
    }

    private func addLock(
        _ head: ObjectHead, _ dropped: Set<SharedState.Feature>, _ attempt: Attempt,
        _ options: inout WriteOptions
    ) {
        guard rule.copying.copiesLock, var lock = head.metadata.lock,
            lock.mode != nil || lock.legalHold == true, !dropped.contains(.lock)
        else { return }
        guard destination.dialect.objectLock != .no, shared.isUsable(.lock) else {
            noteNoLock()
            return
        }
        if let until = lock.retainUntil {
            let time = Timestamps.parseISO8601Milliseconds(until)
            if time.map({ $0 <= Timestamps.nowMilliseconds() }) ?? true {
                // Stores refuse a date in the past.
                lock.mode = nil
                lock.retainUntil = nil
                notes.add("retention dates that have passed were not copied")
            }
        }
        guard lock.mode != nil || lock.legalHold == true else { return }
        options.metadata.lock = lock
        attempt.carries(.lock)
    }

    var canTag: Bool { destination.dialect.tagging != .no && shared.isUsable(.tags) }

    func noteNoTags() {
        notes.add("tags are not supported by \(destination.connection.name)")
    }

    /// A store that has tags, but not such ones: that is of this object alone.
    func noteRefusedTags(_ error: S3Error) {
        notes.notKept(.tags, "refused by \(destination.connection.name): \(error.code ?? "")")
    }

    func learnNoTags() {
        destination.learn { $0.tagging = .no }
        noteNoTags()
    }

    func noteNoLock() {
        notes.add(
            "object lock is not supported by \(destination.connection.name), bucket "
                + "\(destinationAddress.bucket): retention and legal holds did not travel")
    }

    func noteNoUserMetadata() {
        notes.add("user metadata is not kept by \(destination.connection.name)")
    }

    /// What a rule does not set is the destination's default, whatever the source's class.
    func noteClass(_ name: String?) {
        guard rule.copying.storageClass == nil, let name, name != "STANDARD" else { return }
        notes.notKept(.storageClass, name)
    }

    /// Tells by the answer to a write whether the destination encrypts as the source does. A key of the
    /// store's or the user's own is more than the store's default: that is no loss.
    func noteEncryption(of source: String?, answered: String?) {
        guard let source, source != answered, source != "AES256" || answered == nil
        else { return }
        notes.notKept(.encryption, source)
    }

    private func noteNoACL() {
        notes.add("ACLs are not supported by \(destination.connection.name)")
    }

    /// The source's ACL as a canned one, when the rule copies ACLs and there is more to say than
    /// "private". Named grants mean nothing to another store: they are noted, not copied.
    func sourceACL() async throws(S3Error) -> String? {
        guard rule.copying.copiesACL else { return nil }
        guard destination.dialect.acl != .no else {
            noteNoACL()
            return nil
        }
        do {
            let control = try await source.accessControl(sourceAddress)
            guard let canned = control.canned else {
                notes.add("grants to single users did not travel: accounts differ between stores")
                return nil
            }
            return canned == "private" ? nil : canned
        } catch {
            guard error.kind == .notSupported else { throw error }
            notes.add("ACLs are not supported by \(source.connection.name)")
            return nil
        }
    }

    /// The condition as this destination can be asked for it.
    func effective(_ condition: WriteCondition) -> WriteCondition {
        if destination.dialect.conditionalWrites == .no {
            noteIgnoredConditions()
            return .none
        }
        if case .ifMatch = condition, !shared.isUsable(.ifMatch) { return .none }
        return condition
    }

    func noteIgnoredConditions() {
        notes.add(
            "\(destination.connection.name) ignores conditional writes: another writer's newer "
                + "object could be overwritten in the moment between looking and writing")
    }

    /// Runs a write; when the store refuses something that the object carries, finds out what, and
    /// writes without it.
    func adapting<R: Sendable>(
        dropping known: Set<SharedState.Feature> = [],
        _ write: (_ dropping: Set<SharedState.Feature>, Attempt) async throws -> R
    ) async throws -> R {
        let attempt = Attempt()
        do {
            return try await write(known, attempt)
        } catch let error as S3Error {
            guard error.kind == .notSupported || error.kind == .invalidRequest,
                error.connection == destination.connection.name, !isOfLength(error)
            else { throw error }
            if error.refusesTags, attempt.carried.contains(.tags) {
                noteRefusedTags(error)
                do {
                    return try await adapting(dropping: [.tags], write)
                } catch var moved as Moved {
                    // Some stores store the object before they look at its tags.
                    moved.mayBeOurs = true
                    throw moved
                }
            }
            // Only what makes the write succeed when left out is blamed: each alone, then pairs.
            let suspects = Self.refusable.filter { feature in
                attempt.carried.contains(feature)
                    && (feature != .condition || error.kind == .notSupported)
            }
            for dropped in Self.smallestFirst(suspects) {
                do {
                    let result = try await write(known.union(dropped), Attempt())
                    for feature in dropped { learnUnusable(feature) }
                    return result
                } catch let again as S3Error where again.kind == error.kind {
                    continue
                }
            }
            throw error
        }
    }

    /// Every set of these that is not empty; 31 at most.
    private static func smallestFirst(
        _ features: [SharedState.Feature]
    ) -> [Set<SharedState.Feature>] {
        let sets = (1..<(1 << features.count)).map { bits in
            Set(features.indices.filter { bits & 1 << $0 != 0 }.map { features[$0] })
        }
        return sets.enumerated()
            .sorted { ($0.element.count, $0.offset) < ($1.element.count, $1.offset) }
            .map(\.element)
    }

    private static let refusable: [SharedState.Feature] = [
        .withoutContentMD5, .tags, .lock, .acl, .condition,
    ]

    func learnUnusable(_ feature: SharedState.Feature) {
        switch feature {
        case .tags: learnNoTags()
        case .acl:
            destination.learn { $0.acl = .no }
            noteNoACL()
        case .condition: destination.learn { $0.conditionalWrites = .no }
        // These differ from bucket to bucket of one store.
        case .lock, .ifMatch, .pin, .rewriteInPlace, .serverSideCopy, .serverSideCopyOfPlain,
            .withoutContentMD5, .userMetadata:
            shared.cannotUse(feature)
        }
        switch feature {
        case .condition: noteIgnoredConditions()
        case .lock: noteNoLock()
        default: break
        }
    }
}
