import Runtime
import Testing

@testable import brigade

struct ConfigurationFileTests {
    private func read(_ yaml: String) throws(CommandFailure) -> ConfigurationFile {
        try ConfigurationFile(yaml: yaml, path: "brigade.yaml")
    }

    @Test func readsEveryKeyOfAConnection() throws {
        let file = try read(
            """
            connections:
              minio:
                endpoint: http://127.0.0.1:9000
                region: eu-west-1
                style: virtual
                list: 1
                prices: free
                credentials: { environment: MINIO }
              amazon:
                endpoint: https://s3.amazonaws.com
                credentials: { profile: backup }
              other:
                endpoint: https://s3.example.net
                credentials: { file: /etc/keys, profile: two }
              plain:
                endpoint: https://s3.example.org
            billing: { rates: lambda-arm, budget: { month: 5.00, run: 0.000165 } }
            runtime: { region: eu-central-1, account: "000000000012" }
            triggers: []
            """)
        #expect(file.region == "eu-central-1")
        #expect(file.account == "000000000012")
        #expect(file.rates == "lambda-arm")
        #expect(
            file.budget
                == BudgetAmounts(
                    run: Money(picodollars: 165_000_000),
                    month: Money(picodollars: 5_000_000_000_000)))
        #expect(file.connections.map(\.name) == ["minio", "amazon", "other", "plain"])
        #expect(
            file.connections.map(\.credentials) == [
                .environment("MINIO"), .profile("backup"), .file(path: "/etc/keys", profile: "two"),
                .chain,
            ])
        let minio = try #require(file.connections.first)
        #expect(minio.region == "eu-west-1")
        #expect(minio.style == "virtual")
        #expect(minio.listVersion == 1)
        #expect(minio.prices == "free")
        #expect(minio.origin == "brigade.yaml line 3")
    }

    @Test(arguments: ["", "# only a comment\n", "connections: {}"])
    func mayBeEmpty(_ yaml: String) throws {
        #expect(try read(yaml).connections == [])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var yaml: String
        var line: Int?
        var words: [String]
        var testDescription: String { words.joined(separator: ", ") }

        init(_ yaml: String, line: Int?, _ words: String...) {
            self.yaml = yaml
            self.line = line
            self.words = words
        }
    }

    private static func connection(_ lines: String...) -> String {
        (["connections:", "  one:", "    endpoint: http://h"] + lines.map { "    " + $0 })
            .joined(separator: "\n")
    }

    @Test(arguments: [
        Row("- a", line: 1, "the file must be a mapping"),
        Row("just words", line: 1, "the file must be a mapping"),
        Row("conections: {}", line: 1, "\"conections\"", "did you mean \"connections\"?"),
        Row("\nzzzzzzzzz: 1", line: 2, "\"zzzzzzzzz\"", "known are"),
        Row("connections: 7", line: 1, "connections must be a mapping"),
        Row("connections:\n  one: 7", line: 2, "connection one must be a mapping"),
        Row(
            "connections:\n  one:\n    region: r", line: 3, "connection one has no endpoint", "http"
        ),
        Row("connections:\n  one:\n    endpoint: [a]", line: 3, "endpoint must be a text"),
        Row(connection("endpont: x"), line: 4, "did you mean \"endpoint\"?"),
        Row(connection("style: round"), line: 4, "style must be path or virtual"),
        Row(connection("list: 3"), line: 4, "list must be 1 or 2"),
        Row(connection("prices: high"), line: 4, "prices must be free or s3-standard"),
        Row(connection("credentials: me"), line: 4, "credentials must be a mapping"),
        Row(connection("credentials: {}"), line: 4, "environment, profile or file"),
        Row(
            connection("credentials: { environment: A, profile: b }"), line: 4,
            "either environment, or profile and file"),
        Row(
            connection("credentials: { access_key: A }"), line: 4, "\"access_key\"",
            "environment, profile, file"),
        Row("billing: { rates: gold }", line: 1, "\"gold\"", "notes, aws-us-east-1"),
        Row("billing: { rate: notes }", line: 1, "did you mean \"rates\"?"),
        Row("runtime: { region: EU_1 }", line: 1, "must be like us-east-1, not \"EU_1\""),
        Row("runtime: { account: 12 }", line: 1, "twelve digits", "not \"12\""),
        Row("runtime: { regon: a }", line: 1, "did you mean \"region\"?"),
        Row("billing:\n  budget: 5", line: 2, "budget: { month: 5.00 }"),
        Row("billing: { budget: { week: 5 } }", line: 1, "\"week\"", "known are run, month"),
        Row("billing: { budget: { mont: 5 } }", line: 1, "did you mean \"month\"?"),
        Row("billing: { budget: { month: -1 } }", line: 1, "billing.budget.month", "\"-1\""),
        Row("billing: { budget: { run: abc } }", line: 1, "billing.budget.run", "\"abc\""),
        Row("billing: { budget: { run: 5 EUR } }", line: 1, "not \"5 EUR\""),
        Row("billing: { budget: { run: [5] } }", line: 1, "must be US dollars as in 5.00"),
        Row("billing: { budget: { run: }}", line: 1, "must be US dollars as in 5.00"),
        Row("a: [1", line: nil, "is not YAML"),
        Row("connections: {}\nconnections: {}", line: nil, "connections"),
    ])
    func complainsOfTheLineAndSaysWhatWouldDo(_ row: Row) throws {
        let failure = try #require(throws: CommandFailure.self) { try read(row.yaml) }
        #expect(failure.status == .usage)
        let place = row.line.map { "brigade.yaml line \($0): " } ?? "brigade.yaml"
        #expect(failure.message.hasPrefix(place), "\(failure.message)")
        for word in row.words { #expect(failure.rendered.contains(word), "\(failure.message)") }
    }

    @Test func namesTheFileThatIsNotThere() throws {
        let failure = try #require(throws: CommandFailure.self) {
            try ConfigurationFile.load("/no/such.yaml")
        }
        #expect(failure.status == .usage)
        #expect(failure.message.contains("/no/such.yaml"))
        #expect(failure.advice.first?.contains("--config") == true)
    }

    @Test func takesNoFolderAndNothingThatIsNoText() throws {
        let folder = ScratchFolder()
        let failure = try #require(throws: CommandFailure.self) {
            try ConfigurationFile.load(folder.path)
        }
        #expect(failure.message.hasPrefix("cannot read \(folder.path): "))
        let large = try folder.write(String(repeating: "#", count: 1 << 20) + "##", "large.yaml")
        #expect(throws: CommandFailure.self) { try ConfigurationFile.load(large) }
        let good = try folder.write("billing: { rates: notes }", "good.yaml")
        #expect(try ConfigurationFile.load(good)?.rates == "notes")
    }
}
