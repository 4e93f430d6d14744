import ArgumentParser

/// What every command that speaks to stores takes.
struct CommonOptions: ParsableArguments {
    @Flag(help: "One JSON document on standard output (default: text).")
    var json = false

    @Flag(name: .shortAndLong, help: "No progress, no summary; errors only (default: off).")
    var quiet = false

    @Flag(name: .shortAndLong, help: "A line for each object (default: off).")
    var verbose = false

    @Option(help: .init("Configuration (default: ./brigade.yaml if there).", valueName: "file"))
    var config: String?

    @Option(
        help: .init(
            "Records of runs (default: ~/.local/state/brigade).",
            valueName: "dir"))
    var state: String?

    @Option(
        help: .init(
            "notes, aws-us-east-1, free or a file.json (default: notes).",
            valueName: "card"))
    var rates: String?

    func validate() throws {
        if quiet, verbose {
            throw ValidationError("--quiet and --verbose contradict each other: name one.")
        }
    }
}
