import S3

/// Where rules read and write. Some arrangements would copy without end, or have one rule delete what another one
/// copied: those are refused before anything runs.
struct ReplicationPlaces {
    let rules: [ConfiguredReplication]
    /// What tells two stores apart. Nil: the connections' names.
    var store: (S3Location) -> String?

    init(
        _ rules: [ConfiguredReplication],
        store: @escaping (S3Location) -> String? = { $0.connection }
    ) {
        self.rules = rules
        self.store = store
    }

    /// The first rule's that cannot be, at its line.
    func problem() -> CommandFailure? {
        for rule in rules {
            for place in rule.to {
                if let problem = endless(rule.from, place) { return failure(rule, problem) }
            }
            if let problem = nested(rule) { return failure(rule, problem) }
        }
        return sharedDestination() ?? circle()
    }

    private func endless(_ from: S3Location, _ to: S3Location) -> String? {
        guard overlap(folder(from), folder(to)) else { return nil }
        if same(from, to) { return "to \(to) is the same place as from" + alias(from, to) }
        let relation =
            folder(to).prefix.hasPrefix(folder(from).prefix)
            ? "to \(to) lies within from \(from)" : "from \(from) lies within to \(to)"
        return relation + alias(from, to)
            + ": what is copied would be copied again; name another bucket, or folders of which"
            + " neither lies within the other, as in a/ and b/"
    }

    /// Two destinations of one rule.
    private func nested(_ rule: ConfiguredReplication) -> String? {
        for (index, one) in rule.to.enumerated() {
            for other in rule.to[..<index] where overlap(folder(one), folder(other)) {
                if same(one, other) {
                    return "to names one place twice, \(other) and \(one)" + alias(one, other)
                }
                if rule.deletes != .keep {
                    return "to \(other) and \(one) overlap" + alias(one, other)
                        + ", and deletes: \(rule.deletes.rawValue) would clear one for the other"
                }
            }
        }
        return nil
    }

    /// Of two rules, of which one deletes what its own source does not have.
    private func sharedDestination() -> CommandFailure? {
        for (index, rule) in rules.enumerated() {
            for other in rules[..<index] where rule.deletes != .keep || other.deletes != .keep {
                for (one, two) in pairs(rule.to, other.to)
                where overlap(narrowed(one, rule), narrowed(two, other)) {
                    // Two rules for one pair of places, as for different globs, agree on what should be there,
                    // but for what one of them sets aside.
                    let isMixed = Set([rule.deletes, other.deletes]) == [.propagate, .quarantine]
                    if same(rule.from, other.from), same(one, two), !isMixed { continue }
                    // Propagating is the harder of the two.
                    let isOther =
                        rule.deletes == .keep || (isMixed && rule.deletes == .quarantine)
                    let (deleter, victim) = isOther ? (other, rule) : (rule, other)
                    return failure(
                        rule,
                        "to \(one) overlaps with \(two) of replication \(other.name)"
                            + " (\(other.origin))" + alias(one, two)
                            + ", and \(deleter.name) has deletes: \(deleter.deletes.rawValue), which"
                            + " would take away what \(victim.name) copies or sets aside; give each a"
                            + " folder of its own, as in a/ and b/")
                }
            }
        }
        return nil
    }

    /// A rule that, by way of others, reads what it writes.
    private func circle() -> CommandFailure? {
        var isDone = [Bool](repeating: false, count: rules.count)
        var path: [Int] = []
        func visit(_ rule: Int) -> CommandFailure? {
            path.append(rule)
            for next in rules.indices where !isDone[next] && feeds(rule, next) {
                if path.contains(next) {
                    return failure(
                        rules[next],
                        "what it copies comes back to its source by replication"
                            + " \(rules[rule].name) (\(rules[rule].origin)); rules copy one way, from"
                            + " a source that they do not write to")
                }
                if let problem = visit(next) { return problem }
            }
            path.removeLast()
            isDone[rule] = true
            return nil
        }
        for rule in rules.indices where !isDone[rule] {
            if let problem = visit(rule) { return problem }
        }
        return nil
    }

    private func feeds(_ writer: Int, _ reader: Int) -> Bool {
        let read = narrowed(rules[reader].from, rules[reader])
        return rules[writer].to.contains { overlap(narrowed($0, rules[writer]), read) }
    }

    /// What a rule reads or writes of a place: the filter's prefix stands in both.
    private func narrowed(_ place: S3Location, _ rule: ConfiguredReplication) -> S3Location {
        var place = folder(place)
        if !rule.filter.prefix.isEmpty { place.prefix = place.prefix + rule.filter.prefix }
        return place
    }

    /// A location is a folder, as in ``Compose/side(_:_:_:)``: "backup" and "backup2" are two.
    private func folder(_ place: S3Location) -> S3Location {
        var place = place
        if !place.prefix.isEmpty, place.prefix.bytes.last != UInt8(ascii: "/") {
            place.prefix = place.prefix + "/"
        }
        return place
    }

    private func same(_ one: S3Location, _ other: S3Location) -> Bool {
        one.bucket == other.bucket && folder(one).prefix == folder(other).prefix
            && store(one) == store(other)
    }

    /// An object of the one may be one of the other.
    private func overlap(_ one: S3Location, _ other: S3Location) -> Bool {
        one.bucket == other.bucket && store(one) == store(other)
            && (one.prefix.hasPrefix(other.prefix) || other.prefix.hasPrefix(one.prefix))
    }

    private func alias(_ one: S3Location, _ other: S3Location) -> String {
        one.connection == other.connection ? "" : " (both connections lead to one endpoint)"
    }

    private func pairs(
        _ left: [S3Location], _ right: [S3Location]
    ) -> [(S3Location, S3Location)] {
        left.flatMap { one in right.map { (one, $0) } }
    }

    private func failure(_ rule: ConfiguredReplication, _ problem: String) -> CommandFailure {
        CommandFailure(.usage, "\(rule.origin): replication \(rule.name): \(problem)")
    }
}
