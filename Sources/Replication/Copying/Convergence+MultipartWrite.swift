import S3
import Signing

extension Convergence {
    /// Writes an object in parts. Whatever ends it early, the upload is aborted.
    ///
    /// - Throws: ``Moved``, ``Damaged``, `S3Error`, `UploadJournal.Failure`.
    func writeInParts(_ write: MultipartWrite) async throws -> MultipartWritten {
        var write = write
        if write.tags == nil, write.head.tagCount > 0, rule.copying.copiesTags, canTag {
            write.tags = try await sourceTags(versionID: write.head.versionID)
        }
        if write.cannedACL == nil { write.cannedACL = try await sourceACL() }
        let upload = try await begin(write)
        do {
            let parts = try await moveParts(write, upload.id)
            try await checkUnguarded(write)
            let stored = try await complete(write, upload.id, parts.map(\.stored))
            upload.journalID.map { journal?.ended($0) }
            try await checkFeatures(upload.carried)
            return MultipartWritten(
                stored: stored, parts: parts.map(\.stored), digests: parts.compactMap(\.sent))
        } catch {
            await abort(upload)
            switch (error as? S3Error)?.kind {
            // Someone has aborted the upload: begin another.
            case .noSuchUpload: throw Moved(cause: error as? S3Error)
            case .integrity: throw Damaged()
            default: throw error
            }
        }
    }

    private struct Upload: Sendable {
        var id: String
        var journalID: Int?
        var carried: Set<SharedState.Feature>
    }

    private func begin(_ write: MultipartWrite) async throws -> Upload {
        try await adapting { dropped, attempt in
            let single = SingleWrite(
                pin: write.pin, condition: write.condition, carriesOrigin: write.carriesOrigin,
                tags: write.tags, cannedACL: write.cannedACL)
            var options = writeOptions(
                write.head, single, dropping: dropped, attempt, contentMD5: nil)
            // The condition belongs to the completion.
            options.condition = .none
            let journalID = try journal?.begin(destination, destinationAddress)
            let id = try await create(options, journalID)
            do {
                if let journalID { try journal?.started(journalID, uploadID: id) }
                try Task.checkCancellation()
            } catch {
                await abort(Upload(id: id, journalID: journalID, carried: []))
                throw error
            }
            return Upload(id: id, journalID: journalID, carried: attempt.carried)
        }
    }

    /// How long a cancelled caller waits for the store to say which upload it has begun.
    private static let creationGrace = Duration.seconds(2)

    /// Not cancelled at once with its caller: an upload whose id we never learn could not be
    /// aborted. The journal keeps the intent of one that was given up.
    private func create(_ options: WriteOptions, _ journalID: Int?) async throws -> String {
        let client = destination
        let address = destinationAddress
        let creation = Task { () async throws(S3Error) -> String in
            try await client.createUpload(address, options)
        }
        do {
            return try await withTaskCancellationHandler {
                try await creation.value
            } onCancel: {
                Task {
                    // A sleep that ends early only shortens the grace.
                    try? await Task.sleep(for: Self.creationGrace)
                    creation.cancel()
                }
            }
        } catch let error as S3Error {
            // A refusal means that nothing was begun.
            if let status = error.status, (400..<500).contains(status) {
                journalID.map { journal?.ended($0) }
            }
            throw error
        }
    }

    private func abort(_ upload: Upload) async {
        let client = destination
        let address = destinationAddress
        let isGone = await shielded {
            do throws(S3Error) {
                try await client.abortUpload(address, uploadID: upload.id)
                return true
            } catch {
                return false
            }
        }
        if isGone { upload.journalID.map { journal?.ended($0) } }
    }

    private struct MovedPart: Sendable {
        var stored: UploadPart
        /// What we computed of it.
        var sent: UploadPart?
    }

