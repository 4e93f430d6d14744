import ArgumentParser
import Functions

/// `brigade copy SRC DST`
struct CopyCommand: ExampledCommand {
    static let example = """
        brigade copy s3://minio@photos s3://offsite@photos-copy
        brigade copy --dry-run --include '*.jpg' s3://photos/2024 s3://offsite@archive/2024
        """

    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy what is missing or differs; never delete.",
        usage: "brigade copy [options] <source> <destination>")

    @OptionGroup var places: PlaceArguments
    @Flag(name: .shortAndLong, help: "Show what would be done and its cost (default: off).")
    var dryRun = false
    @Flag(help: "Look at every object, trust no listing (default: off).")
    var full = false
    @OptionGroup var filter: FilterOptions
    @OptionGroup var transfer: TransferOptions
    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let compose = try Compose(
            common, bandwidth: transfer.bandwidth, connectionsPerHost: transfer.connections)
        var run = TransferRun(source: places.source, destination: places.destination)
        run.configure(filter, transfer, common)
        run.isDryRun = dryRun
        run.isFull = full
        try await run.run(compose)
    }
}

/// Where from, where to.
struct PlaceArguments: ParsableArguments {
    @Argument(help: "s3://CONNECTION@bucket/folder, or s3://bucket/folder.")
    var source: String

    @Argument(help: "The same form; its bucket must exist.")
    var destination: String
}

extension TransferOptions {
    /// Each object may move in four parts at once.
    var connections: Int { concurrency * 4 }
}

extension TransferRun {
    mutating func configure(
        _ filter: FilterOptions, _ transfer: TransferOptions, _ common: CommonOptions
    ) {
        self.filter = filter.filter
        partSizeBytes = transfer.partSize?.bytes
        concurrency = transfer.concurrency
        budget = transfer.budget?.money
        isJSON = common.json
        isQuiet = common.quiet
        isVerbose = common.verbose
    }
}
