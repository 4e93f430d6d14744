import ArgumentParser
import Functions

/// `brigade sync SRC DST [--delete]`
struct SyncCommand: ExampledCommand {
    static let example = """
        brigade sync s3://minio@photos s3://offsite@photos-copy --delete --dry-run
        """

    static let configuration = CommandConfiguration(
        commandName: "sync",
        abstract: "Copy what differs; with --delete remove what is gone.",
        usage: "brigade sync [options] <source> <destination>")

    @OptionGroup var places: PlaceArguments
    @Flag(help: "Delete what only the destination has (default: keep).")
    var delete = false
    @Option(help: .init("Delete nothing when it would be more.", valueName: "n"))
    var maxDelete = ReconcileEvent.defaultMaxDelete
    @Flag(name: .shortAndLong, help: "Show what would be done and its cost (default: off).")
    var dryRun = false
    @Flag(help: "Look at every object, trust no listing (default: off).")
    var full = false
    @OptionGroup var filter: FilterOptions
    @OptionGroup var transfer: TransferOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard maxDelete >= 0 else {
            throw ValidationError("--max-delete must not be negative.")
        }
    }

    mutating func run() async throws {
        let compose = try Compose(
            common, bandwidth: transfer.bandwidth, connectionsPerHost: transfer.connections)
        var run = TransferRun(source: places.source, destination: places.destination)
        run.configure(filter, transfer, common)
        run.command = "sync"
        run.isDryRun = dryRun
        run.isFull = full
        run.deletes = delete ? .propagate : .keep
        run.maxDelete = maxDelete
        try await run.run(compose)
    }
}
