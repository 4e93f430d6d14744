import Testing

@testable import Runtime

@Suite struct JSONSyntaxTests {
    @Test(arguments: [
        "{}", "[]", " null ", "true", "false", "0", "-0.5e+10", "1E9", #""""#, #""\u00e9\n\"ü""#,
        #"{"a":[1,{"b":null},[]],"c":{}}"#, "[ 1 , 2 ]\n", #"{ "a" : 1 , "b" : 2 }"#, "1e999",
    ])
    func isJSON(_ text: String) {
        #expect(JSONText.isValid(Array(text.utf8)))
        #expect(JSONText.embedded(Array(text.utf8)) == Array(text.utf8))
    }

    /// Each would break the document that it is put into.
    @Test(arguments: [
        " ", "01", "[1,]", "2026-11-25", "1.2.3", "-", "1.", ".5", "1e", "+1", "NaN", "nul",
        "truex",
        "'a'", "[1 2]", "[1", "]", "{", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{1:2}"#, #"{"a":1"#,
        "\"a\nb\"", #""\x""#, #""\u12g4""#, #""a"#, "{}{}", "1 1", #"[}"#, #"{"a":1]"#,
        "\u{feff}{}",
    ])
    func isNone(_ text: String) {
        #expect(!JSONText.isValid(Array(text.utf8)))
        #expect(JSONText.isValid(JSONText.embedded(Array(text.utf8))))
    }

    @Test func bytesThatAreNoTextAreNone() {
        #expect(!JSONText.isValid(Array(#""ab""#.utf8.map { $0 == 0x61 ? 0xff : $0 })))
        #expect(!JSONText.isValid(Array("{}".utf8) + [0]))
    }

    @Test func depthIsBounded() {
        func nested(_ count: Int) -> [UInt8] {
            Array(
                (String(repeating: "[", count: count) + String(repeating: "]", count: count)).utf8)
        }
        #expect(JSONText.isValid(nested(1000)))
        #expect(!JSONText.isValid(nested(1002)))
        #expect(!JSONText.isValid(nested(1_000_000)))
    }
}
