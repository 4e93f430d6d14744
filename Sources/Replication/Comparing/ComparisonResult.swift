import S3

/// What a comparison that ended well has counted.
public struct ComparisonResult: Sendable {
    /// `sourceObjects` is 0 for a source that holds nothing the rule is about: nothing should then be
    /// deleted without asking a person.
    public var tally: Comparison.Tally
    /// Relative keys that only the destination has, in byte order; at most `extraLimit` of them.
    /// Keys that the rule's filter excludes are not among them: the rule is not about them.
    public var extras: [ObjectKey]
    /// Counts all extras.
    public var extraCount: Int
    /// What the operator should know, once per kind.
    public var notes: [String]
}

/// Why a comparison could not run, other than a store's answer (`S3Error`).
public struct ComparisonError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable, Codable {
        /// A glob of the rule's filter cannot be read.
        case invalidFilter
        /// The temporary file of an external sort could not be written or read.
        case temporaryStorage
    }

    public var kind: Kind
    public var message: String
    public var description: String { message }

    public init(kind: Kind, message: String) {
        self.kind = kind
        self.message = message
    }
}
