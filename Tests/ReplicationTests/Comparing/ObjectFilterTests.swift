import S3
import Testing

@testable import Replication

@Suite struct ObjectFilterTests {
    private static let now: Int64 = 1_000_000_000

    private static func object(
        _ key: ObjectKey = "p/a.txt", size: Int64 = 10, age: Int64 = 0
    ) -> ListedObject {
        ListedObject(key: key, size: size, eTag: ETag("x"), lastModified: now - age)
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var filter: ObjectFilter
        var object: ListedObject
        var isWanted: Bool
        var testDescription: String { name }

        init(
            _ name: String, _ object: ListedObject, _ isWanted: Bool,
            _ change: (inout ObjectFilter) -> Void
        ) {
            self.name = name
            self.object = object
            self.isWanted = isWanted
            filter = ObjectFilter()
            change(&filter)
        }
    }

    @Test(arguments: [
        Row("no filter", object(), true) { _ in },
        Row("included", object(), true) { $0.include = ["*.txt"] },
        Row("not included", object(), false) { $0.include = ["*.c"] },
        Row("one of several", object(), true) { $0.include = ["*.c", "*.txt"] },
        Row("excluded", object(), false) { $0.exclude = ["*.txt"] },
        Row("an exclude wins", object(), false) {
            $0.include = ["*"]
            $0.exclude = ["a.*"]
        },
        Row("the prefix is no part of the key", object(), true) { $0.exclude = ["p/**"] },
        Row("anchored behind the prefix", object(), false) { $0.exclude = ["/a.txt"] },
        Row("as small as may be", object(size: 10), true) { $0.minSize = 10 },
        Row("too small", object(size: 9), false) { $0.minSize = 10 },
        Row("as large as may be", object(size: 10), true) { $0.maxSize = 10 },
        Row("too large", object(size: 11), false) { $0.maxSize = 10 },
        Row("old enough", object(age: 5000), true) { $0.minAge = .seconds(5) },
        Row("too young", object(age: 4999), false) { $0.minAge = .seconds(5) },
        Row("young enough", object(age: 5000), true) { $0.maxAge = .seconds(5) },
        Row("too old", object(age: 5001), false) { $0.maxAge = .seconds(5) },
        Row("never old enough", object(age: 5000), false) { $0.minAge = .seconds(Int64.max) },
        Row("never too old", object(age: 5000), true) { $0.maxAge = .seconds(Int64.max) },
        Row("from the future", object(age: -1), false) { $0.minAge = .zero },
    ])
    func chooses(_ row: Row) throws {
        let matcher = try ObjectMatcher(row.filter, nowMilliseconds: Self.now)
        #expect(matcher.matches(row.object, droppingFirst: 2) == row.isWanted)
    }

    @Test func whatMatchesEverythingSaysSo() throws {
        #expect(try ObjectMatcher(ObjectFilter(), nowMilliseconds: 0).matchesEverything)
        var sized = ObjectFilter()
        sized.minSize = 1
        let matcher = try ObjectMatcher(sized, nowMilliseconds: 0)
        #expect(!matcher.matchesEverything && matcher.matchesEveryName)
    }

    @Test func boundsThatExcludeEverythingAreRefused() {
        var sizes = ObjectFilter()
        sizes.minSize = 2
        sizes.maxSize = 1
        #expect(throws: ComparisonError.self) { try sizes.validate() }
        var ages = ObjectFilter()
        ages.minAge = .seconds(2)
        ages.maxAge = .seconds(1)
        #expect(throws: ComparisonError.self) { try ages.validate() }
    }
}
