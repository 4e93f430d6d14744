import S3

/// Finds keys that cut what is still to be listed into a few ranges, by asking for single keys.
///
/// Keys usually share a long beginning and count up from there ("photos/2024/000123.jpg"). The finder
/// looks for the first position at which the keys ahead differ from the last one listed, then for
/// the greatest byte at that position, and cuts between the bytes. Ranges come out uneven where keys
/// do: that costs time, never correctness.
struct RangeFinder: Sendable {
    /// Requests for one key each, all in all.
    static let probeLimit = 12
    /// Positions from the start of the relative key that are looked at.
    private static let depthLimit = 64

    var source: any ListingSource
    var destination: any ListingSource
    /// Ranges in all, the current one included.
    var count: Int

    /// Sorted relative keys, each the last of its range; none when no good ones are found.
    /// Best effort: a probe that fails means no ranges, since the listing itself will say what is wrong.
    func boundaries(first: ObjectKey, reached: ObjectKey) async -> [ObjectKey] {
        var probe = Probe(listing: source, remaining: Self.probeLimit)
        do {
            if let found = try await find(first, reached, &probe) { return found }
            // The source has nothing ahead; what is ahead at the destination are extras.
            probe.listing = destination
            return try await find(first, reached, &probe) ?? []
        } catch {
            return []
        }
    }

    /// nil: no key of this side is far enough ahead.
    private func find(
        _ first: ObjectKey, _ reached: ObjectKey, _ probe: inout Probe
    ) async throws -> [ObjectKey]? {
        // Only ASCII bytes are counted up, so that every key asked for is valid UTF-8.
        let known = reached.bytes
        let shared = zip(first.bytes, known).prefix { $0 == $1 }.count
        let depths = (0..<min(known.count, shared + 1, Self.depthLimit)).filter {
            (0x20..<0x7e).contains(known[$0])
        }
        // The shorter the beginning that is skipped, the fewer keys are left: the first depth with any.
        var low = 0
        var high = depths.count
        var answer: [UInt8]?
        while low < high {
            let middle = (low + high) / 2
            let depth = depths[middle]
            if let key = try await probe.key(after: known[..<depth] + [known[depth] + 1]) {
                answer = key
                high = middle
            } else {
                low = middle + 1
            }
        }
        guard low < depths.count, let answer, answer.count > depths[low] else { return nil }
        let depth = depths[low]
        let beginning = known[..<depth]
        guard answer[..<depth].elementsEqual(beginning), answer[depth] < 0x7f else { return nil }

        let next = answer[depth]
        var greatest = next
        var beyond = try await classEnd(of: next, after: beginning, &probe, &greatest)
        while beyond - greatest > 1, probe.remaining > 0 {
            let middle = greatest + (beyond - greatest) / 2
            if let key = try await probe.key(after: beginning + [middle]), key.count > depth,
                key[..<depth].elementsEqual(beginning), key[depth] < 0x7f
            {
                greatest = max(middle, key[depth])
            } else {
                beyond = middle
            }
        }
        return cut(beginning, from: known[depth], through: greatest)
    }

    /// The byte no key reaches at this position: most names use one class of characters, so the ends of
    /// the classes are tried before halving.
    private func classEnd(
        of byte: UInt8, after beginning: ArraySlice<UInt8>, _ probe: inout Probe,
        _ greatest: inout UInt8
    ) async throws -> UInt8 {
        for end: UInt8 in [0x3a, 0x5b, 0x7b] where byte < end {
            guard let key = try await probe.key(after: beginning + [end]),
                key.count > beginning.count, key[beginning.indices].elementsEqual(beginning)
            else { return end }
            greatest = min(max(greatest, key[beginning.count]), 0x7e)
            if greatest > end { continue }
        }
        return 0x7f
    }

    /// Cuts the letters and digits in use between the two bytes into equal shares.
    private func cut(
        _ beginning: ArraySlice<UInt8>, from low: UInt8, through high: UInt8
    ) -> [ObjectKey] {
        guard high > low else { return [] }
        let digits: ClosedRange<UInt8> = 0x30...0x39
        let upper: ClosedRange<UInt8> = 0x41...0x5a
        let lower: ClosedRange<UInt8> = 0x61...0x7a
        let used = (low...high).filter { byte in
            byte == low || byte == high || digits.contains(byte)
                || (upper.contains(byte) && (upper.contains(low) || upper.contains(high)))
                || (lower.contains(byte) && (lower.contains(low) || lower.contains(high)))
        }
        let shares = min(count, used.count)
        return (1..<shares).map { share in
            ObjectKey(Array(beginning) + [used[(share * used.count + shares - 1) / shares]])
        }
    }
}

/// Asks one listing for single keys.
private struct Probe {
    var listing: any ListingSource
    var remaining: Int

    struct Exhausted: Error {}

    /// The first relative key beyond this one; nil: none.
    mutating func key(after relative: ArraySlice<UInt8>) async throws -> [UInt8]? {
        guard remaining > 0 else { throw Exhausted() }
        remaining -= 1
        let start = listing.prefix + ObjectKey(Array(relative))
        let page = try await listing.page(startAfter: start, token: nil, maxKeys: 1)
        guard let object = page.objects.first else { return nil }
        // A store that ignores start-after cannot be listed in ranges.
        guard compareKeys(object.key, start) > 0,
            Replication.key(object.key, hasPrefix: listing.prefix)
        else { throw Exhausted() }
        return Array(object.key.bytes.dropFirst(listing.prefix.bytes.count))
    }
}
