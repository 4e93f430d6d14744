import Functions
import Runtime

/// What an invocation will ask of two sides of which one or both charge, at most, when no request must be repeated.
struct RequestEstimate: Sendable {
    var source: RequestPrices
    var destination: RequestPrices
    /// Whether bytes received from the source are charged.
    var paysTransfer: Bool
    var partSizeBytes: Int64?

    /// Looks at an object and its tags, lists of parts, and what a conditional write may take twice.
    private static let requestsBesideParts: Int64 = 8
    /// On their way at once, with those that are read ahead: two a side and key range.
    private static let listingsAtOnce: Int64 = 16

    /// Nil when neither side charges.
    init?(
        source: StorePrices, destination: StorePrices, card: RateCard, partSizeBytes: Int64? = nil
    ) {
        guard source != .free || destination != .free else { return nil }
        self.source = source == .free ? .free : card.requests
        self.destination = destination == .free ? .free : card.requests
        paysTransfer = source != .free && !card.transfer.isEmpty
        self.partSizeBytes = partSizeBytes
    }

    func replicate(_ event: ReplicateEvent) -> BudgetMeter.Estimate {
        let looks = Self.requestsBesideParts * (source.read + destination.read)
        guard !event.dryRun else {
            return BudgetMeter.Estimate(storeRequests: Money(picodollars: looks))
        }
        let size = event.evidence?.source?.size ?? 0
        let partBytes = partSizeBytes ?? TransferEstimate.partBytes
        let parts = max(
            1, Int64(event.evidence?.source?.eTag.partCount ?? 1),
            (size + partBytes - 1) / partBytes)
        // A part may be looked at, read and, where it must, read back.
        let each = 2 * source.read + destination.read + destination.write
        return BudgetMeter.Estimate(
            storeRequests: Money(picodollars: looks + parts * each + 4 * destination.write),
            transferBytes: paysTransfer ? size : 0)
    }

    var listings: BudgetMeter.Estimate {
        BudgetMeter.Estimate(
            storeRequests: Money(
                picodollars: Self.listingsAtOnce * max(source.write, destination.write)))
    }

    func verify(_ event: VerifyEvent) -> BudgetMeter.Estimate {
        var estimate = listings
        estimate.storeRequests += Money(
            picodollars: Int64(event.concurrency) * 2 * (source.read + destination.read))
        return estimate
    }
}
