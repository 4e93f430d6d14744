import Lambda
import Replication
import S3

/// Audits a rule's destination against its source, and writes nothing.
public struct VerifyFunction: LambdaHandler {
    /// Stored in queues and bills: never changes.
    public static let name = "verify"

    /// Objects only at the destination that are named one by one; more are counted.
    public static let extrasNamed = 100_000

    private let rules: RuleBook
    private let observer: (any VerifyObserver)?
    private let isOverBudget: @Sendable () -> Bool

    /// - Parameter isOverBudget: asked about once a page of a listing; true ends the audit.
    public init(
        _ rules: RuleBook, observer: (any VerifyObserver)? = nil,
        isOverBudget: @escaping @Sendable () -> Bool = { false }
    ) {
        self.rules = rules
        self.observer = observer
        self.isOverBudget = isOverBudget
    }

    /// Answers also when the audit did not end well: the result says how far it came and why.
    ///
    /// - Throws: ``RuleBook/UnknownRule``.
    public func handle(_ event: VerifyEvent, context: LambdaContext) async throws -> VerifyResult {
        let rule = try rules.rule(named: event.rule)
        let meter = UsageMeter(parent: rules.liveMeter)
        defer { context.report(meter) }
        let ledger = VerifyLedger(observer: observer)
        do {
            let comparison = try await audit(rule, event, meter, ledger)
            for key in comparison.extras {
                await ledger.add(
                    VerifyFinding(key: key, kind: .extra, detail: "only at the destination"))
            }
            return await ledger.total(comparison)
        } catch {
            return await ledger.total(ending: ReconcileFunction.ending(error))
        }
    }

    private func audit(
        _ rule: ReplicationRule, _ event: VerifyEvent, _ meter: UsageMeter, _ ledger: VerifyLedger
    ) async throws -> ComparisonResult {
        let auditor = Auditor(rule: rule, mode: event.mode)
        var comparing = Comparison(rule: rule, meter: meter)
        comparing.everyPair = event.mode != .etag
        let comparison = comparing
        let observer = observer
        let isOverBudget = isOverBudget
        return try await WorkerWindow<Difference>(
            concurrency: event.concurrency, capacity: ReconcileFunction.differencesAhead
        ).run { queue in
            try await comparison.run(
                extraLimit: Self.extrasNamed,
                progress: { tally in
                    observer?.scanned(tally)
                    if isOverBudget() { throw WindowStop(message: "the budget is reached") }
                },
                each: { try await queue.send($0) })
        } consume: { difference in
            let finding = try await auditor.audit(
                difference.key, evidence: difference.evidence, meter: meter)
            observer?.audited(difference.key, bytes: difference.evidence.source?.size ?? 0)
            if let finding { await ledger.add(VerifyFinding(finding)) }
        }
    }
}
