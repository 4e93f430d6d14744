import Foundation
import S3
import Testing

@testable import brigade

struct JSONValueTests {
    @Test func writesMembersInOrderOnOneLine() {
        let value = JSONValue.object([
            "b": .int(1), "a": .array([.null, .bool(true), .bool(false), .number("0.10")]),
            "empty": .object([:]), "none": .array([]),
        ])
        #expect(
            value.text
                == #"{"b": 1, "a": [null, true, false, 0.10], "empty": {}, "none": []}"#)
    }

    @Test(arguments: [
        ("plain", #""plain""#), ("\"\\", #""\"\\""#), ("\n\r\t", #""\n\r\t""#),
        ("\u{0}\u{1f}\u{7f}", #""\u0000\u001f\u007f""#), ("grüße 😀", "\"grüße 😀\""),
        ("e\u{301}", "\"e\u{301}\""), ("\r\n", #""\r\n""#),
    ])
    func escapes(_ text: String, _ json: String) {
        #expect(JSONValue.string(text).text == json)
    }

    @Test func comesBackAsItWasFromAnotherReader() throws {
        let text = String(String.UnicodeScalarView((0..<0x300).compactMap { Unicode.Scalar($0) }))
        let json = JSONValue.object([.init(name: text, value: .string(text))]).text
        let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: String]
        #expect(object?.keys.first.map { Array($0.utf8) } == Array(text.utf8))
        #expect(object?.values.first.map { Array($0.utf8) } == Array(text.utf8))
    }

    @Test func keysThatAreNoTextAreBase64() {
        #expect(JSONValue.key("a/b").text == #""a/b""#)
        #expect(JSONValue.key(ObjectKey([0xFF, 0x00])).text == #"{"base64": "/wA="}"#)
        #expect(JSONValue.key("").text == #""""#)
    }

    @Test(arguments: [
        (Duration.zero, "0.000"), (.milliseconds(7), "0.007"), (.microseconds(1500), "0.002"),
        (.milliseconds(61_250), "61.250"), (.seconds(1), "1.000"),
    ])
    func seconds(_ duration: Duration, _ text: String) {
        #expect(JSONValue.seconds(duration) == .number(text))
    }

    @Test func optionals() {
        #expect(JSONValue.optional(nil) == .null)
        #expect(JSONValue.optional("x") == .string("x"))
        #expect(JSONValue.int(Int.min).text == "-9223372036854775808")
    }
}
