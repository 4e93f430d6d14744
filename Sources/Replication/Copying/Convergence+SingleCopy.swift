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
        var last: Written?
        while failures < 2 {
            let written: Written
            do {
                written = try await writeOnce(write)
            } catch is Damaged {
                failures += 1
                write.isCareful = true
                continue
            } catch {
                // What was written before and never proven does not stay.
                if let last { _ = await removeUnproven(last.stored) }
                throw error
            }
            if isSame(pin.eTag, written.stored.eTag) {
                return Copied(bytes: pin.size, proof: .eTag)
            }
            last = written
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
            if write.carriesOrigin { return Copied(bytes: pin.size, proof: proof) }
            write.carriesOrigin = true
            write.isCareful = true
        }
        throw await notProven(pin, last?.stored)
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
            source, sourceAddress, pin.eTag,
            StreamDigest(digest.whole[.sha256] != nil ? [.sha256] : [.md5]))
        return again.bytes == digest.bytes
            && again.whole.allSatisfy { digest.whole[$0.key] == $0.value }
    }

    /// Whether the destination holds the bytes that were sent; nil when it does not.
    private func proofOfStoring(
        _ written: Written, _ digest: StreamDigest.Result
    ) async throws -> Proof? {
        if let eTag = written.stored.eTag, eTag == digest.md5 { return .checksum }
        if written.sentChecksum, destination.dialect.verifiesChecksums == .yes { return .checksum }
        let algorithm: ChecksumAlgorithm = digest.whole[.sha256] != nil ? .sha256 : .md5
        let stored = try await digestByReading(
            destination, destinationAddress, written.stored.eTag,
            StreamDigest([algorithm]))
        guard stored.bytes == digest.bytes, stored.whole[algorithm] == digest.whole[algorithm]
        else { return nil }
        // The right bytes under an ETag that is not their MD5.
        if destination.dialect.singleETagIsMD5 != .yes {
            destination.learn { $0.singleETagIsMD5 = .no }
        }
        return .readBack
    }

    /// Takes back what we wrote and could not prove; true when it is gone.
    func removeUnproven(_ stored: Stored) async -> Bool {
        var address = destinationAddress
        // On a versioned bucket only our version goes, and what was there before is current again.
        address.versionID = stored.versionID == "null" ? nil : stored.versionID
        let client = destination
        let target = address
        return await shielded {
            do {
                // Someone else's object, written since, is none of ours to remove.
                let now = try await client.headObject(target)
                guard stored.eTag == nil || now.eTag == stored.eTag else { return true }
                try await client.deleteObject(target)
                return true
            } catch {
                return (error as? S3Error)?.kind == .noSuchKey
            }
        }
    }

    func notProven(
        _ pin: ObjectState, _ stored: Stored?
    ) async -> ReplicationError {
        var message =
            "\(key): could not be proven: two copies in a row did not match the source's ETag "
            + "\(pin.eTag), size \(pin.size)"
        if let stored {
            let name = destination.connection.name
            message +=
                await removeUnproven(stored)
                ? "; what was written to \(name) was removed again"
                : "; WHAT WAS WRITTEN TO \(name) IS STILL THERE and could not be removed"
        } else {
            message += "; nothing was written"
        }
        message += ". Something between the stores damages data, or a store's ETags mean something "
        message += "else: `brigade probe` tells"
        return ReplicationError(kind: .notProven, key: key, message: message)
    }
}
