import ArgumentParser

/// `brigade functions`
struct FunctionsCommand: ExampledCommand {
    static let example = """
        brigade functions
        brigade functions replicate
        """

    static let configuration = CommandConfiguration(
        commandName: "functions",
        abstract: "List a running runtime's functions, or show one with its versions and aliases.",
        discussion: """
            Functions are made, changed and deleted with AWS's own tools: \
            aws lambda create-function --endpoint-url http://127.0.0.1:9010 …
            """)

    @Argument(help: "Show this one (default: list all).")
    var name: String?
    @OptionGroup(title: "Runtime options")
    var runtime: RuntimeOptions

    mutating func run() async throws {
        let client = try LambdaClient(runtime)
        if let name { try await show(name, client) } else { try await list(client) }
    }

    private func list(_ client: LambdaClient) async throws {
        let functions = try await client.pages(
            FunctionDocument.Page.self, "/2015-03-31/functions"
        ).flatMap { $0.Functions ?? [] }
        if runtime.json {
            return StandardStreams.output(
                JSONValue.object(["functions": .array(functions.map(\.json))]).text)
        }
        guard !functions.isEmpty else {
            return StandardStreams.output("There are no functions yet.")
        }
        StandardStreams.output(Self.table(functions))
    }

    static func table(_ functions: [FunctionDocument]) -> String {
        let rows = functions.map { function in
            [
                function.FunctionName, function.Runtime ?? "",
                "\(Quantity.count(function.MemorySize ?? 0)) MB", "\(function.Timeout ?? 0) s",
                Quantity.bytes(function.CodeSize ?? 0), function.Description ?? "",
            ]
        }
        return TextLayout.table(
            ["FUNCTION", "RUNTIME", "MEMORY", "TIMEOUT", "CODE", "DESCRIPTION"], rows,
            rightAligned: [2, 3, 4])
    }

    private func show(_ name: String, _ client: LambdaClient) async throws {
        let function = try await client.send(.get, LambdaClient.path(name, "configuration"))
            .decoded(FunctionDocument.self)
        let versions = try await client.pages(
            FunctionDocument.Page.self, LambdaClient.path(name, "versions")
        ).flatMap { $0.Versions ?? [] }
        let aliases = try await AliasCommand.all(name, client)
        if runtime.json {
            return StandardStreams.output(
                JSONValue.object([
                    "function": function.json, "versions": .array(versions.map(\.json)),
                    "aliases": .array(aliases.map(\.json)),
                ]).text)
        }
        var lines = [
            "\(function.FunctionName)   \(function.Description ?? "")",
            "  \(function.FunctionArn)",
            "  \(function.Runtime ?? "") \(function.Handler ?? "") · \(function.MemorySize ?? 0) MB · "
                + "\(function.Timeout ?? 0) s · \(function.State ?? "Active")", "",
        ]
        lines.append(
            TextLayout.table(
                ["VERSION", "CODE", "MODIFIED", "DESCRIPTION"],
                versions.map {
                    [
                        $0.Version, Quantity.bytes($0.CodeSize ?? 0), $0.LastModified ?? "",
                        $0.Description ?? "",
                    ]
                }, rightAligned: [1]))
        if !aliases.isEmpty { lines += ["", AliasCommand.table(aliases)] }
        StandardStreams.output(lines.joined(separator: "\n"))
    }
}
