import Replication
import S3

/// Hears of a reconciliation as it goes on: for a display and a log of failures. Called from several
/// tasks at once; must not block.
public protocol ReconcileObserver: Sendable {
    /// About once a page of a listing.
    func scanned(_ tally: Comparison.Tally)
    /// Both listings ended; `extras` counts what only the destination has.
    func compared(_ tally: Comparison.Tally, extras: Int)
    /// A key differs and will be converged; `bytes` is the source's size.
    func found(_ key: ObjectKey, bytes: Int64)
    /// This many keys will be deleted, now that both listings ended.
    func willDelete(_ count: Int)
    func began(_ key: ObjectKey, bytes: Int64)
    /// - Parameter bytes: as told to `found`.
    func ended(_ key: ObjectKey, bytes: Int64, _ result: Result<Outcome, ReconcileFailure>)
    /// Cancelled before it was done: neither copied nor failed.
    func gaveUp(_ key: ObjectKey, bytes: Int64)
}
