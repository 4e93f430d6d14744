/// Something of a subscription that needs a person, or that no longer does.
public struct Alert: Sendable, Codable, Equatable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// Keys were given up.
        case failures
        /// Deletes wait for a person: the cap is reached.
        case deletesHeld
        /// What waits is older than the target.
        case lag
        /// Every attempt fails, or a budget leaves no room.
        case trouble
        /// A comparison of both sides does not come to its end, or refused to delete.
        case reconciliation
    }

    public var kind: Kind
    public var rule: String
    public var subscription: String
    /// False: it is over.
    public var isRaised: Bool
    /// For people.
    public var message: String
    /// Unix milliseconds.
    public var time: Int64

    /// What is wrong with a subscription: by kind, in words.
    static func conditions(_ status: ChangeStatus) -> [Kind: String] {
        var found: [Kind: String] = [:]
        let failed = status.failed - status.heldDeletes
        if failed > 0 {
            found[.failures] = "\(failed) keys were given up; see: brigade failures list"
        }
        if status.heldDeletes > 0 {
            found[.deletesHeld] =
                "\(status.heldDeletes) deletes wait for you: the rule has done all that it may in 24 hours"
        }
        if status.oldestPendingSeconds > status.lagTargetSeconds {
            found[.lag] =
                "the oldest of \(status.pending + status.running) changes waits for \(Int(status.oldestPendingSeconds)) s, and should for \(Int(status.lagTargetSeconds)) s at most"
        }
        found[.trouble] = status.trouble
        found[.reconciliation] = status.scan.failure ?? status.scan.refusal
        return found
    }
}

/// What was told and is not over. Pure: a status in, what is to be told out.
struct AlertBook {
    private struct Entry: Hashable {
        var subscription: String
        var kind: Alert.Kind
    }

    private var raised: Set<Entry> = []

    /// What has changed since it was last told.
    func news(_ statuses: [ChangeStatus], at time: Int64) -> [Alert] {
        statuses.flatMap { status in
            let conditions = Alert.conditions(status)
            return Alert.Kind.allCases.compactMap { kind -> Alert? in
                let entry = Entry(subscription: status.subscription, kind: kind)
                let message = conditions[kind]
                guard (message != nil) != raised.contains(entry) else { return nil }
                return Alert(
                    kind: kind, rule: status.name, subscription: status.subscription,
                    isRaised: message != nil, message: message ?? "it is over", time: time)
            }
        }
    }

    mutating func told(_ alert: Alert) {
        let entry = Entry(subscription: alert.subscription, kind: alert.kind)
        if alert.isRaised { raised.insert(entry) } else { raised.remove(entry) }
    }
}
