import ArgumentParser

/// What every command that speaks to a running `brigade up` takes.
struct RuntimeOptions: ParsableArguments {
    @Option(
        help: .init(
            "Where it listens (default: as it wrote in its state folder).", valueName: "url"))
    var endpoint: String?

    @Option(
        help: .init("Its state folder (default: ~/.local/state/brigade).", valueName: "dir"))
    var state: String?

    @Flag(help: "One JSON document on standard output (default: text).")
    var json = false
}
