import S3
import Signing

extension Convergence {
    /// Reads the pinned object and writes it, by one GET and one PUT.
    ///
    /// - Throws: ``Moved``, ``Damaged``, ``Unheard``, `S3Error`.
    func writeOnce(_ write: SingleWrite) async throws -> Written {
        var write = write
        if write.cannedACL == nil { write.cannedACL = try await sourceACL() }
        while true {
            do {
                var written = try await adapting { dropped, attempt in
                    write.pin.size <= Self.bufferedBytes
                        ? try await writeBuffered(&write, dropped, attempt)
                        : try await writeRelayed(write, dropped, attempt)
                }
                if written.stored.eTag == nil {
                    written.stored.eTag = try await destination.headObject(destinationAddress).eTag
                }
                return written
            } catch is NeedsTags {
                write.tags = try await sourceTags(versionID: nil)
            } catch let error as S3Error where error.kind == .integrity {
                throw Damaged()
            } catch let moved as Moved {
                if let stored = await writtenUnheard(write, moved) { throw Unheard(stored: stored) }
                throw moved
            }
        }
    }

    /// What was read is not what its store says it is, or what arrived not what was sent.
    struct Damaged: Error {}
    /// The object is there by an attempt whose answer was lost.
    struct Unheard: Error { var stored: Stored }
    private struct NeedsTags: Error {}

    func readOptions(_ pin: ObjectState, careful: Bool) -> ReadOptions {
        var read = ReadOptions()
        if shared.isUsable(.pin) { read.ifMatch = pin.eTag }
        read.expectedBytes = pin.size
        read.checksumMode = careful
        return read
    }

    /// A write that is repeated because its answer was lost finds its own object in the way.
    private func writtenUnheard(_ write: SingleWrite, _ moved: Moved) async -> Stored? {
        guard let error = moved.cause, error.kind == .preconditionFailed, moved.refused != nil,
            error.attempts > 1 || moved.mayBeOurs,
            // Should this fail as well, looking again tells.
            let head = try? await destination.headObject(destinationAddress),
            head.size == write.pin.size, write.condition != .ifMatch(head.eTag)
        else { return nil }
        let isOurs =
            isSame(write.pin.eTag, head.eTag)
            || write.carriesOrigin && ObjectState(head).origin?.matches(write.pin) == true
        return isOurs ? Stored(head) : nil
    }

    private func writeBuffered(
        _ write: inout SingleWrite, _ dropped: Set<SharedState.Feature>, _ attempt: Attempt
    ) async throws -> Written {
        let head: ObjectHead
        let body: [UInt8]
        do {
            (head, body) = try await source.getObject(
                sourceAddress, readOptions(write.pin, careful: write.isCareful),
                limitBytes: Int(Self.bufferedBytes))
        } catch {
            throw readFailure(error, pin: write.pin.eTag)
        }
        if let stop = check(head, write.pin) { throw stopError(stop) }
        guard Int64(body.count) == write.pin.size else { throw Damaged() }
        if write.tags == nil, head.tagCount > 0, rule.copying.copiesTags, canTag {
            write.tags = try await sourceTags(versionID: head.versionID)
        }
        let wantsMD5 =
            head.metadata.lock != nil || dropped.contains(.withoutContentMD5)
            || !shared.isUsable(.withoutContentMD5)
        let md5 = wantsMD5 ? Checksum.of(body, .md5) : nil
        var options = writeOptions(head, write, dropping: dropped, attempt, contentMD5: md5)
        options.isBodyPaid = true
        if md5 == nil { attempt.carries(.withoutContentMD5) }
        if write.isCareful, destination.dialect.verifiesChecksums == .yes {
            options.checksum = ("sha256", Base64.encode(Checksum.of(body, .sha256)))
            attempt.noteChecksum()
        }
        let result = try await put(body, options, write.condition)
        noteEncryption(of: head.encryption, answered: result.encryption)
        try await checkFeatures(attempt.carried)
        let algorithms = write.algorithms + checkable(head)
        return Written(
            head: head, stored: Stored(result),
            digest: isSame(write.pin.eTag, result.eTag)
                ? nil : digest(body, algorithms, write.layouts),
            sentChecksum: attempt.sentChecksum)
    }

