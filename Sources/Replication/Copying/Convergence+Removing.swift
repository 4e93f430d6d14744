import S3

/// What was written and could not be proven does not stay.
extension Convergence {
    /// Takes back what we wrote and could not prove, the newest first; true when all of it is gone.
    func removeUnproven(_ written: [Stored]) async -> Bool {
        var isGone = true
        for stored in written.reversed() where await !remove(stored) { isGone = false }
        return isGone
    }

    private func remove(_ stored: Stored) async -> Bool {
        var address = destinationAddress
        // On a versioned bucket only our version goes, and what was there before is current again.
        address.versionID = stored.isVersioned ? stored.versionID : nil
        let client = destination
        let target = address
        return await shielded {
            do throws(S3Error) {
                // Someone else's object, written since, is none of ours to remove.
                let now = try await client.headObject(target)
                guard stored.eTag == nil || now.eTag == stored.eTag else { return true }
                try await client.deleteObject(target)
                return true
            } catch {
                return error.kind == .noSuchKey
            }
        }
    }

    /// Removes a copy whose write may have been done although its answer never came: it says of
    /// which object it is a copy, and the next comparison would believe it unproven.
    ///
    /// - Parameters:
    ///   - condition: Of the failed write; what it names was there before.
    ///   - failure: Why the write failed.
    func removeUnheard(
        _ pin: ObjectState, _ condition: WriteCondition, _ failure: any Error
    ) async {
        // The last two are what a write is told that was done before, and is repeated unseen.
        let kinds: [S3Error.Kind] = [
            .unavailable, .timedOut, .interrupted, .cancelled, .noSuchUpload, .preconditionFailed,
        ]
        guard let error = failure as? S3Error ?? (failure as? Moved)?.cause,
            kinds.contains(error.kind)
        else { return }
        let client = destination
        let address = destinationAddress
        let unheard = await shielded { () -> Stored? in
            // Best effort: a store that fails now as well leaves nothing to be done.
            guard let head = try? await client.headObject(address), head.size == pin.size,
                ObjectState(head).origin?.matches(pin) == true, condition != .ifMatch(head.eTag)
            else { return nil }
            return Stored(head)
        }
        if let unheard { _ = await removeUnproven([unheard]) }
    }

    func notProven(_ pin: ObjectState, _ unproven: [Stored]) async -> ReplicationError {
        var message =
            "\(key): could not be proven: two copies in a row did not match the source's ETag "
            + "\(pin.eTag), size \(pin.size)"
        if unproven.isEmpty {
            message += "; nothing was written"
        } else {
            let name = destination.connection.name
            message +=
                await removeUnproven(unproven)
                ? "; what was written to \(name) was removed again"
                : "; WHAT WAS WRITTEN TO \(name) IS STILL THERE and could not be removed"
        }
        message += ". Something between the stores damages data, or a store's ETags mean something "
        message += "else: `brigade probe` tells"
        return ReplicationError(kind: .notProven, key: key, message: message)
    }
}
