/// Asks ``ReconcileFunction`` to bring one rule's destination in step.
public struct ReconcileEvent: Codable, Sendable {
    public static let defaultMaxDelete = 1000
    public static let defaultConcurrency = 32

    /// The rule's name.
    public var rule: String
    /// More objects than this are not deleted but asked about: the run ends with the verdict `overCap`.
    public var maxDelete: Int
    /// Decide, and write nothing.
    public var dryRun: Bool
    /// Invocations of `replicate` at once; 1...1024.
    public var concurrency: Int

    public init(
        rule: String, maxDelete: Int = Self.defaultMaxDelete, dryRun: Bool = false,
        concurrency: Int = Self.defaultConcurrency
    ) {
        self.rule = rule
        self.maxDelete = maxDelete
        self.dryRun = dryRun
        self.concurrency = concurrency
    }
}