    private func digest(
        _ body: [UInt8], _ algorithms: [ChecksumAlgorithm], _ layouts: [PartLayout]
    ) -> StreamDigest.Result {
        let digest = StreamDigest(algorithms, layouts: layouts)
        digest.update(body)
        return digest.finish()
    }

    private func writeRelayed(
        _ write: SingleWrite, _ dropped: Set<SharedState.Feature>, _ attempt: Attempt
    ) async throws -> Written {
        // Which checksum the source has is not known before it answers: CRCs cost next to nothing.
        let digest =
            write.isCareful
            ? StreamDigest(
                write.algorithms + [.crc32, .crc32c, .crc64nvme], layouts: write.layouts) : nil
        let checksIn = destination.dialect.verifiesChecksums == .yes
        let head: ObjectHead
        let result: WriteResult
        do {
            (head, result) = try await destination.relayObject(
                from: source, sourceAddress, readOptions(write.pin, careful: write.isCareful),
                to: destinationAddress, observe: digest?.observer
            ) { head in
                if let stop = check(head, write.pin) { throw attempt.stop(stop) }
                let isTagged = head.tagCount > 0 && rule.copying.copiesTags && canTag
                if isTagged, write.tags == nil { throw attempt.stop(.needsTags) }
                var options = writeOptions(
                    head, write, dropping: dropped, attempt,
                    contentMD5: hasMD5(write.pin, head) ? Hex.decode(write.pin.eTag.value) : nil)
                if write.isCareful, checksIn, !head.checksumIsComposite,
                    let checksum = head.checksums.first
                {
                    options.checksum = (checksum.key.lowercased(), checksum.value)
                    attempt.noteChecksum()
                }
                return options
            }
        } catch {
            if let stop = attempt.stop { throw stopError(stop) }
            if error.isOfReading { throw readFailure(error, pin: write.pin.eTag) }
            throw writeFailure(error, write.condition)
        }
        noteEncryption(of: head.encryption, answered: result.encryption)
        try await checkFeatures(attempt.carried)
        return Written(
            head: head, stored: Stored(result), digest: digest?.finish(),
            sentChecksum: attempt.sentChecksum)
    }

    /// True when the source's ETag is known well enough to be the body's MD5 to be sent as such.
    private func hasMD5(_ pin: ObjectState, _ head: ObjectHead) -> Bool {
        pin.eTag.isMD5Shaped && source.dialect.singleETagIsMD5 != .no
            && (head.encryption == nil || head.encryption == "AES256")
    }

    private func check(_ head: ObjectHead, _ pin: ObjectState) -> Attempt.Stop? {
        if head.eTag != pin.eTag { return .moved }
        return head.size == pin.size && head.contentLength == pin.size ? nil : .damaged
    }

    private func stopError(_ stop: Attempt.Stop) -> any Error {
        switch stop {
        case .moved: Moved()
        case .damaged: Damaged()
        case .needsTags: NeedsTags()
        }
    }

    func isSame(_ source: ETag, _ destination: ETag?) -> Bool {
        source.isContentTag && source == destination
    }

    /// Of the checksums that the source sent, those that we can compute.
    private func checkable(_ head: ObjectHead) -> [ChecksumAlgorithm] {
        head.checksumIsComposite
            ? []
            : head.checksums.keys.compactMap { ChecksumAlgorithm(rawValue: $0.lowercased()) }
                .filter { $0 != .md5 && $0 != .sha256 }
    }

    /// A source that changed or went is no failure, but a reason to look again.
    func readFailure(_ error: S3Error, pin: ETag) -> any Error {
        switch error.kind {
        case .preconditionFailed: Moved(cause: error, pin: pin)
        case .noSuchKey, .tooLarge: Moved(cause: error)
        default: error
        }
    }

    /// Nor is a destination that is no more as it was seen.
    func writeFailure(_ error: S3Error, _ condition: WriteCondition) -> any Error {
        switch error.kind {
        case .preconditionFailed:
            destination.learn { $0.conditionalWrites = .yes }
            return Moved(cause: error, refused: condition)
        case .conflict:
            return Moved(cause: error)
        case .noSuchKey:
            // If-Match on a key that is gone.
            if case .ifMatch = condition { return Moved(cause: error) }
            return error
        default:
            return error
        }
    }
}

extension S3Error {
    var isOfReading: Bool { operation.hasPrefix("Get") || operation.hasPrefix("Head") }
}
