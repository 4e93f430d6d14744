import S3

/// The synchronous heart of the join: both sides' current pages, and what came of them so far.
struct JoinWindow {
    var source: ListingSide
    var destination: ListingSide
    private let matcher: ObjectMatcher
    private let everyPair: Bool
    private let extraLimit: Int
    /// Since it was last taken.
    private var tally = Comparison.Tally()
    private(set) var extras: [ObjectKey] = []
    private(set) var extraCount = 0
    /// The source has an object named exactly as its prefix, which the destination cannot name.
    private(set) var leftOutUnnamed = false

    init(
        source: ListingSide, destination: ListingSide, matcher: ObjectMatcher, everyPair: Bool,
        extraLimit: Int
    ) {
        self.source = source
        self.destination = destination
        self.matcher = matcher
        self.everyPair = everyPair
        self.extraLimit = extraLimit
    }

    var isFinished: Bool { source.isFinished && destination.isFinished }

    mutating func takeTally() -> Comparison.Tally {
        defer { tally = Comparison.Tally() }
        return tally
    }

    /// Joins until a side needs its next page; returns the differences on the way, in key order: at
    /// most as many as both pages hold.
    mutating func advance(rules: PairRules, seenAt: Int64) -> [Difference] {
        var found: [Difference] = []
        // The pages are moved out while they are walked, so that no object is retained for reading.
        let sourcePage = source.objects
        let destinationPage = destination.objects
        sourcePage.withUnsafeBufferPointer { sources in
            destinationPage.withUnsafeBufferPointer { destinations in
                walk(sources, destinations, rules: rules, seenAt: seenAt, into: &found)
            }
        }
        return found
    }

    private mutating func walk(
        _ sources: UnsafeBufferPointer<ListedObject>,
        _ destinations: UnsafeBufferPointer<ListedObject>, rules: PairRules, seenAt: Int64,
        into found: inout [Difference]
    ) {
        var left = source.index
        var right = destination.index
        let sourcePrefix = source.prefixCount
        let destinationPrefix = destination.prefixCount
        while true {
            let order: Int
            if left < sources.count {
                if right < destinations.count {
                    order = compareKeys(
                        sources[left].key, droppingFirst: sourcePrefix,
                        destinations[right].key, droppingFirst: destinationPrefix)
                } else if destination.isLast {
                    order = -1
                } else {
                    break
                }
            } else if right < destinations.count, source.isLast {
                order = 1
            } else {
                break
            }
            if order == 0 {
                pair(sources[left], destinations[right], rules, seenAt, &found)
                left += 1
                right += 1
            } else if order < 0 {
                absent(sources[left], seenAt, &found)
                left += 1
            } else {
                extra(destinations[right])
                right += 1
            }
        }
        source.index = left
        destination.index = right
    }

    @inline(__always)
    private mutating func pair(
        _ object: ListedObject, _ copy: ListedObject, _ rules: PairRules, _ seenAt: Int64,
        _ found: inout [Difference]
    ) {
        guard isWanted(object) else { return }
        count(object)
        tally.destinationObjects += 1
        let verdict = rules.verdict(object, copy)
        if verdict == .same {
            tally.unchanged += 1
            if !everyPair { return }
        }
        let evidence = Evidence(source: object, destination: copy, seenAt: seenAt)
        found.append(
            Difference(key: relative(object.key), evidence: evidence, verdict: verdict))
    }

    private mutating func absent(
        _ object: ListedObject, _ seenAt: Int64, _ found: inout [Difference]
    ) {
        if object.key.bytes.count == source.prefixCount, destination.prefixCount == 0 {
            leftOutUnnamed = true
            tally.filtered += 1
            return
        }
        guard isWanted(object) else { return }
        count(object)
        let evidence = Evidence(source: object, destination: nil, seenAt: seenAt)
        found.append(
            Difference(
                key: relative(object.key), evidence: evidence,
                verdict: .copy(reason: "absent at destination")))
    }

    private mutating func extra(_ object: ListedObject) {
        let hasNoNameAtSource =
            object.key.bytes.count == destination.prefixCount && source.prefixCount == 0
        let isExcluded =
            !matcher.matchesEveryName
            && !matcher.matches(object.key, droppingFirst: destination.prefixCount)
        guard !hasNoNameAtSource, !isExcluded, matcher.couldMatch(object) else {
            tally.filtered += 1
            return
        }
        tally.destinationObjects += 1
        extraCount += 1
        if extras.count < extraLimit {
            extras.append(
                ObjectKey(Array(object.key.bytes.dropFirst(destination.prefixCount))))
        }
    }

    @inline(__always)
    private mutating func isWanted(_ object: ListedObject) -> Bool {
        if matcher.matchesEverything { return true }
        let isWanted = matcher.matches(object, droppingFirst: source.prefixCount)
        if !isWanted { tally.filtered += 1 }
        return isWanted
    }

    @inline(__always)
    private mutating func count(_ object: ListedObject) {
        tally.sourceObjects += 1
        tally.sourceBytes += object.size
    }

    private func relative(_ key: ObjectKey) -> ObjectKey {
        ObjectKey(Array(key.bytes.dropFirst(source.prefixCount)))
    }
}
