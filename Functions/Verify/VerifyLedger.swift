import Replication

/// Adds up an audit's findings as they come in.
actor VerifyLedger {
    private var result = VerifyResult()
    private let observer: (any VerifyObserver)?

    init(observer: (any VerifyObserver)?) {
        self.observer = observer
    }

    func add(_ finding: VerifyFinding) {
        observer?.found(finding)
        result.differing += 1
        result.byKind[finding.kind.rawValue, default: 0] += 1
        if result.findings.count < VerifyResult.findingsKept { result.findings.append(finding) }
    }

    func total(_ comparison: ComparisonResult) -> VerifyResult {
        result.tally = comparison.tally
        result.notes = comparison.notes
        let unnamed = comparison.extraCount - comparison.extras.count
        if unnamed > 0 {
            result.differing += unnamed
            result.byKind[AuditFinding.Kind.extra.rawValue, default: 0] += unnamed
            result.notes.append(
                "\(unnamed) more objects are only at the destination; they are counted, not named")
        }
        result.compared = comparison.tally.sourceObjects + comparison.extraCount
        result.equal = max(0, result.compared - result.differing)
        return result
    }

    func total(ending: ReconcileResult.Ending) -> VerifyResult {
        result.ending = ending
        return result
    }
}
