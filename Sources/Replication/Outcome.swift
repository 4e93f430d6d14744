import S3

/// What a comparison saw of one key on one side, and when: a hint that saves requests, never an instruction. The write that
/// follows is conditional on it, or looks again when the store cannot do conditional writes and the evidence is old.
public struct Evidence: Sendable, Codable {
    /// nil: the listing had no such key.
    public var source, destination: ListedObject?
    /// Unix milliseconds.
    public var seenAt: Int64
    public init(source: ListedObject?, destination: ListedObject?, seenAt: Int64) { self.source = source; self.destination = destination; self.seenAt = seenAt }
}

public enum Action: String, Sendable, Codable {
    /// Content copied. `updated`: only metadata or tags were brought in line.
    case copied, updated, deleted, skipped
}

/// How a copy was proven.
public enum Proof: String, Sendable, Codable {
    case eTag, checksum, readBack
    /// Nothing was written.
    case none
}

public struct Outcome: Sendable, Codable {
    public var action: Action
    /// One of Decision's reasons: "absent at destination", "content differs", …
    public var reason: String
    public var bytes: Int64
    public var proof: Proof
    /// What could not travel, once per kind: "tags are not supported by offsite".
    public var notes: [String]
}

/// One converging engine for one rule: reads both sides of one key as they are and makes the destination equal.
public struct Replicator: Sendable {
    public let rule: ReplicationRule
    public init(rule: ReplicationRule, journal: UploadJournal? = nil) { fatalError("skeleton") }
    /// - Parameter key: relative to both prefixes.
    /// - Throws: `ReplicationError`.
    public func converge(_ key: ObjectKey, evidence: Evidence? = nil, meter: UsageMeter? = nil) async throws -> Outcome { fatalError("skeleton") }
    /// What converge would do, without writing.
    public func plan(_ key: ObjectKey, evidence: Evidence? = nil, meter: UsageMeter? = nil) async throws -> (action: Action, reason: String, bytes: Int64) { fatalError("skeleton") }
}

public struct ReplicationError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, Codable { case archived, changedTooOften, notProven, store, tooLarge, keyNotStorable, cancelled }
    public var kind: Kind
    public var key: ObjectKey
    public var message: String
    public var cause: S3Error?
    public var description: String { message }
    public init(kind: Kind, key: ObjectKey, message: String, cause: S3Error? = nil) { self.kind = kind; self.key = key; self.message = message; self.cause = cause }
}

/// Remembers multipart uploads that this machine began, on disk, so that a run after a SIGKILL can abort exactly those.
public final class UploadJournal: Sendable {
    /// One file per process in `directory` (0700), locked while the process lives.
    public init(directory: String) throws { fatalError("skeleton") }
    /// Aborts what dead processes left on this bucket; returns how many were aborted.
    public func sweep(_ place: Place) async -> Int { fatalError("skeleton") }
}
