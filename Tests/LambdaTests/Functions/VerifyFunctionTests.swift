import Lambda
import Replication
import Runtime
import S3
import Testing

@testable import Functions

struct VerifyFunctionTests {
    @Test(arguments: AuditMode.allCases)
    func findsEveryKindOfDifferenceAndWritesNothing(_ mode: AuditMode) async throws {
        let stage = try await Stage()
        try await stage.source.put("same", "a")
        _ = try await stage.reconcile()
        try await stage.source.put("missing", "b")
        try await stage.source.put("one!", "c")
        try await stage.destination.put("two!", "c")
        try await stage.source.put("short", "d")
        try await stage.destination.put("longer", "d")
        try await stage.destination.put("extra", "z")
        let before = try await stage.destination.contents
        let result = try await stage.verify(mode)
        #expect(result.ending == .completed)
        #expect(result.compared == 5)
        #expect(result.equal == 1)
        #expect(result.differing == 4)
        #expect(
            result.byKind == ["missing": 1, "contentDiffers": 1, "sizeDiffers": 1, "extra": 1])
        let found = Dictionary(
            uniqueKeysWithValues: result.findings.map { ($0.key.description, $0.kind) })
        #expect(
            found == ["b": .missing, "c": .contentDiffers, "d": .sizeDiffers, "z": .extra])
        #expect(try await stage.destination.contents == before)
    }

    @Test func nothingDiffersAfterACopy() async throws {
        let stage = try await Stage()
        for number in 0..<10 { try await stage.source.put("\(number)", ObjectKey("k\(number)")) }
        _ = try await stage.reconcile()
        for mode in AuditMode.allCases {
            let result = try await stage.verify(mode)
            #expect(result.compared == 10)
            #expect(result.equal == 10)
            #expect(result.findings.isEmpty)
        }
    }

    @Test func aFailedListingIsNoVerdict() async throws {
        let stage = try await Stage().withoutSource
        try await stage.destination.put("x", "a")
        let result = try await stage.verify()
        guard case .storeFailed(let failure) = result.ending else {
            Issue.record("\(result.ending)")
            return
        }
        #expect(failure.kind == .noSuchBucket)
        #expect(result.differing == 0)
        #expect(result.equal == 0)
    }
}
