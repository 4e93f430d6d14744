import Foundation
import Runtime

/// What `brigade status` prints: one line a rule and destination.
struct ReplicationStatus {
    let status: ChangeStatus
    /// Unix milliseconds.
    let now: Int64

    /// A scan's report, as far as it is shown.
    private struct Report: Decodable {
        var found: Int
    }

    var line: String {
        var parts = [state]
        if let p50 = status.lagSeconds.p50, let p99 = status.lagSeconds.p99 {
            parts.append("lag p50 \(Self.time(p50)), p99 \(Self.time(p99))")
        }
        if let share = status.shareInTime {
            let percent = Quantity.decimal((share * 10_000).rounded(.down) / 100, places: 2)
            parts.append("\(percent) % within \(Self.time(status.lagTargetSeconds))")
        }
        parts.append(scan)
        if status.failed > status.heldDeletes {
            parts.append("\(Quantity.count(status.failed - status.heldDeletes)) failed")
        }
        if status.heldDeletes > 0 {
            parts.append("\(Quantity.count(status.heldDeletes)) deletes wait for you")
        }
        return parts.joined(separator: " · ")
    }

    private var state: String {
        if status.pending == 0, status.running == 0 { return "in step, 0 waiting" }
        var text =
            "\(Quantity.count(status.pending)) waiting, \(status.running) at work, oldest "
            + Self.time(status.oldestPendingSeconds)
        if let trouble = status.trouble { text += ": \(trouble)" }
        return text
    }

    private var scan: String {
        if let failure = status.scan.failure { return "reconciling fails: \(failure)" }
        if let begun = status.scan.begunAt {
            let since = Self.time(Double(max(0, now - begun)) / 1000)
            return (status.scan.endedAt == nil ? "backfilling" : "reconciling") + " since \(since)"
        }
        guard let ended = status.scan.endedAt else { return "not reconciled yet" }
        let date = Date(timeIntervalSince1970: Double(ended) / 1000)
        var text =
            "reconciled "
            + date.formatted(
                .verbatim(
                    "\(year: .defaultDigits)-\(month: .twoDigits)-\(day: .twoDigits) \(hour: .twoDigits(clock: .twentyFourHour, hourCycle: .zeroBased)):\(minute: .twoDigits)",
                    timeZone: .current, calendar: Calendar(identifier: .gregorian)))
        // What a later release reports may be of another shape.
        if let report = status.scan.report,
            let read = try? JSONDecoder().decode(Report.self, from: Data(report.utf8))
        {
            text += ", \(Quantity.count(read.found)) found"
        }
        if let refusal = status.scan.refusal { text += ", \(refusal)" }
        return text
    }

    /// "12 ms", "1.4 s", "3 m 12 s"
    static func time(_ seconds: Double) -> String {
        // Of what is shown rounded, nothing reads "1000 ms" or "60.0 s".
        if seconds < 0.9995 { return "\(Int((seconds * 1000).rounded())) ms" }
        if seconds < 59.95 { return Quantity.decimal(seconds, places: 1) + " s" }
        let whole = max(60, Int(seconds))
        if whole < 3600 { return "\(whole / 60) m" + (whole % 60 > 0 ? " \(whole % 60) s" : "") }
        if whole < 86_400 {
            return "\(whole / 3600) h" + (whole % 3600 >= 60 ? " \(whole % 3600 / 60) m" : "")
        }
        return "\(whole / 86_400) d"
    }

    static func text(_ statuses: [ChangeStatus], now: Int64) -> String {
        guard !statuses.isEmpty else {
            return "There are no rules: brigade.yaml has none under replications."
        }
        let width = statuses.map { $0.subscription.count }.max() ?? 0
        let margin = width + 10
        return statuses.map { status in
            let lines = TextLayout.wrap(
                ReplicationStatus(status: status, now: now).line,
                width: max(40, TextLayout.widestColumns - margin))
            return TextLayout.padded(status.subscription, to: width) + "   live   "
                + lines.joined(separator: "\n" + String(repeating: " ", count: margin))
        }.joined(separator: "\n")
    }
}
