import Functions
import Replication
import S3
import Transport

/// Follows a run for the display, and keeps the full list of its failures. Any thread; constant memory.
final class RunProgress: ReconcileObserver, VerifyObserver {
    private struct State {
        var snapshot = ProgressSnapshot()
        var inFlight: [ObjectKey: (bytes: Int64, since: ContinuousClock.Instant)] = [:]
        var lastNews = ContinuousClock.now
        var lastLiveBytes: Int64 = 0
        var rates = RateWindow()
    }

    private let state: Locked<State>
    private let start = ContinuousClock.now
    private let source: String
    private let destination: String
    private let isDryRun: Bool
    private let liveMeter: UsageMeter
    /// Every failure or difference; nil in a dry run.
    let log: LineLog?
    private let eachObject: (@Sendable (String) -> Void)?
    private let estimate: Locked<TransferEstimate>?

    /// - Parameters:
    ///   - source, destination: the connections' names.
    ///   - eachObject: is given a line for each object; nil: nobody asked for them.
    init(
        source: String, destination: String, phase: ProgressSnapshot.Phase, liveMeter: UsageMeter,
        log: LineLog?, estimate: TransferEstimate? = nil,
        eachObject: (@Sendable (String) -> Void)? = nil
    ) {
        self.source = source
        self.destination = destination
        self.liveMeter = liveMeter
        self.log = log
        self.eachObject = eachObject
        isDryRun = phase == .planning
        self.estimate = estimate.map { Locked($0) }
        var state = State()
        state.snapshot.phase = phase
        self.state = Locked(state)
    }

    /// What a dry run would take.
    var estimated: TransferEstimate? { estimate?.withLock { $0 } }

    /// Now. To be taken by one task only: rates are between one call and the next.
    func snapshot() -> ProgressSnapshot {
        let live = liveMeter.lines.reduce(Int64(0)) { $0 + $1.bytesIn + $1.bytesOut }
        let now = ContinuousClock.now
        return state.withLock { state in
            if live != state.lastLiveBytes {
                state.lastLiveBytes = live
                state.lastNews = now
            }
            var snapshot = state.snapshot
            snapshot.elapsed = now - start
            snapshot.inFlight = state.inFlight.count
            let rates = state.rates.rates(
                at: now, objects: snapshot.doneObjects, bytes: snapshot.doneBytes)
            snapshot.objectsPerSecond = rates.objects
            snapshot.bytesPerSecond = rates.bytes
            snapshot.silence = now - state.lastNews
            if snapshot.silence >= ProgressRenderer.longestSilence {
                snapshot.waitingFor = waitingFor(state, now)
            }
            return snapshot
        }
    }

    var elapsed: Duration { ContinuousClock.now - start }

    private func waitingFor(_ state: State, _ now: ContinuousClock.Instant) -> String {
        guard let oldest = state.inFlight.min(by: { $0.value.since < $1.value.since }) else {
            let sides = source == destination ? source : "\(source) and \(destination)"
            return state.snapshot.isListed ? sides : "\(sides) to list"
        }
        let key = TextLayout.shortened(oldest.key.description, to: 40)
        return "\(Quantity.count(state.inFlight.count, "object")) on the way, the oldest \(key) "
            + "(\(Quantity.bytes(oldest.value.bytes)))"
    }

    // Reconciliation

    func scanned(_ tally: Comparison.Tally) {
        state.withLock { state in
            state.snapshot.scanned = tally.sourceObjects
            state.lastNews = .now
        }
    }

    func compared(_ tally: Comparison.Tally, extras: Int) {
        state.withLock { state in
            state.snapshot.scanned = tally.sourceObjects
            state.snapshot.isListed = true
            state.lastNews = .now
        }
    }

    func found(_ key: ObjectKey, bytes: Int64) {
        state.withLock { state in
            state.snapshot.totalObjects += 1
            state.snapshot.totalBytes += bytes
        }
    }

    func willDelete(_ count: Int) {
        state.withLock { state in
            state.snapshot.totalObjects += count
            if !isDryRun { state.snapshot.phase = .deleting }
        }
    }

    func began(_ key: ObjectKey, bytes: Int64) {
        state.withLock { $0.inFlight[key] = (bytes, .now) }
    }

    func ended(_ key: ObjectKey, bytes: Int64, _ result: Result<Outcome, ReconcileFailure>) {
        state.withLock { state in
            state.inFlight[key] = nil
            state.snapshot.doneObjects += 1
            state.snapshot.doneBytes += bytes
            if case .failure = result { state.snapshot.failed += 1 }
            state.lastNews = .now
        }
        switch result {
        case .success(let outcome):
            estimate?.withLock { $0.add(outcome) }
            eachObject?(ObjectLine.text(key, outcome, isDryRun: isDryRun))
        case .failure(let failure):
            log?.append(FailureReport.json(failure))
            eachObject?(ObjectLine.text(failure))
        }
    }

    func gaveUp(_ key: ObjectKey, bytes: Int64) {
        state.withLock { $0.inFlight[key] = nil }
    }

    // Audit

    func audited(_ key: ObjectKey, bytes: Int64) {
        state.withLock { state in
            state.snapshot.doneObjects += 1
            state.snapshot.doneBytes += bytes
            state.lastNews = .now
        }
    }

    func found(_ finding: VerifyFinding) {
        state.withLock { $0.snapshot.failed += 1 }
        log?.append(FindingReport.json(finding))
        eachObject?(FindingReport.line(finding))
    }
}
