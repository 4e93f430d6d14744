/// Why a document was refused. `kind` is what code branches on.
public struct XMLError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// The document ends inside markup or with open elements, or it is empty.
        case truncated
        /// An end tag does not match the open element, or there is none open.
        case unbalanced
        /// Markup that XML does not allow.
        case malformed
        /// A document type declaration: S3 has none, and they are how XML parsers are attacked.
        case documentType
        /// Deeper than ``XMLScanner/depthMaximum``.
        case tooDeep
        /// More elements than the tree's node limit.
        case tooLarge
        /// An unknown entity, or a reference to no Unicode scalar.
        case badReference
        /// Text that is no UTF-8, or no number where one was asked for.
        case badText
        /// Another root element than the caller expects.
        case unexpectedRoot
    }

    public let kind: Kind
    /// Bytes from the document's start.
    public let offset: Int

    public init(_ kind: Kind, offset: Int) {
        self.kind = kind
        self.offset = offset
    }

    public var description: String { "XML: \(kind.rawValue) at byte \(offset)" }
}
