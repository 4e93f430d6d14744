import S3

extension Convergence {
    /// Copies the content, in the way that keeps its ETag where there is one.
    ///
    /// - Parameter forMetadata: The content is the same: the copy is of no use without the metadata.
    /// - Throws: ``Moved`` when either side is no more as it was seen.
    func copy(
        _ object: ObjectState, over condition: WriteCondition, forMetadata: Bool = false
    ) async throws -> Copied {
        let most = PartLayout.maxPartBytes * Int64(PartLayout.maxParts)
        guard object.size <= most else {
            throw ReplicationError(
                kind: .tooLarge, key: key,
                message: "\(key): \(object.size) bytes are more than a multipart upload can hold")
        }
        if object.detail?.isArchived == true { throw archived() }
        if source.sharesEndpoint(with: destination),
            source.dialect.serverSideCopy != .no, shared.isUsable(.serverSideCopy)
        {
            switch try await copyServerSide(object, over: condition, checked: forMetadata) {
            case .copied(let copied): return copied
            case .carry(let condition): return try await carry(object, over: condition)
            }
        }
        return try await carry(object, over: condition)
    }

    /// Copies by way of this machine.
    private func carry(
        _ object: ObjectState, over condition: WriteCondition
    ) async throws -> Copied {
        let fitsSingleWrite = object.size <= PartLayout.maxSingleWriteBytes
        let canMultipart = destination.dialect.multipart != .no
        if let count = object.eTag.partCount, canMultipart {
            if count <= PartLayout.maxParts, destination.dialect.hasStandardMultipartETags {
                return try await copyKeepingLayout(object, count: count, over: condition)
            }
            guard fitsSingleWrite else {
                return try await copyInOwnLayout(object, over: condition)
            }
            let found = try await findLayout(object, count: count)
            return try await copySingly(object, over: condition, layouts: found.layouts)
        }
        return fitsSingleWrite || !canMultipart
            ? try await copySingly(object, over: condition)
            : try await copyInOwnLayout(object, over: condition)
    }

    private func archived() -> ReplicationError {
        replicationError(
            S3Error(
                kind: .archived, operation: "HeadObject", connection: source.connection.name,
                bucket: sourceAddress.bucket, key: sourceAddress.key,
                message: "the object is in an archive class"))
    }

    enum TagsSet {
        case set
        /// The destination has tags, but not such ones; noted.
        case refused
        /// It has none, which is learnt: decide again.
        case unsupported
    }

    /// Sets the destination's tags to the source's.
    func setTags(_ view: View) async throws -> TagsSet {
        guard let tags = view.source.object?.detail?.tags else { return .unsupported }
        // What was looked at, and not what another writer has put there since.
        var address = destinationAddress
        let versionID = view.destination.object?.detail?.versionID
        address.versionID = versionID == "null" ? nil : versionID
        do {
            if tags.isEmpty {
                // Some stores cannot read a set of none.
                try await destination.deleteTags(address)
            } else {
                try await destination.setTags(address, tags)
            }
            if destination.dialect.tagging == .unknown {
                let kept = try await destination.tags(address)
                guard MetadataComparison.areSame(tags, kept) else {
                    learnNoTags()
                    return .unsupported
                }
                destination.learn { $0.tagging = .yes }
            }
            return .set
        } catch {
            if error.kind == .notSupported {
                learnNoTags()
                return .unsupported
            }
            if error.refusesTags {
                noteRefusedTags(error)
                return .refused
            }
            throw tagsNotStored(error)
        }
    }

    /// Brings headers, user metadata and tags in line with the source's: by a copy of the
    /// destination's object onto itself where that keeps its ETag, else by copying anew.
    func updateMetadata(_ view: View) async throws -> Copied {
        guard let from = view.source.object, let to = view.destination.object else {
            return Copied(bytes: 0, proof: .none)
        }
        let keepsETag =
            to.eTag.isMD5Shaped && from.eTag == to.eTag
            && to.size <= PartLayout.maxSingleWriteBytes
            && destination.dialect.serverSideCopy != .no && shared.isUsable(.rewriteInPlace)
        if keepsETag, try await rewriteInPlace(from, to) { return Copied(bytes: 0, proof: .eTag) }
        return try await copy(from, over: .ifMatch(to.eTag), forMetadata: true)
    }

    private func rewriteInPlace(
        _ pin: ObjectState, _ object: ObjectState
    ) async throws -> Bool {
        let head = try await pinnedHead(pin)
        let write = try await carried(head, pin)
        do {
            let result = try await adapting { dropped, attempt in
                var options = writeOptions(
                    head, write, dropping: dropped, attempt, contentMD5: nil)
                if rule.copying.copiesTags, canTag, options.metadata.tags == nil {
                    options.metadata.tags = []
                }
                return try await destination.copyObject(
                    from: destinationAddress, to: destinationAddress, ifMatch: object.eTag,
                    replace: options)
            }
            guard result.eTag == object.eTag else {
                shared.cannotUse(.rewriteInPlace)
                return false
            }
            let now = try await destination.headObject(destinationAddress)
            if now.eTag == object.eTag, now.size == object.size,
                MetadataComparison.areSame(head.metadata, now.metadata)
            {
                return true
            }
            shared.cannotUse(.rewriteInPlace)
            return false
        } catch let error as S3Error {
            switch error.kind {
            case .preconditionFailed, .noSuchKey, .conflict: throw Moved(cause: error)
            case .notSupported, .invalidRequest, .malformedAnswer, .integrity:
                shared.cannotUse(.rewriteInPlace)
                return false
            default: throw error
            }
        }
    }
}
