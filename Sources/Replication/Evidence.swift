import S3

/// What a comparison saw of one key on one side, and when: a hint that saves requests, never an
/// instruction. The write that follows is conditional on it, or looks again when the store cannot
/// do conditional writes and the evidence is old.
public struct Evidence: Sendable, Codable {
    /// nil: the listing had no such key.
    public var source, destination: ListedObject?
    /// Unix milliseconds.
    public var seenAt: Int64

    public init(source: ListedObject?, destination: ListedObject?, seenAt: Int64) {
        self.source = source
        self.destination = destination
        self.seenAt = seenAt
    }
}
