import S3

/// Takes the keys that differ, where something else than the reconciliation itself has each replicated in its turn.
public protocol DifferenceSink: Sendable {
    /// Returns when they are taken for good; waits while too many wait already.
    ///
    /// - Parameters:
    ///   - keys: relative to the rule's prefixes.
    ///   - isDeleteAllowed: the whole of both sides was seen, and the guard agrees that what is gone may be deleted.
    ///   - reached: everything up to this key is taken: kept with them, so that a crash does not begin again.
    func add(
        _ keys: [ObjectKey], rule: String, isDeleteAllowed: Bool, reached: ObjectKey?
    ) async throws
}
