import ArgumentParser
import Replication

/// `brigade verify SRC DST`
struct VerifyCommand: ExampledCommand {
    static let example = """
        brigade verify s3://minio@photos s3://offsite@photos-copy
        brigade verify --mode bytes s3://minio@photos s3://offsite@photos-copy
        """

    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Compare both sides, list every difference, write nothing.",
        usage: "brigade verify [options] <source> <destination>")

    @OptionGroup var places: PlaceArguments
    @Option(help: .init("What is compared: etag, checksum or bytes.", valueName: "mode"))
    var mode = AuditMode.etag
    @Option(help: .init("Objects at once, 1 to 1024.", valueName: "n"))
    var concurrency = 32
    @OptionGroup var filter: FilterOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (1...1024).contains(concurrency) else {
            throw ValidationError("--concurrency must be from 1 to 1024, not \(concurrency).")
        }
    }

    mutating func run() async throws {
        let compose = try Compose(common, connectionsPerHost: concurrency)
        var run = VerifyRun(source: places.source, destination: places.destination)
        run.mode = mode
        run.filter = filter.filter
        run.concurrency = concurrency
        run.isJSON = common.json
        run.isQuiet = common.quiet
        try await run.run(compose)
    }
}

extension AuditMode: ExpressibleByArgument {}
