import Lambda
import Replication
import S3
import Transport

/// Compares both sides of a rule and invokes `replicate` once for every key that differs, a bounded
/// number at once; deletes last, when both listings have ended and the guard agrees.
public struct ReconcileFunction: LambdaHandler {
    /// Stored in queues and bills: never changes.
    public static let name = "reconcile"

    /// Differences found and not yet begun: the comparison waits when there are more.
    static let differencesAhead = 2048

    private let rules: RuleBook
    private let observer: (any ReconcileObserver)?
    private let isOverBudget: @Sendable () -> Bool

    /// - Parameter isOverBudget: asked about once a page of a listing; true ends the run as an invocation does that is refused
    ///   for a budget.
    public init(
        _ rules: RuleBook, observer: (any ReconcileObserver)? = nil,
        isOverBudget: @escaping @Sendable () -> Bool = { false }
    ) {
        self.rules = rules
        self.observer = observer
        self.isOverBudget = isOverBudget
    }

    /// Stops a run whose every key meets the same refusal.
    private struct Refused: Error {
        var failure: ReconcileFailure
    }

    /// Answers also when the run did not end well: the result says how far it came and why.
    ///
    /// - Throws: ``RuleBook/UnknownRule``.
    public func handle(_ event: ReconcileEvent, context: LambdaContext) async throws
        -> ReconcileResult
    {
        let rule = try rules.rule(named: event.rule)
        let meter = UsageMeter(parent: rules.liveMeter)
        defer { context.report(meter) }
        let ledger = Locked(ReconcileLedger())
        do {
            let comparison = try await converge(rule, event, context, meter, ledger)
            let verdict = ledger.withLock {
                $0.compared(
                    comparison, deletes: rule.deletes == .propagate, maxDelete: event.maxDelete)
            }
            if verdict == .allowed {
                try await delete(comparison.extras, event, context, ledger)
            }
            return ledger.withLock { $0.total(.completed) }
        } catch {
            let ending = Self.ending(error)
            return ledger.withLock { $0.total(ending) }
        }
    }

    static func ending(_ error: any Error) -> ReconcileResult.Ending {
        if Task.isCancelled || error is CancellationError { return .cancelled }
        switch error {
        case let error as WindowStop:
            return .overBudget(message: error.message)
        case let error as S3Error:
            return error.kind == .cancelled ? .cancelled : .storeFailed(StoreFailure(error))
        case let error as Refused:
            return error.failure.store.map { .storeFailed($0) }
                ?? .failed(message: error.failure.message)
        default:
            return .failed(message: "\(error)")
        }
    }

    private func converge(
        _ rule: ReplicationRule, _ event: ReconcileEvent, _ context: LambdaContext,
        _ meter: UsageMeter, _ ledger: Locked<ReconcileLedger>
    ) async throws -> ComparisonResult {
        let comparison = Comparison(rule: rule, meter: meter)
        let observer = observer
        let isOverBudget = isOverBudget
        return try await withWorkers(event, context, ledger) { queue in
            let result = try await comparison.run(
                extraLimit: event.maxDelete,
                progress: { tally in
                    observer?.scanned(tally)
                    ledger.withLock { $0.scanned(tally) }
                    if isOverBudget() { throw WindowStop(message: "the budget is reached") }
                },
                each: { difference in
                    observer?.found(
                        difference.key, bytes: difference.evidence.source?.size ?? 0)
                    ledger.withLock { $0.found() }
                    try await queue.send(
                        ReplicateEvent(
                            rule: event.rule, key: difference.key, evidence: difference.evidence,
                            dryRun: event.dryRun))
                })
            observer?.compared(result.tally, extras: result.extraCount)
            ledger.withLock { $0.listed(result.tally) }
            return result
        }
    }

    /// Each delete is an invocation that looks at both sides again.
    private func delete(
        _ extras: [ObjectKey], _ event: ReconcileEvent, _ context: LambdaContext,
        _ ledger: Locked<ReconcileLedger>
    ) async throws {
        observer?.willDelete(extras.count)
        try await withWorkers(event, context, ledger) { queue in
            ledger.withLock { $0.found(extras.count) }
            for key in extras {
                try await queue.send(
                    ReplicateEvent(rule: event.rule, key: key, dryRun: event.dryRun))
            }
        }
    }

    private func withWorkers<R: Sendable>(
        _ event: ReconcileEvent, _ context: LambdaContext, _ ledger: Locked<ReconcileLedger>,
        produce: @escaping @Sendable (BoundedQueue<ReplicateEvent>) async throws -> R
    ) async throws -> R {
        try await WorkerWindow<ReplicateEvent>(
            concurrency: event.concurrency, capacity: Self.differencesAhead
        ).run(produce: produce) { try await converge($0, context, ledger) }
    }

    private func converge(
        _ event: ReplicateEvent, _ context: LambdaContext, _ ledger: Locked<ReconcileLedger>
    ) async throws {
        let bytes = event.evidence?.source?.size ?? 0
        observer?.began(event.key, bytes: bytes)
        do {
            let outcome = try await context.invoker.invoke(
                ReplicateFunction.name, event, returning: Outcome.self, parent: context)
            ledger.withLock { $0.add(outcome) }
            observer?.ended(event.key, bytes: bytes, .success(outcome))
        } catch {
            if Task.isCancelled || error is CancellationError {
                observer?.gaveUp(event.key, bytes: bytes)
                throw CancellationError()
            }
            if let refused = error as? FunctionError, refused.kind == .overBudget {
                observer?.gaveUp(event.key, bytes: bytes)
                throw WindowStop(message: refused.message)
            }
            let failure = ReconcileFailure(key: event.key, error)
            observer?.ended(event.key, bytes: bytes, .failure(failure))
            if ledger.withLock({ $0.add(failure) }) { throw Refused(failure: failure) }
        }
    }
}
