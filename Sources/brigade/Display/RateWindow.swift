/// Rates over the last seconds, from samples of running totals.
struct RateWindow: Sendable {
    static let span = Duration.seconds(5)

    private var samples: [(at: ContinuousClock.Instant, objects: Int, bytes: Int64)] = []

    /// Adds a sample; returns objects and bytes a second since the oldest one within the span.
    mutating func rates(
        at now: ContinuousClock.Instant, objects: Int, bytes: Int64
    ) -> (objects: Double, bytes: Double) {
        samples.append((now, objects, bytes))
        while samples.count > 2, now - samples[0].at > Self.span { samples.removeFirst() }
        guard let first = samples.first else { return (0, 0) }
        let seconds = Quantity.inSeconds(now - first.at)
        guard seconds > 0.05 else { return (0, 0) }
        return (
            Double(objects - first.objects) / seconds,
            max(0, Double(bytes - first.bytes)) / seconds
        )
    }
}
