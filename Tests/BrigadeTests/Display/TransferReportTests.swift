import Foundation
import Functions
import Replication
import Runtime
import S3
import Testing

@testable import brigade

struct TransferReportTests {
    private func first(_ report: TransferReport) -> String {
        String(report.text.split(separator: "\n  ").first ?? "").replacing("\n", with: " ")
    }

    private static let words = Sample.store(code: "AccessDenied", status: 403)

    struct Row: Sendable {
        var sentence: String
        var change: @Sendable (inout ReconcileResult) -> Void

        init(_ sentence: String, _ change: @escaping @Sendable (inout ReconcileResult) -> Void) {
            self.sentence = sentence
            self.change = change
        }
    }

    private static let rows = [
        Row(
            "Copied 12,408 objects (4.2 GiB) in 0:38, every one proven (11,902 by ETag, 506 by"
                + " checksum)."
        ) {
            $0.copied = 12_408
            $0.bytes = 4_509_715_661
            $0.proofs.eTag = 11_902
            $0.proofs.checksum = 506
        },
        Row("Copied 3 objects (10 B) in 0:38, proven (2 by reading back).") {
            $0.copied = 3
            $0.bytes = 10
            $0.proofs.readBack = 2
        },
        Row(
            "Copied 1 object (1.0 KiB) in 0:38, every one proven (1 by ETag). Updated the metadata"
                + " of 2, deleted 3, 4 failed. 6 were in step."
        ) {
            $0.copied = 1
            $0.bytes = 1024
            $0.proofs.eTag = 1
            $0.updated = 2
            $0.deleted = 3
            $0.failed = 4
            $0.tally.unchanged = 5
            $0.skipped = 1
        },
        Row("Deleted 3 in 0:38.") { $0.deleted = 3 },
        Row("Updated the metadata of 2 in 0:38.") { $0.updated = 2 },
        Row("Nothing to copy: 10 objects (2.0 KiB) in step, looked at in 0:38.") {
            $0.tally.unchanged = 10
        },
        Row("Nothing to copy: the source has no objects (0:38).") { $0.tally.sourceObjects = 0 },
        Row("Nothing to copy: the filter leaves no object of the source (0:38).") {
            $0.tally.sourceObjects = 0
            $0.tally.filtered = 7
        },
        // A source that could not be listed is not known to be empty.
        Row("Copied nothing in 0:38.") {
            $0.tally.sourceObjects = 0
            $0.ending = .storeFailed(words)
        },
        Row("Copied nothing in 0:38.") { $0.ending = .cancelled },
        Row("Copied nothing in 0:38.") { $0.ending = .failed(message: "no room") },
    ]

    @Test(arguments: rows)
    func saysWhatWasDone(_ row: Row) {
        #expect(first(Sample.report(row.change)) == row.sentence)
    }

    @Test func whatWasNotKeptIsCountedInOneNote() {
        let report = Sample.report {
            $0.copied = 1500
            var classes = ReconcileResult.NotKeptCount(.storageClass)
            classes.objects = 1200
            classes.values = ["STANDARD_IA", "GLACIER_IR"]
            $0.notKept = [classes]
            $0.notes = ["tags are not supported by there"]
        }
        let note = "storage class not kept: 1,200 objects (GLACIER_IR, STANDARD_IA)"
        #expect(report.text.contains("Note: \(note)\n"))
        #expect(report.text.contains("Note: tags are not supported by there"))
        #expect(report.json(failureList: nil).text.contains("\"notes\": [\"\(note)\", \"tags are"))
    }

