import S3

/// One converging engine for one rule: reads both sides of one key as they are and makes the
/// destination equal.
public struct Replicator: Sendable {
    public let rule: ReplicationRule
    public init(rule: ReplicationRule, journal: UploadJournal? = nil) { fatalError("skeleton") }
    /// - Parameter key: relative to both prefixes.
    /// - Throws: `ReplicationError`.
    public func converge(_ key: ObjectKey, evidence: Evidence? = nil, meter: UsageMeter? = nil)
        async throws -> Outcome
    { fatalError("skeleton") }
    /// What converge would do, without writing.
    public func plan(_ key: ObjectKey, evidence: Evidence? = nil, meter: UsageMeter? = nil)
        async throws -> (action: Action, reason: String, bytes: Int64)
    { fatalError("skeleton") }
}
/// Remembers multipart uploads that this machine began, on disk, so that a run after a SIGKILL can abort exactly those.
public final class UploadJournal: Sendable {
    /// One file per process in `directory` (0700), locked while the process lives.
    public init(directory: String) throws { fatalError("skeleton") }
    /// Aborts what dead processes left on this bucket; returns how many were aborted.
    public func sweep(_ place: Place) async -> Int { fatalError("skeleton") }
}
