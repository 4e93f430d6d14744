/// Decides whether what only the destination has may be deleted. Pure.
public enum DeleteGuard {
    public enum Verdict: String, Codable, Sendable {
        /// The rule keeps what is gone at the source.
        case notAsked
        /// The destination has nothing that the source has not.
        case nothingToDelete
        case allowed
        /// More than the cap: a person decides.
        case overCap
        /// A source without any object is more likely a mistake than a wish.
        case emptySource
        /// Something was not copied: its old place at the destination may be the only copy there.
        case heldByFailures
        /// A listing did not end well, or the run was interrupted: what is extra is not known.
        case notCompared

        /// True when it stopped deletes that were asked for, and a person must decide.
        public var isStop: Bool { self == .overCap || self == .emptySource }
    }

    public static func verdict(
        propagates: Bool, sourceObjects: Int, extras: Int, maxDelete: Int, failed: Int
    ) -> Verdict {
        guard propagates else { return .notAsked }
        if extras == 0 { return .nothingToDelete }
        if sourceObjects == 0 { return .emptySource }
        if extras > maxDelete { return .overCap }
        return failed > 0 ? .heldByFailures : .allowed
    }
}