    @Test func everyLineFits() {
        for isDryRun in [false, true] {
            var report = Sample.report {
                $0.copied = 1_234_567_890
                $0.copiedNew = 1_000_000_000
                $0.bytes = 1 << 60
                $0.proofs.eTag = 1_234_567_889
                $0.proofs.checksum = 1
                $0.updated = 1_234_567_890
                $0.deleted = 1_234_567_890
                $0.failed = 1_234_567_890
                $0.extras = 1_234_567_890
                $0.deletes = .heldByFailures
                $0.notes = (0..<9).map {
                    "note \($0) " + String(repeating: "of many words ", count: 12)
                }
            }
            report.isDryRun = isDryRun
            report.estimate = TransferEstimate(
                source: "a", destination: "b", concurrency: 1, latency: .milliseconds(1),
                puts: 1_234_567_890, copies: 1_234_567_890, deletes: 1_234_567_890,
                gets: 1_234_567_890, bytes: 1 << 60)
            let lines = report.text.split(separator: "\n")
            #expect(lines.filter { $0.count > 100 } == [])
            let text = report.text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            // Whole, and no more than five.
            #expect(
                text.contains(
                    "note 4 " + String(repeating: "of many words ", count: 11) + "of many words"))
            #expect(!text.contains("note 5"))
            #expect(text.contains("and 4 more notes."))
        }
    }

    @Test func aDryRunIsATableAndAnEstimate() {
        var report = Sample.report {
            $0.copied = 1200
            $0.copiedNew = 1000
            $0.bytes = 10 << 20
            $0.updated = 3
            $0.extras = 2
            $0.deletes = .allowed
            $0.deleted = 2
            $0.tally.unchanged = 8
        }
        report.isDryRun = true
        report.estimate = TransferEstimate(
            source: "a", destination: "b", concurrency: 10, latency: .milliseconds(10), puts: 1200,
            copies: 3, deletes: 2, gets: 1200, bytes: 10 << 20)
        report.estimatedCost = Money(picodollars: 6_000_000_000)
        report.statement = Sample.statement(usage: [Sample.line("a", "LIST", 4)])
        #expect(
            report.text == """
                  would copy    1,200   10 MiB    new 1,000, changed 200
                  would update      3             metadata only
                  would delete      2
                  unchanged         8
                  Estimated: 1,200 GET, 1,200 PUT, 3 COPY, 2 DELETE, 4 LIST, $0.006000; about 0:04.
                """)
    }

    @Test(
        arguments: [
            (.overCap, "STOPPED: more than the cap of 1,000 (--max-delete)"),
            (.emptySource, "STOPPED: the source has no objects"),
            (.heldByFailures, "held: some objects could not be looked at"), (.allowed, ""),
        ] as [(DeleteGuard.Verdict, String)])
    func aDryRunSaysWhatTheGuardWould(_ verdict: DeleteGuard.Verdict, _ words: String) {
        var report = Sample.report {
            $0.extras = 5
            $0.deletes = verdict
        }
        report.isDryRun = true
        let row = report.text.split(separator: "\n").first { $0.contains("would delete") }
        #expect(row?.hasSuffix(words.isEmpty ? "5" : words) == true)
        report.result.deletes = .notAsked
        #expect(report.text.contains("  would keep        5             only at the destination"))
    }

    struct Ending: Sendable {
        var change: @Sendable (inout ReconcileResult) -> Void
        var status: ExitStatus
        var word: String
        var json: String
    }

    private static let endings = [
        Ending(change: { $0.copied = 1 }, status: .done, word: "completed", json: #""copied": 1"#),
        Ending(
            change: {
                $0.copied = 1
                $0.failed = 1
                $0.failures = [Sample.failure("k", words)]
            }, status: .someFailed, word: "completed", json: #""failures": [{"key": "k""#),
        Ending(
            change: {
                $0.deletes = .overCap
                $0.extras = 2000
            }, status: .guardStopped, word: "completed",
            json: #""onlyAtDestination": 2000, "deletes": "overCap""#),
        Ending(
            change: { $0.deletes = .emptySource }, status: .guardStopped, word: "completed",
            json: #""deletes": "emptySource""#),
        Ending(
            change: {
                $0.failed = 2
                $0.failures = [Sample.failure("k", words), Sample.failure("l", words)]
            }, status: .storeRefused, word: "completed", json: #""failed": 2"#),
        Ending(
            change: { $0.ending = .cancelled }, status: .interrupted, word: "interrupted",
            json: #""exitCode": 130"#),
        Ending(
            change: { $0.ending = .storeFailed(words) }, status: .storeRefused, word: "storeFailed",
            json: #""error": "the store's words""#),
        Ending(
            change: { $0.ending = .failed(message: "no \"room\"") }, status: .usage, word: "failed",
            json: #""error": "no \"room\"""#),
    ]

    @Test(arguments: endings)
    func everyEndingHasItsStatusAndItsWord(_ ending: Ending) throws {
        let report = Sample.report(ending.change)
        #expect(report.status == ending.status)
        let json = report.json(failureList: nil).text
        #expect(
            json.contains(#""status": "\#(ending.word)", "exitCode": \#(ending.status.rawValue)"#))
        #expect(json.contains(ending.json), "\(json)")
        _ = try JSONSerialization.jsonObject(with: Data(json.utf8))
        #expect((report.guardFailure != nil) == (ending.status == .guardStopped))
        if let stopped = report.guardFailure { #expect(stopped.status == .guardStopped) }
    }

    @Test func jsonHasTheListTheProofsAndTheEstimate() {
        var report = Sample.report {
            $0.copied = 2
            $0.proofs.checksum = 2
            $0.deleted = 3
            $0.deletes = .heldByFailures
        }
        #expect(report.json(failureList: "/x").text.contains(#""failureList": "/x""#))
        #expect(report.json(failureList: nil).text.contains(#""failureList": null"#))
        #expect(
            report.json(failureList: nil).text.contains(
                #""proven": {"eTag": 0, "checksum": 2, "readBack": 0}"#))
        #expect(!report.json(failureList: nil).text.contains("estimate"))
        #expect(report.json(failureList: nil).text.contains(#""deleted": 3"#))
        report.isDryRun = true
        report.estimate = TransferEstimate(
            source: "a", destination: "b", concurrency: 1, latency: .zero, puts: 1)
        report.estimatedCost = Money(picodollars: 5_000_000)
        let planned = report.json(failureList: nil).text
        // Held: none would be deleted.
        #expect(planned.contains(#""dryRun": true"#) && planned.contains(#""deleted": 0"#))
        #expect(planned.contains(#""put": 1,"#) && planned.contains(#""cost": 0.000005}"#))
    }

    @Test func aStopOfTheGuardSaysHowToGoOn() throws {
        let report = Sample.report {
            $0.deletes = .overCap
            $0.extras = 2000
        }
        let stopped = try #require(report.guardFailure)
        #expect(
            stopped.message
                == "2,000 objects would be deleted, more than the cap of 1,000: nothing was deleted"
        )
        #expect(stopped.rendered.contains("--max-delete 2000"))
    }

    @Test(arguments: [
        (
            DeleteGuard.Verdict.heldByFailures,
            "5 objects only at the destination: not deleted, because 2 failed."
        ),
        (.notAsked, "5 objects only at the destination, kept."),
    ])
    func saysWhyExtrasStay(_ verdict: DeleteGuard.Verdict, _ words: String) {
        let report = Sample.report {
            $0.copied = 1
            $0.failed = 2
            $0.extras = 5
            $0.deletes = verdict
        }
        #expect(report.text.split(separator: "\n").contains("  \(words)"))
    }

    @Test func oneRefusalThroughoutIsTheStores() {
        func isRefused(_ change: (inout ReconcileResult) -> Void) -> Bool {
            Sample.report(change).isRefusedThroughout
        }
        let here = Sample.failure("a", Sample.store(.noSpace))
        let there = Sample.failure("b", Sample.store(.noSpace, connection: "minio"))
        let other = Sample.failure("c", Sample.store(.accessDenied))
        func failing(_ failures: ReconcileFailure...) -> (inout ReconcileResult) -> Void {
            {
                $0.failed = failures.count
                $0.failures = failures
            }
        }
        #expect(isRefused(failing(here, here)))
        #expect(!isRefused(failing(here, there)))
        #expect(!isRefused(failing(here, other)))
        #expect(!isRefused(failing(here, Sample.failure("d"))))
        #expect(!isRefused(failing(Sample.failure("e", Sample.store(.integrity)))))
        #expect(!isRefused(failing()))
        #expect(
            !isRefused {
                failing(here)(&$0)
                $0.updated = 1
            })
    }
}

struct VerifyReportTests {
    private func report(_ change: (inout VerifyResult) -> Void) -> VerifyReport {
        var result = VerifyResult()
        result.compared = 10
        result.tally.sourceBytes = 2048
        change(&result)
        return VerifyReport(
            result: result, mode: .checksum, statement: Sample.statement(), elapsed: .seconds(5))
    }

    private func sentence(_ report: VerifyReport) -> String {
        report.text.split(separator: "\n").first.map(String.init) ?? ""
    }

    struct Row: Sendable {
        var text: String
        var status: ExitStatus
        var change: @Sendable (inout VerifyResult) -> Void

        init(
            _ text: String, _ status: ExitStatus,
            _ change: @escaping @Sendable (inout VerifyResult) -> Void
        ) {
            self.text = text
            self.status = status
            self.change = change
        }
    }

    private static let rows = [
        Row("Verified 10 objects (2.0 KiB) by checksum in 0:05: no difference.", .done) { _ in },
        Row("Nothing to verify: neither side has objects (0:05).", .done) { $0.compared = 0 },
        Row(
            "Verified 10 objects (2.0 KiB) by checksum in 0:05: 3 differ (2 missing, 1 extra).",
            .someFailed
        ) {
            $0.differing = 3
            $0.byKind = ["missing": 2, "extra": 1]
        },
        Row("Stopped after 0:05, before everything was compared.", .interrupted) {
            $0.compared = 0
            $0.ending = .cancelled
        },
        Row(
            "Stopped after 0:05, before everything was compared: 2 differ so far.", .storeRefused
        ) {
            $0.differing = 2
            $0.ending = .storeFailed(Sample.store())
        },
        Row("Stopped after 0:05, before everything was compared.", .usage) {
            $0.ending = .failed(message: "x")
        },
    ]

    @Test(arguments: rows)
    func everyEnding(_ row: Row) throws {
        let report = report(row.change)
        #expect(sentence(report) == row.text)
        #expect(report.status == row.status)
        let json = report.json(differenceList: "/d").text
        #expect(json.contains("\"exitCode\": \(row.status.rawValue), \"mode\": \"checksum\""))
        #expect(json.contains(#""differenceList": "/d""#))
        _ = try JSONSerialization.jsonObject(with: Data(json.utf8))
    }

    @Test func linesFit() {
        let report = report {
            $0.differing = 7_000_000
            for kind in AuditFinding.Kind.allKinds { $0.byKind[kind.rawValue] = 1_000_000 }
            $0.notes = [String(repeating: "a note of words ", count: 20)]
        }
        #expect(report.text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }
}
