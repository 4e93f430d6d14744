import ArgumentParser
import Testing

@testable import brigade

struct CommandLineAdviceTests {
    @Test(arguments: [
        ("", "", 0), ("a", "", 1), ("", "ab", 2), ("copy", "copy", 0), ("copy", "cpy", 1),
        ("copy", "copyy", 1), ("copy", "cody", 1), ("copy", "coyp", 1), ("sync", "demo", 4),
        ("kitten", "sitting", 3),
    ])
    func countsEdits(_ one: String, _ other: String, _ distance: Int) {
        #expect(CommandLineAdvice.distance(one, other) == distance)
        #expect(CommandLineAdvice.distance(other, one) == distance)
    }

    @Test(arguments: [
        ("cpy", "copy"), ("COPY", "copy"), ("snyc", "sync"), ("verfy", "verify"), ("pobe", "probe"),
        ("local", nil), ("locals3", "local-s3"), ("dmeo", "demo"), ("zzz", nil), ("", nil),
    ])
    func suggestsTheNearest(_ word: String, _ expected: String?) {
        #expect(CommandLineAdvice.nearest(to: word, among: CommandLineAdvice.names) == expected)
    }

    @Test func complainsOfWhatIsNoCommand() throws {
        let complaint = try #require(
            CommandLineAdvice.unknownCommand(["cpoy", "s3://a", "s3://b"]))
        #expect(complaint.contains("no command \"cpoy\"; did you mean \"copy\"?"))
        let other = try #require(CommandLineAdvice.unknownCommand(["mirror-all"]))
        #expect(!other.contains("did you mean"))
        for name in CommandLineAdvice.names { #expect(other.contains(name)) }
    }

    @Test(arguments: [[], ["--help"], ["-h"], ["help"], ["copy"], ["local-s3", "--rot"]])
    func isSilentOtherwise(_ arguments: [String]) {
        #expect(CommandLineAdvice.unknownCommand(arguments) == nil)
    }

    @Test(arguments: CommandLineAdvice.names)
    func helpFitsTheScreenAndBeginsWithItsExample(_ name: String) throws {
        let command = try #require(CommandLineAdvice.commands.first { $0.name == name })
        let help = CommandLineAdvice.withExample(
            Brigade.helpMessage(for: command, columns: 100), [name, "--help"])
        let lines = help.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == "EXAMPLE:")
        #expect(
            lines.dropFirst().first?.hasPrefix("  brigade") == true
                || lines[1].contains("brigade \(name)"))
        #expect(lines.filter { $0.count > 100 } == [])
        #expect(lines.count <= 45, "\(lines.count) lines")
        #expect(!command.configuration.abstract.isEmpty)
        #expect(command.example.contains("brigade \(name)"))
    }

    @Test func helpOfTheWholeNamesEveryCommand() {
        let help = CommandLineAdvice.withExample(Brigade.helpMessage(columns: 100), ["--help"])
        #expect(help.hasPrefix("EXAMPLE:\n  brigade demo\n"))
        for name in CommandLineAdvice.names { #expect(help.contains("  \(name)")) }
        #expect(help.split(separator: "\n").allSatisfy { $0.count <= 100 })
        #expect(CommandLineAdvice.withExample("0.1.0", ["--version"]) == "0.1.0")
    }

    /// An example that does not parse teaches a mistake.
    @Test(arguments: CommandLineAdvice.names)
    func everyExampleParses(_ name: String) throws {
        let command = try #require(CommandLineAdvice.commands.first { $0.name == name })
        for line in command.example.split(separator: "\n") {
            let words = line.replacing("'", with: "").split(separator: " ").map(String.init)
            let start = try #require(words.firstIndex(of: "brigade"))
            #expect(words[..<start].allSatisfy { $0.contains("=") })
            let parsed = try Brigade.parseAsRoot(Array(words[(start + 1)...]))
            #expect(type(of: parsed) == command)
        }
    }

    @Test(arguments: [
        ["copy", "s3://a", "s3://b", "--concurrency", "0"],
        ["copy", "s3://a", "s3://b", "--concurrency", "1025"],
        ["copy", "s3://a", "s3://b", "--part-size", "4M"],
        ["copy", "s3://a", "s3://b", "--bandwidth", "1"],
        ["sync", "s3://a", "s3://b", "--max-delete", "-1"],
        ["verify", "s3://a", "s3://b", "--mode", "guess"],
        ["verify", "s3://a", "s3://b", "--min-size", "2M", "--max-size", "1M"],
        ["copy", "s3://a", "s3://b", "--min-age", "2d", "--max-age", "1d"],
        ["demo", "--objects", "99"], ["local-s3"], ["copy", "s3://a"],
    ])
    func refusesWhatCannotBeMeant(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try Brigade.parseAsRoot(arguments) }
    }
}

struct ExitStatusTests {
    @Test func isTheDocumentedTable() {
        let codes = Dictionary(
            uniqueKeysWithValues: ExitStatus.allCases.map { ("\($0)", $0.rawValue) })
        #expect(
            codes == [
                "done": 0, "someFailed": 1, "usage": 2, "guardStopped": 3, "storeRefused": 4,
                "interrupted": 130,
            ])
    }

    @Test func rendersWhatAndThenTheWayOut() {
        let failure = CommandFailure(
            .usage, "it is wrong", advice: String(repeating: "word ", count: 40), "second")
        let lines = failure.rendered.split(separator: "\n")
        #expect(lines.first == "brigade: it is wrong")
        #expect(lines.last == "  second")
        #expect(lines.dropFirst().allSatisfy { $0.hasPrefix("  ") && $0.count <= 100 })
    }
}
