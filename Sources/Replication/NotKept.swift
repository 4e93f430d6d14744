/// Something of the source's object that did not travel, and that is worth a count rather than a note: it
/// differs from object to object.
public struct NotKept: Sendable, Codable, Hashable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        case storageClass = "storage class"
        case encryption = "server-side encryption"
        /// The destination has tags, and refused these.
        case tags
    }

    public var kind: Kind
    /// In the store's words: "GLACIER_IR", "aws:kms"; of tags, who refused them.
    public var value: String

    public init(_ kind: Kind, _ value: String) {
        self.kind = kind
        self.value = value
    }
}
