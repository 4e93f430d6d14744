import ArgumentParser
import Signing

/// `brigade alias list|set|delete`
struct AliasCommand: ExampledCommand {
    static let example = """
        brigade alias set hello live 3
        brigade alias set hello live 3 --also 4 --weight 0.1
        brigade alias list hello
        brigade alias delete hello live
        """

    enum Action: String, ExpressibleByArgument, CaseIterable {
        case list, set, delete
    }

    static let configuration = CommandConfiguration(
        commandName: "alias",
        abstract: "Names that point to versions, and split traffic between two.",
        usage: "brigade alias list|set|delete <function> [<alias>] [<version>] [options]")

    @Argument(help: "list, set or delete.")
    var action: Action
    @Argument(help: "The function's name.")
    var function: String
    @Argument(help: "The alias's name.")
    var alias: String?
    @Argument(help: "The version that it points to.")
    var version: String?
    @Option(
        help: .init("A second version that takes a share (default: none).", valueName: "version"))
    var also: String?
    @Option(help: .init("That share, 0 to 1 (default: 0.1 with --also).", valueName: "share"))
    var weight: Double?
    @Option(help: .init("What it is for.", valueName: "text"))
    var description: String?
    @OptionGroup(title: "Runtime options")
    var runtime: RuntimeOptions

    func validate() throws {
        if action != .list, alias == nil { throw ValidationError("Name the alias.") }
        if action == .set, version == nil {
            throw ValidationError("Name the version that the alias shall point to.")
        }
        if weight != nil, also == nil {
            throw ValidationError("--weight is the share of the version named by --also.")
        }
    }

    mutating func run() async throws {
        let client = try LambdaClient(runtime)
        switch action {
        case .list:
            let aliases = try await Self.all(function, client)
            if runtime.json {
                StandardStreams.output(
                    JSONValue.object(["aliases": .array(aliases.map(\.json))]).text)
            } else {
                StandardStreams.output(
                    aliases.isEmpty ? "\(function) has no aliases." : Self.table(aliases))
            }
        case .set: try await set(client)
        case .delete:
            _ = try await client.send(.delete, Self.path(function, alias!))
            if !runtime.json { StandardStreams.output("Deleted \(alias!) of \(function).") }
        }
    }

    private static func path(_ function: String, _ alias: String) -> String {
        LambdaClient.path(
            function, "aliases/" + URIEncoding.encode(alias.utf8, keepSlash: false))
    }

    private func set(_ client: LambdaClient) async throws {
        let existing = try await Self.all(function, client).contains { $0.Name == alias }
        let weights = also.map { [JSONValue.Member(name: $0, value: .number("\(weight ?? 0.1)"))] }
        var members: [JSONValue.Member] = [
            .init(name: "FunctionVersion", value: .string(version!)),
            // Always said, because what is not said would stay.
            .init(
                name: "RoutingConfig",
                value: .object(["AdditionalVersionWeights": .object(weights ?? [])])),
        ]
        if let description {
            members.append(.init(name: "Description", value: .string(description)))
        }
        if !existing { members.append(.init(name: "Name", value: .string(alias!))) }
        let body = Array(JSONValue.object(members).text.utf8)
        let answer = try await client.send(
            existing ? .put : .post,
            existing ? Self.path(function, alias!) : LambdaClient.path(function, "aliases"),
            body: body
        ).decoded(AliasDocument.self)
        StandardStreams.output(
            runtime.json
                ? answer.json.text : "\(function):\(answer.Name) points to \(answer.route).")
    }

    static func all(_ function: String, _ client: LambdaClient) async throws -> [AliasDocument] {
        try await client.pages(AliasDocument.Page.self, LambdaClient.path(function, "aliases"))
            .flatMap(\.Aliases)
    }

    static func table(_ aliases: [AliasDocument]) -> String {
        TextLayout.table(
            ["ALIAS", "VERSION", "DESCRIPTION"],
            aliases.map { [$0.Name, $0.route, $0.Description ?? ""] })
    }
}
