import Testing

@testable import brigade

struct TextLayoutTests {
    @Test(arguments: [
        ("", 10, [""]), ("one", 10, ["one"]), ("one two", 7, ["one two"]),
        ("one two", 6, ["one", "two"]), ("unbreakable word", 4, ["unbreakable", "word"]),
        ("a\nb c", 10, ["a", "b c"]), ("a\n\nb", 10, ["a", "", "b"]),
        ("grüße 日本語", 5, ["grüße", "日本語"]),
    ])
    func wrapsAtSpaces(_ text: String, _ width: Int, _ lines: [String]) {
        #expect(TextLayout.wrap(text, width: width) == lines)
    }

    @Test func keepsEveryWordAndTheWidth() {
        let words = (0..<200).map { String(repeating: "x", count: $0 % 9 + 1) + "\($0)" }
        for width in 12...100 {
            let lines = TextLayout.wrap(words.joined(separator: " "), width: width)
            #expect(lines.allSatisfy { $0.count <= width })
            #expect(lines.flatMap { $0.split(separator: " ").map(String.init) } == words)
        }
    }

    @Test func padsAndAligns() {
        #expect(TextLayout.padded("ab", to: 4) == "ab  ")
        #expect(TextLayout.padded("abcdef", to: 4) == "abcdef")
        #expect(TextLayout.rightAligned("ab", to: 4) == "  ab")
        #expect(TextLayout.rightAligned("abcdef", to: 4) == "abcdef")
        #expect(TextLayout.padded("é", to: 2) == "é ")
    }

    @Test(arguments: 4...30)
    func shortensToTheWidthAndKeepsBothEnds(_ width: Int) {
        let text = "abcdefghijklmnopqrstuvwxyz"
        let short = TextLayout.shortened(text, to: width)
        #expect(short.count == min(width, text.count))
        #expect(short.last == "z")
        #expect(short == text || short.contains("…"))
        #expect(width < 7 || short.first == "a")
    }
}
