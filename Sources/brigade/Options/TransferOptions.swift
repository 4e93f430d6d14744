import ArgumentParser
import Functions

/// How objects are moved.
struct TransferOptions: ParsableArguments {
    @Option(help: .init("Objects at once, 1 to 1024.", valueName: "n"))
    var concurrency = ReconcileEvent.defaultConcurrency

    @Option(
        help: .init("Parts of large objects (default: the source's own).", valueName: "size"))
    var partSize: ByteSize?

    @Option(help: .init("Bytes a second, as in 50M (default: no limit).", valueName: "rate"))
    var bandwidth: ByteSize?

    @Option(
        help: .init("Stop before the run costs more, in dollars, as 0.50.", valueName: "amount"))
    var budget: BudgetAmount?

    /// 5 MiB to 5 GiB. Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
    static let partSizes: ClosedRange<Int64> = 5 << 20...5 << 30

    func validate() throws {
        guard (1...1024).contains(concurrency) else {
            throw ValidationError("--concurrency must be from 1 to 1024, not \(concurrency).")
        }
        if let partSize, !Self.partSizes.contains(partSize.bytes) {
            throw ValidationError("--part-size must be from 5M to 5G: S3 takes no other parts.")
        }
        if let bandwidth, bandwidth.bytes < 1024 {
            throw ValidationError("--bandwidth must be at least 1K a second.")
        }
    }
}
