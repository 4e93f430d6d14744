import S3

extension Convergence {
    /// Copies a multipart source with its own part sizes, so that the ETag stays equal; its
    /// equality then proves every part and their order.
    func copyKeepingLayout(
        _ pin: ObjectState, count: Int, over condition: WriteCondition
    ) async throws -> Copied {
        let found = try await findLayout(pin, count: count)
        guard let likeliest = found.layouts.first else {
            return try await copyInOwnLayout(pin, over: condition)
        }
        var write = MultipartWrite(
            pin: pin, head: found.head, layout: likeliest, condition: condition)
        var isCertain = found.isCertain
        var damages = 0
        var unproven: [Stored] = []
        do {
            while damages < 2 {
                let written: MultipartWritten
                do {
                    written = try await writeInParts(write)
                } catch is Damaged {
                    damages += 1
                    continue
                } catch let error as S3Error where Self.refusesLayout(error) {
                    // Stores want all parts but the last to be of one size, or larger than these.
                    return try await copyInOwnLayout(pin, over: write.condition)
                }
                if isSame(pin.eTag, written.stored.eTag) {
                    return await proven(pin, .eTag, after: damages, unproven)
                }
                unproven.append(written.stored)
                write.condition = written.stored.eTag.map { .ifMatch($0) } ?? .none
                if ETag.composite(of: written.parts) == pin.eTag {
                    // Every part arrived as it was; what the store calls the whole is its own
                    // affair.
                    return try await copyToOddETags(
                        pin, found.layouts, written.stored, over: write.condition)
                }
                if isCertain {
                    damages += 1
                } else if let layout = try await searchLayout(pin, found, count: count) {
                    // The same layout again means that the transfer was damaged.
                    if layout == write.layout { damages += 1 }
                    write.layout = layout
                    isCertain = true
                } else {
                    return try await copyInOwnLayout(pin, over: write.condition)
                }
            }
        } catch {
            _ = await removeUnproven(unproven)
            throw error
        }
        throw await notProven(pin, unproven)
    }

    private static func refusesLayout(_ error: S3Error) -> Bool {
        (error.kind == .invalidRequest || error.kind == .tooLarge)
            && ["UploadPart", "CompleteMultipartUpload"].contains(error.operation)
    }

    /// The destination's multipart ETags are not the usual ones: learnt, and the copy made so that
    /// it can be proven and recognised.
    private func copyToOddETags(
        _ pin: ObjectState, _ layouts: [PartLayout], _ stored: Stored,
        over condition: WriteCondition
    ) async throws -> Copied {
        let isWhole = stored.eTag?.isMD5Shaped == true
        destination.learn { $0.multipartETag = isWhole ? .wholeMD5 : .opaque }
        return pin.size <= PartLayout.maxSingleWriteBytes
            ? try await copySingly(pin, over: condition, layouts: layouts)
            : try await copyInOwnLayout(pin, over: condition)
    }

    /// Reads the source once and hashes it under every layout that is possible.
    private func searchLayout(
        _ pin: ObjectState, _ found: FoundLayout, count: Int
    ) async throws -> PartLayout? {
        let exact = try await layoutPartByPart(
            pin, count: count, canHead: source.dialect.partNumberReads == .yes)
        if let exact { return exact }
        let digest = StreamDigest([], layouts: found.layouts)
        let result = try await digestByReading(
            source, sourceAddress, pin.eTag, size: pin.size, digest)
        return zip(found.layouts, result.compositeETags).first { $0.1 == pin.eTag }?.0
    }

    /// Copies in parts of our own choice, proven by our own digests.
    func copyInOwnLayout(
        _ pin: ObjectState, over condition: WriteCondition
    ) async throws -> Copied {
        guard destination.dialect.multipart != .no else {
            return try await copySingly(pin, over: condition)
        }
        let head = try await pinnedHead(pin)
        let layout = PartLayout.chosen(size: pin.size, wanted: rule.copying.partSizeBytes)
        var write = MultipartWrite(pin: pin, head: head, layout: layout, condition: condition)
        write.carriesOrigin = true
        write.isCareful = true
        let isMD5 =
            pin.eTag.isMD5Shaped && !ObjectState(head).hasOpaqueEncryption
            && source.dialect.singleETagIsMD5 != .no
        var unproven: [Stored] = []
        var failures = 0
        do {
            while failures < 2 {
                let whole = isMD5 ? WholeDigest(StreamDigest([.md5])) : nil
                write.whole = whole
                let written: MultipartWritten
                do {
                    written = try await writeInParts(write)
                } catch is Damaged {
                    failures += 1
                    continue
                }
                unproven.append(written.stored)
                write.condition = written.stored.eTag.map { .ifMatch($0) } ?? .none
                let ours = ETag.composite(of: written.digests)
                if try await provesReadingInParts(pin, whole?.finish(), layout, ours, isMD5: isMD5),
                    let proof = try await proofOfStoring(written, pin, layout, ours)
                {
                    return await proven(pin, proof, after: failures, unproven.dropLast())
                }
                failures += 1
            }
        } catch {
            _ = await removeUnproven(unproven)
            await removeUnheard(pin, write.condition, error)
            throw error
        }
        throw await notProven(pin, unproven)
    }

    /// Whether the destination holds the parts that were sent; nil when it does not.
    private func proofOfStoring(
        _ written: MultipartWritten, _ pin: ObjectState, _ layout: PartLayout, _ ours: ETag?
    ) async throws -> Proof? {
        if let ours, ours == written.stored.eTag { return .checksum }
        let stored = try await digestByReading(
            destination, destinationAddress, written.stored.eTag, size: pin.size,
            StreamDigest([], layouts: [layout]))
        guard stored.bytes == pin.size, stored.compositeETags.first == ours else { return nil }
        if destination.dialect.multipartETag == .unknown {
            destination.learn { $0.multipartETag = .opaque }
        }
        return .readBack
    }

    private func provesReadingInParts(
        _ pin: ObjectState, _ whole: StreamDigest.Result?, _ layout: PartLayout, _ ours: ETag?,
        isMD5: Bool
    ) async throws -> Bool {
        if isMD5, let md5 = whole?.md5 { return md5 == pin.eTag }
        // TLS lets no byte change on the way; over plain HTTP only a second reading tells.
        if !isMD5, source.connection.scheme == "https" { return true }
        let again = try await digestByReading(
            source, sourceAddress, pin.eTag, size: pin.size, StreamDigest([.md5], layouts: [layout])
        )
        return again.compositeETags.first == ours && (!isMD5 || again.md5 == pin.eTag)
    }
}
