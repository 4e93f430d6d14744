import TestSupport
import Testing

@testable import XML

/// What the writer writes the scanner reads, whatever it is.
@Suite struct XMLRoundTripTests {
    private static let names: [StaticString] = ["a", "Key", "Contents", "x-y_z.1", "\u{FC}ber"]
    private static let attributeNames: [StaticString] = ["type", "b"]
    /// Rich in what has a meaning in markup.
    private static let scalars: [Unicode.Scalar] =
        Array("<>&\"'/;#x]=! \t\n\r-".unicodeScalars)
        + (1...0x1F).map { Unicode.Scalar(UInt8($0)) }
        + ["\u{7F}", "\u{85}", "\u{E9}", "\u{2028}", "\u{FFFE}", "\u{1F600}", "a", "Z", "0"]

    private static func text(_ random: inout SeededRandom) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...12, using: &random) {
            text.append(scalars.randomElement(using: &random)!)
        }
        return String(text)
    }

    private struct Tree {
        var name: StaticString
        var attributes: [(name: StaticString, value: String)]
        var text: String
        var children: [Tree]

        init(_ random: inout SeededRandom, depth: Int = 0) {
            name = names.randomElement(using: &random)!
            attributes = attributeNames.prefix(Int.random(in: 0...2, using: &random)).map {
                ($0, XMLRoundTripTests.text(&random))
            }
            text = XMLRoundTripTests.text(&random)
            children = []
            for _ in 0..<(depth > 4 ? 0 : Int.random(in: 0...3, using: &random)) {
                children.append(Tree(&random, depth: depth + 1))
            }
        }

        func write(_ writer: inout XMLWriter) {
            writer.open(name, attributes: attributes)
            writer.text(text)
            for child in children { child.write(&writer) }
            writer.close(name)
        }

        var node: XMLNode {
            XMLNode(
                name.description, bytes: Array(text.utf8),
                attributes: Dictionary(
                    uniqueKeysWithValues: attributes.map { ($0.name.description, $0.value) }),
                children: children.map(\.node))
        }
    }

    @Test(arguments: 0..<24 as Range<UInt64>)
    func trees(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<20 {
            let tree = Tree(&random)
            var writer = XMLWriter()
            writer.declaration()
            tree.write(&writer)
            #expect(try XMLNode(writer.bytes) == tree.node)
        }
    }

    /// Keys are bytes: what is no UTF-8 survives too. Only NUL has no way to be written.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func bytes(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<100 {
            let bytes = random.bytes(count: Int.random(in: 0...40, using: &random))
                .map { $0 == 0 ? 1 : $0 }
            var writer = XMLWriter()
            writer.element("Key", bytes)
            var scanner = XMLScanner(writer.bytes)
            #expect(try scanner.bytes(of: scanner.root("Key")) == bytes)
            try scanner.finish()
        }
    }

    @Test func nulIsRefused() {
        var writer = XMLWriter()
        writer.element("Key", [UInt8]([0x61, 0]))
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "<Key>a&#x0;</Key>")
        #expect(throws: XMLError(.badReference, offset: 6)) { try XMLNode(writer.bytes) }
    }

    @Test(arguments: [0, 1, -1, 10, .max, -.max] as [Int64])
    func numbers(number: Int64) throws {
        var writer = XMLWriter()
        writer.element("Size", number)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "<Size>\(number)</Size>")
        var scanner = XMLScanner(writer.bytes)
        #expect(try scanner.int64(of: scanner.root()) == number)
    }

    @Test func theLeastNumberIsWrittenWhole() {
        var writer = XMLWriter()
        writer.element("n", Int64.min)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "<n>-9223372036854775808</n>")
    }

    @Test(arguments: [true, false])
    func flags(flag: Bool) throws {
        var writer = XMLWriter()
        writer.element("IsTruncated", flag)
        var scanner = XMLScanner(writer.bytes)
        #expect(try scanner.bool(of: scanner.root()) == flag)
    }

    /// As S3 escapes: quotation marks and carriage returns too, tabs and line feeds not.
    @Test func theDocumentIsAsS3WritesIt() {
        var writer = XMLWriter()
        writer.declaration()
        writer.open("ListBucketResult", xmlns: XMLWriter.s3Namespace)
        writer.element("Key", "<a>&\"'\r\n\t\u{1}\u{7F}\u{E9}")
        writer.element("KeyCount", 1)
        writer.close("ListBucketResult")
        #expect(
            String(decoding: writer.bytes, as: UTF8.self)
                == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                + "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
                + "<Key>&lt;a&gt;&amp;&quot;'&#13;\n\t&#x1;\u{7F}\u{E9}</Key>"
                + "<KeyCount>1</KeyCount></ListBucketResult>")
    }
}