    private func moveParts(
        _ write: MultipartWrite, _ uploadID: String
    ) async throws -> [MovedPart] {
        try await inOrder(write.layout.count, atOnce: write.whole == nil ? nil : 1) { number in
            if let from = write.serverSideFrom {
                return MovedPart(stored: try await copyPart(write, from, uploadID, number))
            }
            let isLocked = write.head.metadata.lock != nil || !shared.isUsable(.withoutContentMD5)
            do {
                return try await movePart(write, uploadID, number, withMD5: isLocked)
            } catch let error as S3Error {
                guard error.kind == .invalidRequest, !isLocked,
                    error.connection == destination.connection.name
                else { throw error }
                // A bucket that locks whatever is written takes no part without a digest.
                let part = try await movePart(write, uploadID, number, withMD5: true)
                learnUnusable(.withoutContentMD5)
                return part
            }
        }
    }

    private func movePart(
        _ write: MultipartWrite, _ uploadID: String, _ number: Int, withMD5: Bool
    ) async throws -> MovedPart {
        write.layout.length(of: number) <= Self.bufferedBytes
            ? try await bufferPart(write, uploadID, number, withMD5: withMD5)
            : try await relayPart(write, uploadID, number, withMD5: withMD5)
    }

    private func copyPart(
        _ write: MultipartWrite, _ from: ObjectAddress, _ uploadID: String, _ number: Int
    ) async throws -> UploadPart {
        do {
            return try await destination.copyPart(
                from: from, range: write.layout.range(of: number), ifMatch: write.pin.eTag,
                to: destinationAddress, uploadID: uploadID, number: number)
        } catch {
            throw error.kind == .preconditionFailed ? Moved(cause: error) : error
        }
    }

    private func partRead(_ write: MultipartWrite, _ number: Int) -> ReadOptions {
        var read = readOptions(write.pin, careful: false)
        read.range = write.layout.range(of: number)
        return read
    }

    private func bufferPart(
        _ write: MultipartWrite, _ uploadID: String, _ number: Int, withMD5: Bool
    ) async throws -> MovedPart {
        let length = write.layout.length(of: number)
        var body: [UInt8] = []
        if length > 0 {
            do {
                let (head, bytes) = try await source.getObject(
                    sourceAddress, partRead(write, number), limitBytes: Int(length))
                guard head.eTag == write.pin.eTag else { throw Moved() }
                body = bytes
            } catch let error as S3Error {
                throw readFailure(error, pin: write.pin.eTag)
            }
        }
        guard Int64(body.count) == length else { throw Damaged() }
        if let whole = write.whole {
            body.withUnsafeBytes { whole.observe(.block($0)) }
            whole.endPart()
        }
        let part = try await destination.uploadPart(
            destinationAddress, uploadID: uploadID, number: number, body: body,
            contentMD5: withMD5 ? Checksum.of(body, .md5) : nil)
        let sent = write.isCareful ? StreamDigest.of(body, [.md5]).md5 : nil
        return MovedPart(stored: part, sent: sent.map { UploadPart(number: number, eTag: $0) })
    }

    /// - Parameter withMD5: the part is read twice, once for its digest, which goes before it: so it needs no memory.
    private func relayPart(
        _ write: MultipartWrite, _ uploadID: String, _ number: Int, withMD5: Bool
    ) async throws -> MovedPart {
        let md5 = withMD5 ? try await partMD5(write, number) : nil
        let digest = write.isCareful ? StreamDigest([.md5]) : nil
        do {
            let (head, part) = try await destination.relayPart(
                from: source, sourceAddress, partRead(write, number), to: destinationAddress,
                uploadID: uploadID, number: number, contentMD5: md5,
                observe: observer(digest, write.whole))
            write.whole?.endPart()
            guard head.eTag == write.pin.eTag else { throw Moved() }
            guard head.contentLength == write.layout.length(of: number) else { throw Damaged() }
            let sent = digest?.finish().md5
            return MovedPart(stored: part, sent: sent.map { UploadPart(number: number, eTag: $0) })
        } catch let error as S3Error {
            throw error.isOfReading ? readFailure(error, pin: write.pin.eTag) : error
        }
    }

    private func partMD5(_ write: MultipartWrite, _ number: Int) async throws -> [UInt8] {
        do {
            return try await source.readObject(sourceAddress, partRead(write, number)) {
                head, body in
                guard head.eTag == write.pin.eTag else { throw Moved() }
                var md5 = Checksum(.md5)
                while let block = try await body.next() { md5.update(block) }
                return md5.finalize()
            }
        } catch let error as S3Error {
            throw readFailure(error, pin: write.pin.eTag)
        }
    }

