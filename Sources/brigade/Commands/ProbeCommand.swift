import ArgumentParser
import Functions
import Lambda
import Runtime
import S3

/// `brigade probe s3://…`
struct ProbeCommand: ExampledCommand {
    static let example = """
        brigade probe s3://minio@photos
        brigade probe --json s3://offsite@photos-copy/scratch
        """

    static let configuration = CommandConfiguration(
        commandName: "probe",
        abstract: "Find out what a store supports, and leave nothing behind.",
        usage: "brigade probe [options] <location>",
        discussion: """
            Writes some twenty small objects, and one of 5 MiB, under .brigade-probe-… in the \
            place named, asks about them and deletes them again.
            """)

    @Argument(help: "s3://CONNECTION@bucket/folder, or s3://bucket/folder.")
    var location: String
    @OptionGroup var common: CommonOptions

    mutating func run() async throws {
        let compose = try Compose(common)
        let side = try compose.side(location)
        _ = try await TransferRun.check([side], compose, isQuiet: common.quiet)
        let meter = UsageMeter()
        let probe = DialectProbe(
            side.place.client.metered(by: meter), bucket: side.place.bucket,
            under: side.place.prefix)
        let findings: DialectFindings
        do {
            findings = try await probe.run()
        } catch {
            if Task.isCancelled {
                throw CommandFailure(
                    .interrupted, "interrupted", advice: "What was written is deleted again.")
            }
            throw await compose.explain(StoreFailure(error), [side])
        }
        if common.json {
            StandardStreams.output(
                String(decoding: try LambdaJSON.encode(findings), as: UTF8.self))
        } else if !common.quiet {
            let lines = [
                findings.table, "",
                Self.summary(findings, meter, compose.prices([side]), compose.card),
            ]
            StandardStreams.output(lines.joined(separator: "\n"))
        }
        guard findings.leftovers.isEmpty else {
            let names = findings.leftovers.prefix(3).map(\.description).joined(separator: ", ")
            StandardStreams.error(
                "brigade: \(Quantity.count(findings.leftovers.count, "object")) could not be"
                    + " deleted again: \(names)\n  May this key delete there?")
            throw ExitStatus.someFailed
        }
    }

    /// "31 of 38 supported, asked with 152 requests for $0.00."
    private static func summary(
        _ findings: DialectFindings, _ meter: UsageMeter, _ prices: [String: StorePrices],
        _ card: RateCard
    ) -> String {
        let usage = meter.lines.map { InvocationUsage.Line($0) }
        let bill = Statement(run: "", card: card, tallies: [], usage: usage, prices: prices)
        let requests = usage.reduce(0) { $0 + $1.requests }
        let supported = findings.findings.count { $0.support == .yes }
        return "\(supported) of \(findings.findings.count) supported; asked with "
            + "\(Quantity.count(requests, "request")), \(bill.total)."
    }
}
