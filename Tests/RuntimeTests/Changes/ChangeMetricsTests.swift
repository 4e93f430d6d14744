import Foundation
import Testing

@testable import Runtime

@Suite struct ChangeMetricsTests {
    private static func status(_ name: String, _ isFull: Bool) -> ChangeStatus {
        ChangeStatus(
            subscription: "\(name) → s3://there", name: name, pending: 3, backfill: 1, running: 2,
            failed: 4, heldDeletes: 1, oldestPendingSeconds: 0.00001,
            lagSeconds: isFull ? .init(p50: 0.5, p99: 1e9) : .init(), replicated: 9,
            shareInTime: isFull ? 0.75 : nil, lagTargetSeconds: 900,
            scan: .init(endedAt: isFull ? 1_795_615_200_000 : nil),
            trouble: isFull ? "a \"quoted\" thing" : nil)
    }

    /// Every line as the format has it: <https://prometheus.io/docs/instrumenting/exposition_formats/>
    @Test func isAnExposition() throws {
        let text = ChangeMetrics.text([
            Self.status("plain", false), Self.status("a \"b\" \\ c\nd", true),
        ])
        #expect(text.hasSuffix("\n"))
        let sample =
            /^([a-zA-Z_:][a-zA-Z0-9_:]*)\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*",?)+)\} (\S+)$/
        var kinds: Set<String> = []
        var samples: Set<String> = []
        var helped: String?
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            if line.hasPrefix("# HELP ") {
                helped = words[2]
                #expect(words.count == 4)
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == helped && words[3] == "gauge")
                #expect(kinds.insert(words[2]).inserted, "\(words[2]) comes twice")
            } else {
                let match = try #require(String(line).wholeMatch(of: sample), "\(line)")
                #expect(String(match.1) == helped)
                #expect(Double(match.3) != nil, "\(line)")
                #expect(samples.insert("\(match.1){\(match.2)}").inserted, "\(line)")
            }
        }
        #expect(kinds.count == 9)
        let escaped = #"rule="a \"b\" \\ c\nd",subscription="a \"b\" \\ c\nd → s3://there""#
        for line in [
            #"pending{rule="plain",subscription="plain → s3://there"} 3.0"#,
            "in_trouble{\(escaped)} 1.0", "lag_seconds{\(escaped),quantile=\"0.5\"} 0.5",
            "in_time_ratio{\(escaped)} 0.75", "held_deletes{\(escaped)} 1.0",
        ] {
            #expect(text.contains("\nbrigade_replication_\(line)\n"), "\(line)")
        }
        // What is not known is not said.
        #expect(text.matches(of: /in_time_ratio\{/).count == 1)
        #expect(text.matches(of: /lag_seconds\{/).count == 2)
    }
}
