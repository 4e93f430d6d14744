import S3
import TestSupport
import Testing

@testable import Replication

@Suite struct GlobTests {
    static func matches(_ glob: String, _ key: ObjectKey) throws -> Bool {
        var filter = ObjectFilter()
        filter.include = [glob]
        return try ObjectMatcher(filter, nowMilliseconds: 0).matches(key, droppingFirst: 0)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var glob: String
        var yes: [ObjectKey]
        var no: [ObjectKey]
        var testDescription: String { glob }
        init(_ glob: String, _ yes: [ObjectKey], not no: [ObjectKey]) {
            (self.glob, self.yes, self.no) = (glob, yes, no)
        }
    }

    @Test(arguments: [
        Row("a", ["a", "x/a", "x/y/a"], not: ["", "b", "ab", "a/b", "a/"]),
        Row("*.tmp", ["a.tmp", ".tmp", "x/a.tmp"], not: ["a.tmp/b", "tmp", "a.tmpx"]),
        Row("a/*", ["a/b", "a/"], not: ["a", "a/b/c", "x/a/b"]),
        Row("a/**", ["a/b", "a/b/c", "a/"], not: ["a", "x/a/b"]),
        Row("**/a", ["a", "x/a", "x/y/a"], not: ["xa", "a/x"]),
        Row("x/**/a", ["x/a", "x/y/a", "x/y/z/a"], not: ["xa", "x/ya", "a"]),
        Row("/a", ["a"], not: ["x/a", "/a", "ab"]),
        Row("/*.c", ["a.c"], not: ["x/a.c"]),
        Row("logs/", ["logs/a", "x/logs/a/b", "logs/"], not: ["logs", "xlogs/a"]),
        Row("/logs/", ["logs/a"], not: ["x/logs/a"]),
        Row("a/logs/", ["a/logs/x"], not: ["b/a/logs/x"]),
        Row("?", ["a", "\u{E9}", "\u{1F600}", "x/a"], not: ["", "ab", "e\u{301}", "a/"]),
        Row("[a-c]x", ["ax", "cx"], not: ["dx", "x", "Ax"]),
        Row("[!a-c]x", ["dx", "\u{E9}x"], not: ["ax", "x", "/x"]),
        Row("[^a]", ["b"], not: ["a"]),
        Row("[]]", ["]"], not: ["a"]),
        Row("[a-]", ["a", "-"], not: ["b"]),
        Row("[\u{E9}x]", ["\u{E9}", "x"], not: ["e", "\u{EA}"]),
        Row("[/]x", [], not: ["/x", "a/x"]),
        Row("{a,b}.c", ["a.c", "b.c"], not: ["c.c", ".c", "a,b.c"]),
        Row("{a,{b,c}d}", ["a", "bd", "cd"], not: ["b", "ad"]),
        Row("x{,.gz}", ["x", "x.gz"], not: ["x.", "gz"]),
        Row("\\*", ["*"], not: ["a", "\\*"]),
        Row("\\{a\\}", ["{a}"], not: ["a"]),
        Row("a**b", ["ab", "axb", "x/axb"], not: ["a/b"]),
        Row("x/a**b", ["x/ab", "x/a/y/b"], not: ["x/a/y/c"]),
        Row("***", ["a", "x/a"], not: []),
    ])
    func matchesAsDocumented(_ row: Row) throws {
        for key in row.yes { #expect(try Self.matches(row.glob, key), "\(row.glob) \(key)") }
        for key in row.no { #expect(try !Self.matches(row.glob, key), "\(row.glob) \(key)") }
    }

    @Test(arguments: [
        "", "/", "a\\", "[a", "[", "[]", "[!]", "{a", "{a,b", "[b-a]", "[[:alpha:]]",
        "[\u{E0}-\u{E9}]", "[!\u{E9}]", String(repeating: "{", count: 20),
    ])
    func whatCannotBeReadIsNamed(_ glob: String) {
        var filter = ObjectFilter()
        filter.exclude = [glob]
        #expect {
            try filter.validate()
        } throws: { error in
            (error as? ComparisonError)?.kind == .invalidFilter
                && "\(error)".contains("\"\(glob)\"")
        }
    }

    /// The plainest matcher of the same syntax, without classes and braces: by trying everything.
    private static func model(_ glob: Substring, _ key: Substring) -> Bool {
        guard let first = glob.first else { return key.isEmpty }
        if glob.hasPrefix("**") {
            let rest = glob.drop { $0 == "*" }
            return key.indices.contains { model(rest, key[$0...]) } || model(rest, key.suffix(0))
        }
        if first == "*" {
            var left = key
            while true {
                if model(glob.dropFirst(), left) { return true }
                guard let next = left.first, next != "/" else { return false }
                left = left.dropFirst()
            }
        }
        guard let next = key.first else { return false }
        return (first == "?" ? next != "/" : first == next)
            && model(glob.dropFirst(), key.dropFirst())
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func agreesWithTheModel(_ seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        // An "x" before each "**", so that it is never a run of whole folders; "y/" makes it a whole key.
        let pieces = ["a", "b", "/", "*", "?", "x**", "c"]
        let length = Int.random(in: 0...6, using: &generator)
        var glob = "y/"
        for _ in 0..<length { glob += pieces.randomElement(using: &generator)! }
        // A folder's own glob has a rule of its own, and three stars in a row are two.
        guard !glob.hasSuffix("/"), !glob.contains("***") else { return }
        for _ in 0..<40 {
            var key = "y/"
            for _ in 0..<Int.random(in: 0...6, using: &generator) {
                key += ["a", "b", "/", "x", "c"].randomElement(using: &generator)!
            }
            #expect(
                try Self.matches(glob, ObjectKey(key)) == Self.model(glob[...], key[...]),
                "seed \(seed): \(glob) \(key)")
        }
    }

    /// However many globs, and however unkind: time grows with the key, not with the ways to match it.
    @Test func manyGlobsAreOneAutomaton() throws {
        var filter = ObjectFilter()
        filter.exclude = (0..<200).map { "x\($0)/**/*a*a*a*a*a*a*a*b" }
        let matcher = try ObjectMatcher(filter, nowMilliseconds: 0)
        let key = ObjectKey("x7/" + String(repeating: "a", count: 1000))
        #expect(matcher.matches(key, droppingFirst: 0))
        #expect(!matcher.matches(key + "b", droppingFirst: 0))
    }
}
