import Replication
import S3

/// Adds up a reconciliation's outcomes as they come in. Behind a lock: every worker adds to it.
struct ReconcileLedger {
    private var result = ReconcileResult()
    private var breaker = CircuitBreaker()
    private var keysFound = 0

    /// Keys that differ, or are to be deleted.
    mutating func found(_ count: Int = 1) { keysFound += count }

    mutating func add(_ outcome: Outcome) {
        breaker.succeeded()
        switch outcome.action {
        case .copied:
            result.copied += 1
            add(outcome.proof)
            if outcome.reason == Decision.Reason.absentAtDestination.rawValue {
                result.copiedNew += 1
            }
            result.bytes += outcome.bytes
        case .updated: result.updated += 1
        case .deleted: result.deleted += 1
        case .skipped: result.skipped += 1
        }
        if !outcome.notes.isEmpty { add(notes: outcome.notes) }
        for loss in outcome.notKept { add(loss) }
    }

    private mutating func add(_ proof: Proof) {
        switch proof {
        case .eTag: result.proofs.eTag += 1
        case .checksum: result.proofs.checksum += 1
        case .readBack: result.proofs.readBack += 1
        case .none: break
        }
    }

    /// - Returns: true when the run should end: every key meets the same refusal.
    mutating func add(_ failure: ReconcileFailure) -> Bool {
        result.failed += 1
        if result.failures.count < ReconcileResult.failuresKept { result.failures.append(failure) }
        // What a store answers to a key that it cannot hold says nothing of the next key.
        let isOfKey = [ReplicationError.Kind.keyNotStorable, .keyTooLong].map(\.rawValue)
            .contains(failure.kind)
        return breaker.failed(isOfKey ? nil : failure.store?.kind)
    }

    mutating func add(notes: [String]) {
        for note in notes
        where result.notes.count < ReconcileResult.notesKept && !result.notes.contains(note) {
            result.notes.append(note)
        }
    }

    private mutating func add(_ loss: NotKept) {
        if !result.notKept.contains(where: { $0.kind == loss.kind }) {
            result.notKept.append(.init(loss.kind))
        }
        for index in result.notKept.indices where result.notKept[index].kind == loss.kind {
            result.notKept[index].objects += 1
            let values = result.notKept[index].values
            guard values.count < ReconcileResult.NotKeptCount.valuesKept,
                !values.contains(loss.value)
            else { continue }
            result.notKept[index].values.append(loss.value)
        }
    }

    /// Both listings ended.
    mutating func listed(_ tally: Comparison.Tally) {
        result.tally = tally
        result.isListed = true
    }

    mutating func scanned(_ tally: Comparison.Tally) {
        result.tally = tally
    }

    mutating func compared(_ comparison: ComparisonResult, deletes propagates: Bool, maxDelete: Int)
        -> DeleteGuard.Verdict
    {
        result.tally = comparison.tally
        result.extras = comparison.extraCount
        result.deletes = DeleteGuard.verdict(
            propagates: propagates, sourceObjects: comparison.tally.sourceObjects,
            extras: comparison.extraCount, maxDelete: maxDelete, failed: result.failed)
        add(notes: comparison.notes)
        return result.deletes
    }

    func total(_ ending: ReconcileResult.Ending) -> ReconcileResult {
        var result = result
        result.ending = ending
        let handled =
            result.copied + result.updated + result.deleted + result.skipped + result.failed
        result.remaining = max(0, keysFound - handled)
        return result
    }
}
