import S3

extension Convergence {
    enum ServerSide: Sendable {
        case copied(Copied)
        /// The store refuses, or did it wrong: the bytes must be carried, under this condition.
        case carry(over: WriteCondition)
    }

    /// Lets the store copy by itself, which is proven by the ETag.
    ///
    /// - Parameter checked: Whether the metadata travelled is looked at in any case, and not only until it has
    ///   once: the copy is made for the metadata's sake.
    func copyServerSide(
        _ pin: ObjectState, over condition: WriteCondition, checked: Bool
    ) async throws -> ServerSide {
        if let count = pin.eTag.partCount {
            guard destination.dialect.partCopy != .no, destination.dialect.multipart != .no,
                destination.dialect.hasStandardMultipartETags, count <= PartLayout.maxParts
            else { return .carry(over: condition) }
            return try await copyPartsServerSide(pin, count: count, over: condition)
        }
        guard pin.size <= PartLayout.maxSingleWriteBytes else { return .carry(over: condition) }
        return try await copyObjectServerSide(pin, over: condition, checked: checked)
    }

    private func copyObjectServerSide(
        _ pin: ObjectState, over condition: WriteCondition, checked: Bool
    ) async throws -> ServerSide {
        let replacement = try await replacement(pin)
        let result: WriteResult
        do {
            result = try await destination.copyObject(
                from: sourceAddress, to: destinationAddress, ifMatch: pin.eTag,
                replace: replacement, condition: effective(condition))
        } catch {
            guard Self.isRefusal(error), !isOfLength(error) else {
                throw copyFailure(error, condition)
            }
            shared.cannotUse(.serverSideCopy)
            return .carry(over: condition)
        }
        if isSame(pin.eTag, result.eTag) {
            if checked || !shared.isChecked(.serverSideCopy),
                try await !carriesMetadata(pin, checked: checked)
            {
                // `rclone serve s3` adds metadata of its own to what it copies.
                shared.cannotUse(.serverSideCopy)
                return .carry(over: .ifMatch(pin.eTag))
            }
            // What a HEAD would tell besides is not worth one.
            noteClass(pin.storageClass)
            noteEncryption(of: pin.detail?.encryption, answered: result.encryption)
            return .copied(Copied(bytes: pin.size, proof: .eTag))
        }
        // A store that does not heed the pin may have copied a newer object: then look again. Else
        // its ETags are odd.
        _ = try await pinnedHead(pin)
        shared.cannotUse(.serverSideCopy)
        return .carry(over: result.eTag.map { .ifMatch($0) } ?? .none)
    }

    /// Whether the copy that the store has just made has the source's metadata.
    private func carriesMetadata(_ pin: ObjectState, checked: Bool) async throws -> Bool {
        let head = try await pinnedHead(pin)
        let metadata = head.metadata
        var plain = ObjectMetadata()
        (plain.contentType, plain.storageClass) = (metadata.contentType, metadata.storageClass)
        let isPlain = head.tagCount == 0 && MetadataComparison.areSame(metadata, plain)
        if isPlain, !checked, shared.isChecked(.serverSideCopyOfPlain) { return true }
        let copy: ObjectHead
        do {
            copy = try await destination.headObject(destinationAddress)
        } catch {
            throw error.kind == .noSuchKey ? Moved(cause: error) : error
        }
        guard copy.eTag == pin.eTag else { throw Moved() }
        guard MetadataComparison.areSame(metadata, copy.metadata),
            copy.tagCount == head.tagCount || !rule.copying.copiesTags
        else { return false }
        if isPlain { shared.check(.serverSideCopyOfPlain) }
        if !metadata.user.isEmpty { shared.check(.serverSideCopy) }
        return true
    }

    /// Metadata travels by itself, unless the rule says otherwise.
    private func replacement(_ pin: ObjectState) async throws -> WriteOptions? {
        let dropsTags = !rule.copying.copiesTags
        let mayBeLocked = rule.copying.copiesLock ? await sourceBucketLocks() : false
        guard
            rule.copying.storageClass != nil || dropsTags || mayBeLocked || rule.copying.copiesACL
        else { return nil }
        let head = try await pinnedHead(pin)
        let write = try await carried(head, pin)
        var options = writeOptions(head, write, dropping: [], Attempt(), contentMD5: nil)
        if dropsTags { options.metadata.tags = [] }
        return options
    }

    /// What a copy that moves no bytes takes along of the source.
    func carried(_ head: ObjectHead, _ pin: ObjectState) async throws(S3Error) -> SingleWrite {
        var write = SingleWrite(pin: pin, condition: .none)
        write.cannedACL = try await sourceACL()
        if head.tagCount > 0, rule.copying.copiesTags, canTag {
            write.tags = try await sourceTags(versionID: head.versionID)
        }
        return write
    }

    /// Whether the source's bucket has object lock, whose headers CopyObject leaves behind. Asked
    /// once; a store that cannot say has none.
    private func sourceBucketLocks() async -> Bool {
        await shared.sourceBucketLocks { [source, bucket = sourceAddress.bucket] in
            // Best effort: without an answer the object's own lock headers are not copied.
            let configuration = try? await source.objectLockConfiguration(bucket)
            return configuration?.isEnabled ?? false
        }
    }

    private func copyPartsServerSide(
        _ pin: ObjectState, count: Int, over condition: WriteCondition
    ) async throws -> ServerSide {
        let found = try await findLayout(pin, count: count)
        guard let layout = found.layouts.first else { return .carry(over: condition) }
        var write = MultipartWrite(
            pin: pin, head: found.head, layout: layout, condition: condition)
        write.serverSideFrom = sourceAddress
        do {
            let written = try await writeInParts(write)
            if isSame(pin.eTag, written.stored.eTag) {
                return .copied(Copied(bytes: pin.size, proof: .eTag))
            }
            // Not shown to be right: what carries the bytes takes its place.
            if found.isCertain { destination.learn { $0.partCopy = .no } }
            let stored = written.stored
            guard await removeUnproven([stored]) else {
                return .carry(over: stored.eTag.map { .ifMatch($0) } ?? condition)
            }
            // Where there are versions, the one before is there again.
            return .carry(over: stored.isVersioned ? condition : .ifAbsent)
        } catch let error as S3Error {
            guard Self.isRefusal(error), !isOfLength(error) else {
                throw copyFailure(error, condition)
            }
            destination.learn { $0.partCopy = .no }
            return .carry(over: condition)
        }
    }

    private static func isRefusal(_ error: S3Error) -> Bool {
        switch error.kind {
        case .notSupported, .invalidRequest, .malformedAnswer, .integrity, .accessDenied: true
        default: false
        }
    }

    private func copyFailure(_ error: S3Error, _ condition: WriteCondition) -> any Error {
        error.kind == .noSuchKey ? Moved(cause: error) : writeFailure(error, condition)
    }

    /// The source's head, when it is still the object pinned.
    func pinnedHead(_ pin: ObjectState) async throws -> ObjectHead {
        try await pinned(readOptions(pin, careful: false), pin)
    }

    func pinned(_ options: ReadOptions, _ pin: ObjectState) async throws -> ObjectHead {
        let head: ObjectHead
        do {
            head = try await source.headObject(sourceAddress, options)
        } catch {
            throw readFailure(error, pin: pin.eTag)
        }
        guard head.eTag == pin.eTag else { throw Moved() }
        return head
    }
}
