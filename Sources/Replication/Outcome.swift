/// What became of one key.
public enum Action: String, Sendable, Codable {
    /// `copied`: content was. `updated`: only metadata or tags were brought in line.
    case copied, updated, deleted, skipped
}

/// How a copy was proven.
public enum Proof: String, Sendable, Codable {
    /// Both stores computed the same comparable ETag.
    case eTag
    /// The destination's own checksum or ETag agrees with a digest taken while the bytes passed.
    case checksum
    /// The destination was read again and hashed.
    case readBack
    /// Nothing was written.
    case none
}

/// The result of converging one key.
public struct Outcome: Sendable, Codable {
    public var action: Action
    /// One of ``Decision/Reason``: "absent at destination", "content differs", …
    public var reason: String
    /// The size of the object written; 0 when no content was.
    public var bytes: Int64
    public var proof: Proof
    /// What could not travel, once per kind: "tags are not supported by offsite".
    public var notes: [String]
    /// What the source's object has and the copy that was written has not; each kind once.
    public var notKept: [NotKept]

    public init(
        action: Action, reason: String, bytes: Int64 = 0, proof: Proof = .none,
        notes: [String] = [], notKept: [NotKept] = []
    ) {
        self.action = action
        self.reason = reason
        self.bytes = bytes
        self.proof = proof
        self.notes = notes
        self.notKept = notKept
    }
}
