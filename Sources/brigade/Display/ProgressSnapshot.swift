/// What a run has done and has before it, at one moment. A value, so that what is drawn of it can be tested.
struct ProgressSnapshot: Equatable, Sendable {
    /// The verb of the summary: "copied", "deleted", "audited".
    var phase = Phase.copying
    var elapsed = Duration.zero
    /// Objects listed at the source so far.
    var scanned = 0
    /// Both listings ended: the totals will not grow.
    var isListed = false
    var totalObjects = 0
    var totalBytes: Int64 = 0
    var doneObjects = 0
    var doneBytes: Int64 = 0
    var failed = 0
    var objectsPerSecond = 0.0
    var bytesPerSecond = 0.0
    var inFlight = 0
    /// Without news for this long.
    var silence = Duration.zero
    /// Whom it waits for then, and what.
    var waitingFor = ""

    enum Phase: Equatable, Sendable { case connecting, copying, deleting, auditing, planning }

    /// What one object weighs beside its bytes when shares are worked out: many small objects take as long
    /// as a few large ones.
    static let objectWeightBytes = 64 << 10

    /// 0 to 1; nil while the total is not known.
    var share: Double? {
        guard isListed, totalObjects > 0 else { return nil }
        let total = Double(totalBytes) + Double(totalObjects * Self.objectWeightBytes)
        let done = Double(doneBytes) + Double(doneObjects * Self.objectWeightBytes)
        return min(1, done / total)
    }

    /// At the rates of the last seconds; nil when they tell nothing.
    var remaining: Duration? {
        guard let share, share > 0, share < 1, objectsPerSecond > 0 || bytesPerSecond > 0 else {
            return nil
        }
        let weightPerSecond =
            bytesPerSecond + objectsPerSecond * Double(Self.objectWeightBytes)
        let total = Double(totalBytes) + Double(totalObjects * Self.objectWeightBytes)
        return .seconds(min(total * (1 - share) / weightPerSecond, 30 * 86_400))
    }
}
