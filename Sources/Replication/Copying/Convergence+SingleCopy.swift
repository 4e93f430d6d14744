import S3
import Signing

/// A copy that is proven.
struct Copied: Sendable {
    var bytes: Int64
    var proof: Proof
}

extension Convergence {
    /// Copies by one GET and one PUT, and proves it.
    ///
    /// Where both stores give comparable ETags their equality is the proof, and nothing else is
    /// computed. Where they turn out not to match, the copy is made again with digests, which tell
    /// a damaged transfer from a store whose ETags mean something else: the latter is learnt, and
    /// the copy then carries its origin, so that the next comparison sees that it is the same.
    func copySingly(
        _ pin: ObjectState, over condition: WriteCondition, layouts: [PartLayout] = []
    ) async throws -> Copied {
        var write = SingleWrite(pin: pin, condition: condition, layouts: layouts)
        if !expectsComparableETags(pin) {
            write.isCareful = true
            write.carriesOrigin = true
        }
        var previous: ETag?
        var failures = 0
        var unproven: [Stored] = []
        do {
            while failures < 2 {
                let written: Written
                do {
                    written = try await writeOnce(write)
                } catch is Damaged {
                    failures += 1
                    write.isCareful = true
                    continue
                } catch let unheard as Unheard {
                    if isSame(pin.eTag, unheard.stored.eTag) {
                        return await proven(pin, .eTag, after: failures, unproven)
                    }
                    // Ours, and never proven: once more.
                    failures += 1
                    unproven.append(unheard.stored)
                    write.condition = unheard.stored.eTag.map { .ifMatch($0) } ?? write.condition
                    continue
                }
                if isSame(pin.eTag, written.stored.eTag) {
                    return await proven(pin, .eTag, after: failures, unproven)
                }
                unproven.append(written.stored)
                // What is there now is ours.
                write.condition = written.stored.eTag.map { .ifMatch($0) } ?? .none
                guard let digest = written.digest else {
                    write.isCareful = true
                    continue
                }
                let isRead = try await provesReading(written, digest, pin, layouts, &previous)
                guard isRead, let proof = try await proofOfStoring(written, digest) else {
                    failures += 1
                    write.isCareful = true
                    continue
                }
                unproven.removeLast()
                if write.carriesOrigin {
                    return await proven(pin, proof, after: failures, unproven)
                }
                write.carriesOrigin = true
                write.isCareful = true
            }
        } catch {
            // What was written and never proven does not stay: the origin that it carries would be
            // believed.
            _ = await removeUnproven(unproven)
            if write.carriesOrigin { await removeUnheard(pin, write.condition, error) }
            throw error
        }
        throw await notProven(pin, unproven)
    }

    /// Of earlier attempts nothing stays either, not even as an older version.
    func proven(
        _ pin: ObjectState, _ proof: Proof, after failures: Int, _ unproven: some Sequence<Stored>
    ) async -> Copied {
        if failures > 0 { notes.add("bytes were damaged on their way, and were copied again") }
        let versions = unproven.filter(\.isVersioned)
        if !versions.isEmpty { _ = await removeUnproven(versions) }
        return Copied(bytes: pin.size, proof: proof)
    }

    /// As far as is known before anything was written.
    private func expectsComparableETags(_ pin: ObjectState) -> Bool {
        pin.eTag.isMD5Shaped && !pin.hasOpaqueEncryption
            && source.dialect.singleETagIsMD5 != .no
            && destination.dialect.singleETagIsMD5 != .no
    }

    /// Whether what was read is what the source's store says it has.
    ///
    /// - Parameter previous: The MD5 of an earlier reading of this very object.
    private func provesReading(
        _ written: Written, _ digest: StreamDigest.Result, _ pin: ObjectState,
        _ layouts: [PartLayout], _ previous: inout ETag?
    ) async throws -> Bool {
        guard digest.bytes == pin.size else { return false }
        let head = ObjectState(written.head)
        let isMD5 =
            pin.eTag.isMD5Shaped && !head.hasOpaqueEncryption
            && source.dialect.singleETagIsMD5 != .no
        if isMD5, digest.md5 == pin.eTag { return true }
        if digest.compositeETags.contains(pin.eTag) { return true }
        for (name, value) in head.detail?.checksums ?? [:] {
            guard let algorithm = ChecksumAlgorithm(rawValue: name.lowercased()),
                let computed = digest.whole[algorithm]
            else { continue }
            guard Base64.encode(computed) == value else { return false }
            if isMD5 { source.learn { $0.singleETagIsMD5 = .no } }
            return true
        }
        let isTLS = source.connection.scheme == "https"
        if isMD5 {
            // TLS lets no byte change on the way: read twice alike, the ETag is no MD5.
            defer { previous = digest.md5 }
            guard isTLS, source.dialect.singleETagIsMD5 != .yes, previous == digest.md5 else {
                return false
            }
            source.learn { $0.singleETagIsMD5 = .no }
            return true
        }
        if isTLS { return true }
        // Nothing vouches for what came over plain HTTP: read it again.
        let again = try await digestByReading(
            source, sourceAddress, pin.eTag, size: pin.size,
            StreamDigest(digest.whole[.sha256] != nil ? [.sha256] : [.md5]))
        return again.bytes == digest.bytes
            && again.whole.allSatisfy { digest.whole[$0.key] == $0.value }
    }

    /// Whether the destination holds the bytes that were sent; nil when it does not.
    private func proofOfStoring(
        _ written: Written, _ digest: StreamDigest.Result
    ) async throws -> Proof? {
        let eTag = written.stored.eTag
        if let eTag, eTag == digest.md5 { return .checksum }
        // An ETag that looks like an MD5 and is another one speaks against the store's own word.
        let isContradicted =
            eTag?.isMD5Shaped == true && destination.dialect.singleETagIsMD5 != .no
        if written.sentChecksum, destination.dialect.verifiesChecksums == .yes, !isContradicted {
            return .checksum
        }
        let algorithm: ChecksumAlgorithm = digest.whole[.sha256] != nil ? .sha256 : .md5
        let stored = try await digestByReading(
            destination, destinationAddress, eTag, size: digest.bytes, StreamDigest([algorithm]))
        guard stored.bytes == digest.bytes, stored.whole[algorithm] == digest.whole[algorithm]
        else { return nil }
        // The right bytes under an ETag that is not their MD5.
        if destination.dialect.singleETagIsMD5 != .yes {
            destination.learn { $0.singleETagIsMD5 = .no }
        }
        return .readBack
    }
}
