import Functions
import Replication
import S3
import Testing

@testable import brigade

struct FailureReportTests {
    private static let full = Sample.store(.noSpace, code: "XMinioStorageFull", status: 507)

    @Test func groupsByCauseTheMostFrequentFirst() {
        let failures =
            [
                Sample.failure("first", Sample.store(code: "AccessDenied")),
                Sample.failure("second", Self.full), Sample.failure("third", Self.full),
                Sample.failure("fourth", message: "changed"),
            ]
        let groups = FailureReport.grouped(failures)
        #expect(
            groups.map(\.0) == [
                "offsite has no room (XMinioStorageFull)",
                "offsite refused PutObject (AccessDenied)", "changed",
            ])
        #expect(groups.map { $0.1.map(\.key) } == [["second", "third"], ["first"], ["fourth"]])
        #expect(FailureReport.grouped([]).isEmpty)
    }

    /// What differs from one object to the next must not part them.
    @Test(arguments: [
        S3Error.Kind.noSpace, .accessDenied, .noSuchBucket, .badCredentials, .expiredCredentials,
        .noCredentials, .unreachable, .throttled, .unavailable, .timedOut, .interrupted, .archived,
    ])
    func theSameCauseIsOneGroup(_ kind: S3Error.Kind) {
        let failures = (1...5).map { number in
            Sample.failure(
                ObjectKey("key \(number)"),
                Sample.store(
                    kind, status: 500, message: "object \(number)", attempts: number,
                    elapsed: .seconds(number)),
                message: "key \(number): object \(number)")
        }
        #expect(FailureReport.grouped(failures).count == 1)
    }

    @Test(arguments: [
        (Sample.store(code: "AccessDenied", operation: "PutObjectTagging"), "offsite refused"),
        (Sample.store(.invalidRequest, code: "MalformedXML"), "the store's words"),
    ])
    func tagsAreToldFromTheContent(_ store: StoreFailure, _ words: String) {
        let failures = (0..<3).map {
            Sample.failure(ObjectKey("k\($0)"), store, kind: .tagsNotStored, message: "m\($0)")
        }
        let groups = FailureReport.grouped(failures)
        #expect(groups.count == 1)
        #expect(groups[0].0.hasPrefix("the content is in step, the tags are not: " + words))
        let text = FailureReport.text(failures, total: 3, objects: 3, list: nil)
        #expect(
            text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
                .contains("run again with --full"))
    }

    @Test func keysTooLongAreOneCauseToldByTheLongest() {
        let failures = [3, 9, 5].map { length in
            Sample.failure(
                ObjectKey(String(repeating: "k", count: length)),
                Sample.store(.invalidRequest, code: "KeyTooLongError"), kind: .keyTooLong,
                message: "too long by \(length)")
        }
        let groups = FailureReport.grouped(failures)
        #expect(groups.map(\.0) == ["too long by 9"])
        let text = FailureReport.text(failures, total: 3, objects: 3, list: nil)
        #expect(text.contains("kkkkkkkkk and 2 more  too long by 9"))
    }

    @Test func namesTheFirstKeysTheCausesAndTheList() {
        var failures = (0..<1200).map { Sample.failure(ObjectKey("a/\($0)"), Self.full) }
        failures += (0..<7).map { Sample.failure(ObjectKey("b/\($0)"), message: "cause \($0)") }
        let text = FailureReport.text(
            failures, total: 1207, objects: 20_000, list: "/state/runs/x.jsonl")
        let lines = text.split(separator: "\n").map(String.init)
        #expect(lines.first == "brigade: 1,207 of 20,000 objects failed")
        #expect(lines[1] == "  a/0 and 1,199 more  offsite has no room (XMinioStorageFull)")
        #expect(lines[2] == "  b/0                 cause 0")
        #expect(lines.contains("  and 3 other causes"))
        #expect(lines.last == "  All of them: /state/runs/x.jsonl")
        #expect(!FailureReport.text(failures, total: 1, objects: 1, list: nil).contains("All of"))
    }

    @Test func linesFitWhateverTheKeyAndTheWords() {
        let failures = (0..<2000).map { _ in
            Sample.failure(
                ObjectKey(String(repeating: "long/", count: 200)),
                message: String(repeating: "many words ", count: 30))
        }
        let text = FailureReport.text(failures, total: 2000, objects: 2000, list: nil)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test(
        arguments: [
            ("top.tar", "--exclude 'top.tar'"), ("a/b/c.tar", "--exclude 'a/b/*'"),
            ("a//c.tar", "--exclude 'a//*'"), ("/c.tar", "--exclude '/*'"),
        ] as [(ObjectKey, String)])
    func whatIsArchivedCanBeLeftOut(_ key: ObjectKey, _ words: String) {
        let failure = Sample.failure(key, Sample.store(.archived), kind: .archived)
        let text = FailureReport.text([failure], total: 1, objects: 1, list: nil)
        #expect(text.contains("archived at offsite; restore it first"))
        #expect(text.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(words))
    }

    @Test func jsonHasWhatAStoresSupportWouldAskFor() {
        let store = Sample.store(code: "AccessDenied", status: 403)
        #expect(
            FailureReport.json(Sample.failure("a/b", store)).text
                == #"{"key": "a/b", "kind": "store", "message": "it failed", "connection": "offsite", "#
                + #""operation": "PutObject", "code": "AccessDenied", "status": 403, "requestID": null}"#
        )
        #expect(
            FailureReport.json(Sample.failure(ObjectKey([0xFF]), kind: .notProven)).text
                .hasPrefix(#"{"key": {"base64": "/w=="}, "kind": "notProven""#))
    }
}

struct FindingReportTests {
    @Test(arguments: AuditFinding.Kind.allKinds)
    func everyKindHasALineThatLinesUp(_ kind: AuditFinding.Kind) {
        let line = FindingReport.line(VerifyFinding(key: "a/b", kind: kind, detail: "why"))
        #expect(line.hasSuffix("  a/b  why"))
        #expect(line.count == 19 + 2 + 3 + 2 + 3)
        #expect(line.hasPrefix(FindingReport.words(kind)))
        let bare = FindingReport.line(VerifyFinding(key: "a/b", kind: kind, detail: ""))
        #expect(bare.hasSuffix("  a/b"))
    }

    @Test func controlsInAKeyDoNotReachTheTerminal() {
        let finding = VerifyFinding(key: "a\u{1b}[2Jb\n", kind: .missing, detail: "")
        #expect(!FindingReport.line(finding).unicodeScalars.contains { $0.value < 0x20 })
        #expect(FindingReport.json(finding).text.contains(#"a\u001b[2Jb\n"#))
    }

    @Test func talliesInTheReportsOrder() {
        var result = VerifyResult()
        result.byKind = ["extra": 3, "missing": 1200, "undecided": 1]
        #expect(FindingReport.tally(result) == "1,200 missing, 3 extra, 1 not comparable")
    }
}
