import ArgumentParser

/// `brigade publish NAME`
struct PublishCommand: ExampledCommand {
    static let example = """
        brigade publish hello --description faster
        """

    static let configuration = CommandConfiguration(
        commandName: "publish",
        abstract: "Freeze a function's code and configuration as its next version.",
        discussion: "Without a change since the last version, that version is told again.")

    @Argument(help: "Its name.")
    var name: String
    @Option(help: .init("What is new (default: the function's own).", valueName: "text"))
    var description: String?
    @OptionGroup(title: "Runtime options")
    var runtime: RuntimeOptions

    mutating func run() async throws {
        let client = try LambdaClient(runtime)
        var members: [JSONValue.Member] = []
        if let description {
            members.append(.init(name: "Description", value: .string(description)))
        }
        let version = try await client.send(
            .post, LambdaClient.path(name, "versions"),
            body: Array(JSONValue.object(members).text.utf8)
        ).decoded(FunctionDocument.self)
        StandardStreams.output(
            runtime.json
                ? version.json.text : "Version \(version.Version) of \(version.FunctionName).")
    }
}
