import ArgumentParser
import Signing

/// `brigade reconcile [RULE …]`
struct ReconcileCommand: ExampledCommand {
    static let example = """
        brigade reconcile
        brigade reconcile photos
        """

    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Have a running `brigade up` compare both sides of its rules now.")

    @Argument(help: "The rules (default: all).")
    var rules: [String] = []
    @OptionGroup(title: "Runtime options")
    var runtime: RuntimeOptions

    mutating func run() async throws {
        let client = try LambdaClient(runtime)
        _ = try await client.send(
            .post, "/2026-11-25/replications/scans",
            query: rules.map { (name: "rule", value: $0) })
        guard !runtime.json else {
            return StandardStreams.output(JSONValue.object(["status": .string("begun")]).text)
        }
        StandardStreams.output("It has begun. See how it goes: brigade status")
    }
}
