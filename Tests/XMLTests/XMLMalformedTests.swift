import TestSupport
import Testing

@testable import XML

/// What is refused, with the kind that callers branch on and the place that messages name.
@Suite struct XMLMalformedTests {
    private func error(_ text: String) -> XMLError? {
        do throws(XMLError) {
            _ = try XMLNode(Array(text.utf8))
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("", .truncated, 0), ("   ", .truncated, 3), ("<", .truncated, 1),
            ("<a", .truncated, 2),
            ("<a>", .truncated, 3), ("<a>text", .truncated, 7), ("<a><b></b>", .truncated, 10),
            ("<a></a", .truncated, 6), ("<!-- a", .truncated, 6), ("<?xml", .truncated, 5),
            ("<a><![CDATA[x]]", .truncated, 15), ("<a><![CD", .truncated, 3),
            ("<!-", .truncated, 0),
            ("</a>", .unbalanced, 0), ("<a></b>", .unbalanced, 3), ("<a></ab>", .unbalanced, 3),
            ("<a><b></a></b>", .unbalanced, 6), ("<a></a x>", .unbalanced, 3),
            ("<p:a></q:a>", .unbalanced, 5), ("text<a/>", .malformed, 0),
            ("<a/>text", .malformed, 4),
            ("<a/><b/>", .malformed, 4), ("<>", .malformed, 0), ("<p:/>", .malformed, 0),
            ("<a b=\"<\"/>", .malformed, 6), ("<a <b/>", .malformed, 3),
            ("<a><!ELEMENT b></a>", .malformed, 3),
            ("<![CDATA[x]]><a/>", .malformed, 0), ("<a b/>", .malformed, 4),
            ("<a b=c/>", .malformed, 5),
            ("<a b=\"c'/>", .truncated, 10), ("<a =\"c\"/>", .malformed, 3),
            ("<!DOCTYPE a><a/>", .documentType, 0),
            ("<?xml version=\"1.0\"?><!DOCTYPE a []><a/>", .documentType, 21),
            ("<a>&b;</a>", .badReference, 3), ("<a b=\"&c;\"/>", .badReference, 6),
        ] as [(String, XMLError.Kind, Int)])
    func refused(text: String, kind: XMLError.Kind, offset: Int) {
        #expect(error(text) == XMLError(kind, offset: offset))
    }

    /// The ways in which XML parsers are attacked: none of them reads a file or grows a text.
    @Test(arguments: [
        #"<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>"#,
        #"<!DOCTYPE a [<!ENTITY l "ha"><!ENTITY m "&l;&l;&l;&l;">]><a>&m;</a>"#,
        #"<?xml version="1.0"?><!DOCTYPE a PUBLIC "x" "http://example.com/a.dtd"><a/>"#,
    ])
    func documentTypesAreRefusedWhateverTheyDeclare(text: String) {
        #expect(error(text)?.kind == .documentType)
    }

    @Test func depthHasALimit() throws {
        func nested(_ depth: Int) -> String {
            String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        }
        #expect(error(nested(XMLScanner.depthMaximum)) == nil)
        #expect(
            error(nested(XMLScanner.depthMaximum + 1))
                == XMLError(.tooDeep, offset: 3 * XMLScanner.depthMaximum))
    }

    @Test func treesHaveALimit() {
        let three = Array("<a><b/><b/></a>".utf8)
        #expect(throws: Never.self) { try XMLNode(three, countMaximum: 3) }
        #expect(throws: XMLError(.tooLarge, offset: 8)) { try XMLNode(three, countMaximum: 2) }
    }

    @Test func theRootMustBeTheOneExpected() {
        #expect(throws: XMLError(.unexpectedRoot, offset: 1)) {
            var scanner = XMLScanner(Array("<Error/>".utf8))
            _ = try scanner.root("ListBucketResult")
        }
    }

    /// A document that was cut anywhere is no document, and cutting never makes the scanner read on.
    @Test func everyPrefixIsRefused() {
        let document = Array(XMLScannerTests.listing.utf8)
        #expect(throws: Never.self) { try XMLNode(document) }
        for length in 0..<document.count {
            #expect(throws: XMLError.self, "\(length) bytes") {
                try XMLNode(Array(document[..<length]))
            }
        }
    }

    /// Bytes of any kind end in a document or in an error.
    @Test(arguments: 0..<16 as Range<UInt64>)
    func noiseEnds(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let listing = Array(XMLScannerTests.listing.utf8)
        let markup = Array("<>/&;\"'=!?[]-# :xC\u{0}".utf8)
        for _ in 0..<300 {
            var bytes = listing
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: bytes[index] = markup.randomElement(using: &random)!
                case 1: bytes.remove(at: index)
                default: bytes.insert(markup.randomElement(using: &random)!, at: index)
                }
            }
            do throws(XMLError) {
                _ = try XMLNode(bytes)
            } catch {
                #expect((0...bytes.count).contains(error.offset))
            }
        }
    }
}
