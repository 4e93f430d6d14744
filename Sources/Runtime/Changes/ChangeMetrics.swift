/// What a Prometheus reads.
///
/// Source of the format: <https://prometheus.io/docs/instrumenting/exposition_formats/>
enum ChangeMetrics {
    private struct Metric: Sendable {
        var name: String
        var kind = "gauge"
        var help: String
        var value: @Sendable (ChangeStatus) -> [(labels: String, value: Double)]
    }

    private static func one(
        _ value: @escaping @Sendable (ChangeStatus) -> Double?
    ) -> @Sendable (ChangeStatus) -> [(labels: String, value: Double)] {
        { @Sendable status in value(status).map { [("", $0)] } ?? [] }
    }

    private static let metrics: [Metric] = [
        Metric(name: "pending", help: "Keys that wait.", value: one { Double($0.pending) }),
        Metric(name: "running", help: "Invocations that run.", value: one { Double($0.running) }),
        Metric(name: "failed", help: "Keys that were given up.", value: one { Double($0.failed) }),
        Metric(
            name: "held_deletes", help: "Deletes that wait for a person.",
            value: one { Double($0.heldDeletes) }),
        Metric(
            name: "oldest_pending_seconds", help: "Age of the oldest key that waits.",
            value: one { $0.oldestPendingSeconds }),
        Metric(
            name: "lag_seconds", help: "From a change to its proven copy, of the last hour.",
            value: { status in
                [("0.5", status.lagSeconds.p50), ("0.99", status.lagSeconds.p99)].compactMap {
                    quantile, value in value.map { (",quantile=\"\(quantile)\"", $0) }
                }
            }),
        Metric(
            name: "in_time_ratio", help: "Share of the last hour's changes within the target.",
            value: one { $0.shareInTime }),
        Metric(
            name: "scan_age_seconds", help: "Since the last reconciliation came to its end.",
            value: one { status in
                status.scan.endedAt.map { Double(UnixTime.milliseconds() - $0) / 1000 }
            }),
        Metric(
            name: "in_trouble", help: "1 while every attempt fails.",
            value: one { $0.trouble == nil ? 0 : 1 }),
    ]

    static func text(_ statuses: [ChangeStatus]) -> String {
        var text = ""
        for metric in metrics {
            let name = "brigade_replication_\(metric.name)"
            text += "# HELP \(name) \(metric.help)\n# TYPE \(name) \(metric.kind)\n"
            for status in statuses {
                for sample in metric.value(status) {
                    text +=
                        "\(name){rule=\"\(escaped(status.name))\",subscription=\"\(escaped(status.subscription))\"\(sample.labels)} \(sample.value)\n"
                }
            }
        }
        return text
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing(
            "\n", with: "\\n")
    }
}
