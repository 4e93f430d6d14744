import Testing

@testable import XML

@Suite struct XMLTextTests {
    private func scan<Value>(
        _ text: String, _ read: (inout XMLScanner, XMLScanner.Element) throws(XMLError) -> Value
    ) throws(XMLError) -> Value {
        var scanner = XMLScanner(Array("<a>\(text)</a>".utf8))
        let root = try scanner.root()
        let value = try read(&scanner, root)
        try scanner.finish()
        return value
    }

    @Test(arguments: [
        ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"),
        ("&#65;", "A"), ("&#x41;", "A"), ("&#x1F600;", "\u{1F600}"), ("&#x10FFFF;", "\u{10FFFF}"),
        ("&#0000000000065;", "A"), ("&#1;", "\u{1}"), ("&#13;", "\r"), ("&#xe9;", "\u{E9}"),
        ("x&amp;&amp;y", "x&&y"), ("&amp;lt;", "&lt;"), ("<![CDATA[&amp;<b>]]>", "&amp;<b>"),
        ("x<![CDATA[]]>y", "xy"), ("x<!-- & -->y", "xy"), ("x<?p & ?>y", "xy"),
        ("x<b>not</b>y", "xy"), ("\r\n", "\r\n"), ("]]>", "]]>"), ("", ""),
    ])
    func texts(text: String, expected: String) throws {
        #expect(try scan(text) { s, e throws(XMLError) in try s.string(of: e) } == expected)
        #expect(
            try scan(text) { s, e throws(XMLError) in try s.bytes(of: e) } == Array(expected.utf8))
        #expect(try XMLNode(Array("<a>\(text)</a>".utf8)).text == expected)
    }

    @Test(arguments: [
        "&", "&;", "&amp", "&nbsp;", "&AMP;", "& amp;", "&#;", "&#x;", "&#0;", "&#x0;", "&#xD800;",
        "&#xDFFF;", "&#x110000;", "&#X41;", "&#-1;", "&#12a;", "&#xg;", "&#00000000000065;",
        "&#4294967361;", "&am\u{FC};",
    ])
    func referencesToNothing(text: String) {
        #expect(throws: XMLError(.badReference, offset: 4)) {
            try scan("x" + text) { s, e throws(XMLError) in try s.string(of: e) }
        }
    }

    @Test(
        arguments: [
            ("0", 0), ("9223372036854775807", .max), ("-9223372036854775807", -.max), (" 12\n", 12),
            ("007", 7), ("1<b/>2", 12), ("<![CDATA[5]]>", 5), ("&#49;0", 10), ("", nil), (" ", nil),
            ("-", nil), ("+1", nil), ("1 2", nil), ("1.0", nil), ("0x1", nil), ("1e3", nil),
            ("9223372036854775808", nil), ("99999999999999999999", nil), ("\u{664}", nil),
        ] as [(String, Int64?)])
    func numbers(text: String, number: Int64?) {
        do throws(XMLError) {
            let read = try scan(text) { s, e throws(XMLError) in try s.int64(of: e) }
            #expect(read == number)
        } catch {
            #expect(number == nil)
            #expect(error.kind == .badText)
        }
    }

    @Test(
        arguments: [
            ("true", true), ("TRUE", true), ("False", false), ("false", false), ("", nil),
            ("1", nil),
            (" true", nil), ("yes", nil),
        ] as [(String, Bool?)])
    func flags(text: String, flag: Bool?) {
        do throws(XMLError) {
            let read = try scan(text) { s, e throws(XMLError) in try s.bool(of: e) }
            #expect(read == flag)
        } catch {
            #expect(flag == nil)
            #expect(error.kind == .badText)
        }
    }

    @Test(arguments: [
        ("Enabled", true), ("Ena&#98;led", true), ("<![CDATA[Enabled]]>", true),
        ("Ena<!-- -->bled", true), ("enabled", false), ("Enabled ", false), ("Enable", false),
        ("", false),
    ])
    func comparisons(text: String, isSame: Bool) throws {
        #expect(
            try scan(text) { s, e throws(XMLError) in try s.text(of: e, is: "Enabled") } == isSame)
    }

    @Test func bytesThatAreNoTextAreToldFromText() throws {
        let document = Array("<a>".utf8) + [0xFF, 0xFE] + Array("</a>".utf8)
        var scanner = XMLScanner(document)
        #expect(try scanner.bytes(of: scanner.root()) == [0xFF, 0xFE])
        #expect(throws: XMLError(.badText, offset: 3)) {
            var scanner = XMLScanner(document)
            _ = try scanner.string(of: scanner.root())
        }
    }

    @Test func attributes() throws {
        let text = """
            <g:a xmlns="u" xmlns:x='v' x:type = "A&amp;B" plain='"' xmlnsy="z" empty=""><b/></g:a>
            """
        var scanner = XMLScanner(Array(text.utf8))
        let root = try scanner.root("a")
        #expect(
            try scanner.attributes(of: root)
                == ["type": "A&B", "plain": "\"", "xmlnsy": "z", "empty": ""])
        #expect(try XMLNode(Array(text.utf8)).attributes["type"] == "A&B")
    }

    @Test func whatNobodyAsksForIsSkipped() throws {
        var scanner = XMLScanner(
            Array("\u{FEFF}<a><b><c>1</c><c>2</c></b>x<d/><b>3</b></a><!-- end -->\n".utf8))
        let root = try scanner.root()
        var names: [String] = []
        while let child = try scanner.nextChild(of: root) {
            names.append(scanner.name(of: child))
            // Leaves the rest of the first b unread.
            if names.count == 1 { _ = try scanner.nextChild(of: child) }
        }
        #expect(names == ["b", "d", "b"])
        #expect(scanner.depth == 0)
        try scanner.finish()
    }
}
