/// A small document as a tree: errors, access lists, lifecycle rules. Listings are scanned instead.
public struct XMLNode: Sendable, Equatable {
    /// Elements a tree may hold unless the caller says otherwise; DeleteObjects has 1,000 of 3 or 4 each.
    public static let countMaximum = 10_000

    /// The local name.
    public let name: String
    /// The element's own text, references replaced, not trimmed. No UTF-8 is repaired with U+FFFD: see `bytes`.
    public var text: String { String(decoding: bytes, as: UTF8.self) }
    public let bytes: [UInt8]
    /// By local name (`xsi:type` is `type`); namespace declarations are left out.
    public let attributes: [String: String]
    public let children: [XMLNode]

    public init(
        _ name: String, bytes: [UInt8] = [], attributes: [String: String] = [:],
        children: [XMLNode] = []
    ) {
        self.name = name
        self.bytes = bytes
        self.attributes = attributes
        self.children = children
    }

    /// Reads a whole document.
    /// - Throws: ``XMLError``; `tooLarge` when it has more than `countMaximum` elements.
    public init(
        _ document: [UInt8], countMaximum: Int = XMLNode.countMaximum
    ) throws(XMLError) {
        var scanner = XMLScanner(document)
        var remaining = countMaximum
        let root = try scanner.root()
        self = try XMLNode(root, &scanner, &remaining)
        try scanner.finish()
    }

    /// The first child of this name.
    public subscript(_ name: String) -> XMLNode? { children.first { $0.name == name } }

    public func all(_ name: String) -> [XMLNode] { children.filter { $0.name == name } }

    private init(
        _ element: XMLScanner.Element, _ scanner: inout XMLScanner, _ remaining: inout Int
    ) throws(XMLError) {
        guard remaining > 0 else { throw XMLError(.tooLarge, offset: element.name.lowerBound) }
        remaining -= 1
        var bytes: [UInt8] = []
        var children: [XMLNode] = []
        while scanner.depth >= element.depth, let token = try scanner.next() {
            switch token {
            case .start(let child): children.append(try XMLNode(child, &scanner, &remaining))
            case .text(let range): try scanner.append(range, to: &bytes)
            case .literal(let range): bytes.append(contentsOf: scanner.document[range])
            case .end: break
            }
        }
        name = scanner.name(of: element)
        self.bytes = bytes
        self.children = children
        attributes = try scanner.attributes(of: element)
    }
}
