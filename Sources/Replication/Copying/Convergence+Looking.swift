import S3
import Signing

extension Convergence {
    /// From the listing's evidence when there is some and the rule trusts it, else from HEADs.
    func firstView(_ evidence: Evidence?) async throws(S3Error) -> View {
        if let evidence, !rule.copying.full {
            return View(
                source: SideState(evidence.source), destination: SideState(evidence.destination),
                destinationSeenAt: evidence.seenAt)
        }
        var view = View(source: .absent, destination: .absent, destinationSeenAt: 0)
        try await look(&view, source: true, destination: true)
        return view
    }

    /// Replaces what is known of these sides by what HEAD says now.
    func look(
        _ view: inout View, source atSource: Bool, destination atDestination: Bool
    ) async throws(S3Error) {
        if atSource { view.source = try await state(source, sourceAddress) }
        if atDestination {
            view.destinationSeenAt = Timestamps.nowMilliseconds()
            view.destination = try await state(destination, destinationAddress)
        }
    }

    private func state(
        _ client: S3Client, _ address: ObjectAddress
    ) async throws(S3Error) -> SideState {
        var options = ReadOptions()
        options.checksumMode = true
        do {
            return .present(ObjectState(try await client.headObject(address, options)))
        } catch {
            if error.kind == .noSuchKey { return .absent }
            throw error
        }
    }

    /// Asks for the tags of both objects where their number says that there are some.
    func lookAtTags(_ view: inout View) async throws(S3Error) {
        guard var from = view.source.object, var to = view.destination.object else { return }
        let count = (from.detail?.tagCount ?? 0, to.detail?.tagCount ?? 0)
        from.detail?.tags = count.0 == 0 ? [] : try await sourceTags(versionID: nil)
        do {
            to.detail?.tags = count.1 == 0 ? [] : try await destination.tags(destinationAddress)
        } catch {
            guard error.kind == .notSupported else { throw error }
            learnNoTags()
            to.detail?.tags = []
        }
        view.source = .present(from)
        view.destination = .present(to)
    }

    func sourceTags(versionID: String?) async throws(S3Error) -> [Tag] {
        var address = sourceAddress
        address.versionID = versionID
        return try await source.tags(address)
    }

    /// Where the store does not guard the write itself, what it stands on must be fresh.
    func needsFreshLook(_ view: View, _ condition: WriteCondition) -> Bool {
        if destination.dialect.conditionalWrites == .yes {
            guard case .ifMatch = condition, !shared.isUsable(.ifMatch) else { return false }
        }
        let age = Timestamps.nowMilliseconds() - view.destinationSeenAt
        return age > Self.evidenceTrustMilliseconds
    }

    /// Whether the source has no such key now, whatever an event or a listing said: a delete may
    /// have been followed by a new write. When it has one, the view says so.
    func isGoneFromSource(_ view: inout View) async throws(S3Error) -> Bool {
        try await look(&view, source: true, destination: false)
        guard view.source == .absent else { return false }
        // A HEAD cannot tell a missing key from a missing bucket, and that must delete nothing.
        let now = Timestamps.nowMilliseconds()
        if !shared.sourceBucketIsKnown(now: now) {
            try await source.headBucket(sourceAddress.bucket)
            shared.sawSourceBucket(now: now)
        }
        return true
    }

    /// False when the source has the key after all: decide again.
    func deleteExtra(_ view: inout View) async throws(S3Error) -> Bool {
        guard try await isGoneFromSource(&view) else { return false }
        try await destination.deleteObject(destinationAddress)
        return true
    }

    /// Copies the destination's object to the quarantine, proven as every copy is; it may be deleted then.
    func quarantine() async throws {
        guard rule.deletes == .quarantine else { return }
        guard var place = rule.quarantine else {
            throw ReplicationError(
                kind: .store, key: key,
                message: "\(key): the rule names no place for its quarantine")
        }
        place.prefix =
            place.prefix + ReplicationRule.quarantineFolder(Timestamps.nowMilliseconds())
        let moving = ReplicationRule(name: rule.name, source: rule.destination, destination: place)
        _ = try await Convergence(
            rule: moving, key: key, shared: shared, journal: journal, meter: meter
        ).run(nil)
    }
}
