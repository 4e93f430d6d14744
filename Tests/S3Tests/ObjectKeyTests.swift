import Foundation
import Testing

@testable import S3

@Suite struct ObjectKeyTests {
    @Test func orderIsThatOfBytes() {
        let sorted: [ObjectKey] = [
            "", "A", "a", "a-", "a/", "a/1", "a0", "\u{E4}", "\u{FF5E}", "\u{1F600}",
        ]
        for (index, left) in sorted.enumerated() {
            for (other, right) in sorted.enumerated() {
                #expect((left < right) == (index < other), "\(left) \(right)")
                #expect((left == right) == (index == other))
            }
        }
    }

    @Test func normalisationMakesTwoKeys() {
        let composed = ObjectKey("\u{E9}")
        let decomposed = ObjectKey("e\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
    }

    @Test func prefixes() {
        let key: ObjectKey = "photos/a.jpg"
        #expect(key.hasPrefix(""))
        #expect(key.hasPrefix("photos/"))
        #expect(key.hasPrefix(key))
        #expect(!key.hasPrefix("photos/a.jpg2"))
        #expect(!key.hasPrefix("Photos"))
        #expect(key.dropping(prefix: "photos/") == "a.jpg")
        #expect("photos/" + key.dropping(prefix: "photos/") == key)
    }

    @Test(arguments: [
        ("plain/key", "plain/key"), ("new\nline", "new\\nline"), ("\u{1}", "\\u{1}"),
        ("\u{1B}[31m", "\\u{1B}[31m"), ("\u{202E}abc", "\\u{202E}abc"), ("\u{FC}", "\u{FC}"),
    ])
    func descriptionIsSafeToShow(key: String, shown: String) {
        #expect(ObjectKey(key).description == shown)
    }

    @Test func codingKeepsEveryByte() throws {
        let keys = [
            ObjectKey("a\u{FC}/\u{1F600}\n"), ObjectKey([0xFF, 0x00, 0x80]), ObjectKey(""),
        ]
        let json = try JSONEncoder().encode(keys)
        #expect(try JSONDecoder().decode([ObjectKey].self, from: json) == keys)
        #expect(String(decoding: json, as: UTF8.self).contains("{\"base64\":\"\\/wCA\"}"))
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([ObjectKey].self, from: Data(#"[{"base64":"*"}]"#.utf8))
        }
    }
}

@Suite struct ETagTests {
    @Test(arguments: [
        ("\"abc\"", "abc"), ("abc", "abc"), (" \"abc\" ", "abc"), ("W/\"abc\"", "abc"),
        ("\"", "\""), ("", ""), ("\"\"", ""), ("\"a\"b\"", "a\"b"),
    ])
    func quotesAreDropped(text: String, value: String) {
        #expect(ETag(text).value == value)
        #expect(ETag(text).description == value)
    }

    @Test func shapes() {
        let md5 = "5d41402abc4b2a76b9719d911017c592"
        #expect(ETag(md5).isMD5Shaped)
        #expect(ETag(md5).partCount == nil)
        #expect(ETag(md5 + "-3").partCount == 3)
        #expect(ETag(md5 + "-10000").partCount == 10_000)
        #expect(!ETag(md5 + "-3").isMD5Shaped)
        #expect(ETag(md5 + "-").partCount == nil)
        #expect(ETag(md5 + "-x").partCount == nil)
        #expect(!ETag("z" + md5.dropFirst()).isMD5Shaped)
        #expect(ETag("short-3").partCount == nil)
    }
}