    private func observer(
        _ part: StreamDigest?, _ whole: WholeDigest?
    ) -> (@Sendable (RelayEvent) -> Void)? {
        guard part != nil || whole != nil else { return nil }
        return { event in
            part?.observe(event)
            whole?.observe(event)
        }
    }

    /// A long upload to a store that does not guard its completion: look just before it.
    private func checkUnguarded(_ write: MultipartWrite) async throws {
        guard effective(write.condition) == .none || destination.dialect.conditionalWrites != .yes
        else { return }
        var now: ETag?
        do {
            now = try await destination.headObject(destinationAddress).eTag
        } catch {
            if error.kind != .noSuchKey { throw error }
        }
        switch write.condition {
        case .ifAbsent: if now != nil { throw Moved() }
        case .ifMatch(let eTag): if now != eTag { throw Moved() }
        case .none: break
        }
    }

    private func complete(
        _ write: MultipartWrite, _ uploadID: String, _ parts: [UploadPart]
    ) async throws -> Stored {
        var stored: Stored
        do {
            let result = try await complete(uploadID, parts, effective(write.condition))
            // Some stores tell with the parts alone, and parts that were copied tell nothing.
            if write.serverSideFrom == nil {
                noteEncryption(
                    of: write.head.encryption,
                    answered: result.encryption ?? parts.first?.encryption)
            }
            stored = Stored(result)
        } catch {
            if let stored = await completedUnheard(write, parts, error) {
                // It may be another writer's of the same. Best effort: as a rule the upload is gone.
                _ = try? await destination.abortUpload(destinationAddress, uploadID: uploadID)
                return stored
            }
            throw writeFailure(error, write.condition)
        }
        if stored.eTag == nil || destination.dialect.multipartETag != .standard {
            try await see(&stored, write, parts)
        }
        return stored
    }

    /// Looks at what was completed, until the store is known to show the ETag that it answered: some show another
    /// one, and then the answer neither proves nor names the object.
    private func see(
        _ stored: inout Stored, _ write: MultipartWrite, _ parts: [UploadPart]
    ) async throws {
        let head: ObjectHead
        do {
            head = try await destination.headObject(destinationAddress)
        } catch {
            throw error.kind == .noSuchKey ? Moved(cause: error) : error
        }
        guard let answered = stored.eTag, answered != head.eTag else {
            if stored.eTag != nil, head.eTag == ETag.composite(of: parts) {
                destination.learn { $0.multipartETag = .standard }
            }
            stored.eTag = head.eTag
            return
        }
        // Another size: somebody has written since.
        guard head.size == write.pin.size else { throw Moved() }
        destination.learn { $0.multipartETag = head.eTag.isMD5Shaped ? .wholeMD5 : .opaque }
        stored.eTag = head.eTag
    }

    /// Where the store takes no condition, the look just before has to do.
    private func complete(
        _ uploadID: String, _ parts: [UploadPart], _ condition: WriteCondition
    ) async throws(S3Error) -> WriteResult {
        do {
            return try await destination.completeUpload(
                destinationAddress, uploadID: uploadID, parts: parts, condition: condition)
        } catch {
            guard error.kind == .notSupported, condition != .none else { throw error }
            let result = try await destination.completeUpload(
                destinationAddress, uploadID: uploadID, parts: parts, condition: .none)
            learnUnusable(.condition)
            return result
        }
    }

    /// The answer to a completion that was done may have been lost, and asking again finds no such
    /// upload.
    private func completedUnheard(
        _ write: MultipartWrite, _ parts: [UploadPart], _ error: S3Error
    ) async -> Stored? {
        let kinds: [S3Error.Kind] = [.noSuchUpload, .unavailable, .timedOut, .interrupted]
        guard kinds.contains(error.kind), let composite = ETag.composite(of: parts),
            // Should this fail as well, the completion's own error tells more.
            let head = try? await destination.headObject(destinationAddress),
            head.eTag == composite, head.size == write.pin.size
        else { return nil }
        return Stored(head)
    }
}
