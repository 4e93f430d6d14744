import S3
import Testing

@testable import Replication

struct OriginTests {
    private let object = ObjectState(
        size: 1, eTag: ETag("0cc175b9c0f1b6a831c399e269772661-12"),
        lastModified: 1_700_000_000_999,
        detail: .init(versionID: "a;b/c"))

    @Test func isWrittenInTheDocumentedForm() {
        #expect(
            Origin(object).value == "1;0cc175b9c0f1b6a831c399e269772661-12;1700000000;a%3Bb%2Fc")
    }

    @Test func comesBackAsItWasWritten() throws {
        let origin = try #require(Origin(parsing: Origin(object).value))
        #expect(origin == Origin(object))
        #expect(origin.matches(object))
    }

    @Test(arguments: ["", "1", "1;;1;", "1;a;b;", "2;a;1;", "1;a;1", "1;a;1;;", "1;%zz;1;"])
    func refusesOtherForms(_ value: String) {
        #expect(Origin(parsing: value) == nil)
    }

    @Test func anOddETagNeedsTheSameTime() throws {
        let origin = try #require(Origin(parsing: "1;odd;1700000000;"))
        var source = ObjectState(size: 1, eTag: ETag("odd"), lastModified: 1_700_000_000_000)
        #expect(origin.matches(source))
        source.lastModified += 1000
        #expect(!origin.matches(source))
    }
}
