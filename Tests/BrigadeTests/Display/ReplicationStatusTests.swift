import Foundation
import Runtime
import Testing

@testable import brigade

struct ReplicationStatusTests {
    private static let now: Int64 = 1_795_615_200_000

    /// As the API answers it: the type is the runtime's to make.
    private func status(_ fields: String = "", scan: String = "{}") throws -> ChangeStatus {
        var document = try #require(
            try JSONSerialization.jsonObject(
                with: Data(
                    #"""
                    {"subscription":"photos","name":"photos","pending":0,"backfill":0,"running":0,"failed":0,
                     "heldDeletes":0,"oldestPendingSeconds":0,"lagSeconds":{},"replicated":0,"lagTargetSeconds":900}
                    """#.utf8)) as? [String: Any])
        let more =
            try JSONSerialization.jsonObject(
                with: Data("{\(fields)}".utf8)) as? [String: Any]
        document.merge(try #require(more)) { $1 }
        document["scan"] = try JSONSerialization.jsonObject(with: Data(scan.utf8))
        return try JSONDecoder().decode(
            ChangeStatus.self, from: JSONSerialization.data(withJSONObject: document))
    }

    @Test(arguments: [
        ("", "{}", "in step, 0 waiting · not reconciled yet"),
        (
            #""pending":1234,"running":8,"oldestPendingSeconds":75,"trouble":"it is away""#, "{}",
            "1,234 waiting, 8 at work, oldest 1 m 15 s: it is away · not reconciled yet"
        ),
        (
            #""lagSeconds":{"p50":0.012,"p99":1.44},"shareInTime":0.99999"#,
            #"{"begunAt":1795615188000}"#,
            "in step, 0 waiting · lag p50 12 ms, p99 1.4 s · 99.99 % within 15 m · backfilling since 12.0 s"
        ),
        (
            "", #"{"endedAt":1,"begunAt":1795611600000}"#,
            "in step, 0 waiting · reconciling since 1 h"
        ),
        (
            #""failed":5,"heldDeletes":2"#, #"{"failure":"no bucket"}"#,
            "in step, 0 waiting · reconciling fails: no bucket · 3 failed · 2 deletes wait for you"
        ),
    ])
    func aLine(_ fields: String, _ scan: String, _ line: String) throws {
        let status = try status(fields, scan: scan)
        #expect(ReplicationStatus(status: status, now: Self.now).line == line)
    }

    @Test(arguments: [
        (#"{\"found\":1200,\"deletes\":\"allowed\",\"extras\":0}"#, ", 1,200 found"),
        (#"{\"other\":1}"#, ""),
    ])
    func whatAScanFound(_ report: String, _ end: String) throws {
        let status = try status(scan: #"{"endedAt":1795615200000,"report":"\#(report)"}"#)
        let line = ReplicationStatus(status: status, now: Self.now).line
        let text = try #require(line.components(separatedBy: " · reconciled ").last)
        #expect(text.dropFirst("2026-11-25 14:00".count) == end)
    }

    @Test func whatAScanDidNotDelete() throws {
        let status = try status(scan: #"{"endedAt":1795615200000,"refusal":"the source is empty"}"#)
        let line = ReplicationStatus(status: status, now: Self.now).line
        #expect(line.hasSuffix(", the source is empty"))
        func refusal(_ deletes: String) -> String? {
            LiveRules.refusal(#"{"found":0,"deletes":"\#(deletes)","extras":3}"#)
        }
        #expect(refusal("overCap")?.hasPrefix("3 objects are gone") == true)
        #expect(refusal("emptySource")?.hasPrefix("the source is empty") == true)
        #expect(refusal("allowed") == nil)
        #expect(LiveRules.refusal("{}") == nil)
    }

    @Test(
        arguments: [
            (0, "0 ms"), (0.9994, "999 ms"), (1, "1.0 s"), (60, "1 m"), (3599, "59 m 59 s"),
            (3600, "1 h"), (5400, "1 h 30 m"), (86_400 * 3, "3 d"),
            // Never "1000 ms" or "60.0 s".
            (0.9996, "1.0 s"), (59.97, "1 m"),
        ] as [(Double, String)])
    func times(_ seconds: Double, _ text: String) {
        #expect(ReplicationStatus.time(seconds) == text)
    }

    @Test func allUnderOneAnother() throws {
        var long = try status()
        long.subscription = "photos → s3://there"
        let text = ReplicationStatus.text([try status(), long], now: Self.now)
        let lines: [Substring] = text.split(separator: "\n" as Character)
        let columns = lines.map { $0.prefix { $0 != "·" }.count }
        #expect(Set(columns).count == 1)
        #expect(ReplicationStatus.text([], now: Self.now).hasPrefix("There are no rules"))
    }
}
