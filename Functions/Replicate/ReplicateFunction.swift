import Lambda
import Replication
import S3
import Transport

/// Converges one key: reads both sides as they are now, and copies, updates, deletes or leaves alone.
public struct ReplicateFunction: LambdaHandler {
    /// Stored in queues and bills: never changes.
    public static let name = "replicate"

    private let rules: RuleBook

    public init(_ rules: RuleBook) {
        self.rules = rules
    }

    /// - Throws: `ReplicationError`, or ``RuleBook/UnknownRule``.
    public func handle(_ event: ReplicateEvent, context: LambdaContext) async throws -> Outcome {
        let replicator = try rules.replicator(named: event.rule)
        let meter = UsageMeter(parent: rules.liveMeter)
        defer { context.report(meter) }
        guard event.dryRun else {
            return try await converge(event, replicator, meter)
        }
        let plan = try await replicator.plan(event.key, evidence: event.evidence, meter: meter)
        return Outcome(action: plan.action, reason: plan.reason, bytes: plan.bytes)
    }

    private func converge(
        _ event: ReplicateEvent, _ replicator: Replicator, _ meter: UsageMeter
    ) async throws -> Outcome {
        guard event.isGuarded == true, let deletes = rules.deletes else {
            return try await replicator.converge(event.key, evidence: event.evidence, meter: meter)
        }
        let isReserved = Locked(false)
        var isDone = false
        defer {
            if isReserved.withLock({ $0 }) { deletes.settle(rule: event.rule, isDone: isDone) }
        }
        let outcome = try await replicator.converge(
            event.key, evidence: event.evidence, meter: meter
        ) {
            // Asked again when the key had to be looked at again.
            isReserved.withLock { isReserved in
                if !isReserved { isReserved = deletes.reserve(rule: event.rule) }
                return isReserved
            }
        }
        isDone = outcome.action == .deleted
        return outcome
    }
}
