import Foundation
import TestSupport
import Testing

@testable import brigade

/// Whatever stands in the file, it is read or refused with one line; nothing crashes. Each failure names its seed.
struct ConfigurationFuzzTests {
    private static let example = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appending(path: "Sources/brigade/Configuration/brigade.example.yaml").path

    private static let words = [
        "", "~", "null", "true", "-1", "0", "9223372036854775807", "9223372036854775808s", "1e999",
        "[]", "{}", "[[", "}", "&a", "*a", "<<: *a", "!!binary x", "!!str", "|", ">-", "\"", "'",
        "---", "...", "? ", "- ", ": ", ",", "#", "\t", "\r", "\u{0}", "\u{FEFF}", "\u{2028}", "é",
        "\\u0000", "\"\\x00\"", "s3://", "s3://@", "s3://a@b", "s3://minio@photos/", "http://",
        "://",
        "[::1]", "36500d", "8191P", "*", "**/[!", "{a,{b,c", "\\", "keep", "quarantine", "filter:",
        "replications:", "@", "`", "%YAML 1.1", "=",
    ]

    private static func mutated(_ text: String, _ random: inout SeededRandom) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for _ in 0...Int.random(in: 0...4, using: &random) {
            let at = Int.random(in: lines.indices, using: &random)
            let other = Int.random(in: lines.indices, using: &random)
            switch Int.random(in: 0...7, using: &random) {
            case 0: lines[at] = lines[other]
            case 1: lines.swapAt(at, other)
            case 2 where lines.count > 1: lines.remove(at: at)
            case 3: lines.insert(lines[other], at: at)
            case 4:
                // A value, or what stands where one is expected.
                let key = lines[at].prefix { $0 != ":" }
                lines[at] = key + ": " + words.randomElement(using: &random)!
            case 5: lines[at] = String(repeating: " ", count: other % 8) + lines[at]
            case 6:
                var scalars = Array(lines[at].unicodeScalars)
                let place = Int.random(in: 0...scalars.count, using: &random)
                scalars.insert(
                    contentsOf: words.randomElement(using: &random)!.unicodeScalars, at: place)
                lines[at] = String(String.UnicodeScalarView(scalars))
            default:
                var scalars = Array(lines[at].unicodeScalars)
                if !scalars.isEmpty {
                    scalars.remove(at: Int.random(in: scalars.indices, using: &random))
                }
                lines[at] = String(String.UnicodeScalarView(scalars))
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func read(_ yaml: String, _ seed: UInt64) -> Bool {
        do {
            let file = try ConfigurationFile(yaml: yaml, path: "brigade.yaml")
            try ConnectionBook(environment: [:], file: file).check(file.replications)
            for rule in file.replications { try rule.filter.objects.validate() }
            return true
        } catch let failure as CommandFailure {
            #expect(failure.status == .usage, "seed \(seed)")
            #expect(failure.message.hasPrefix("brigade.yaml"), "seed \(seed): \(failure.message)")
            let isOneLine = !failure.message.contains { $0.isNewline }
            #expect(isOneLine, "seed \(seed): \(failure.message)")
            return false
        } catch {
            Issue.record("seed \(seed): \(error)")
            return false
        }
    }

    @Test func whateverIsWrittenIsReadOrRefused() throws {
        let text = try String(contentsOfFile: Self.example, encoding: .utf8)
        // Comments hide mutations.
        let bare = text.split(separator: "\n").filter { !$0.drop { $0 == " " }.hasPrefix("#") }
            .joined(separator: "\n")
        var readable = 0
        let seeds: ClosedRange<UInt64> = 1...1500
        for seed in seeds {
            var random = SeededRandom(seed: seed)
            if Self.read(Self.mutated(bare, &random), seed) { readable += 1 }
        }
        // Some change nothing that matters, and most do: otherwise this tests nothing.
        #expect((20...seeds.count - 200).contains(readable), "\(readable)")
    }

    @Test(arguments: ["[", "{", "{a: ", "- ", "? ", "[{a: ", "&a [", "!!x ["])
    func deepNestingIsRefused(_ opening: String) {
        for depth in [10, 900, 100_000] {
            let yaml = "replications: " + String(repeating: opening, count: depth)
            _ = Self.read(yaml, UInt64(depth))
            _ = Self.read(
                "replications:\n" + String(repeating: opening, count: depth) + "x", UInt64(depth))
        }
    }
}
