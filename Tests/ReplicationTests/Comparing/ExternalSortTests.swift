import S3
import TestSupport
import Testing

@testable import Replication

@Suite struct ExternalSortTests {
    /// Pages of given sizes, in the order given.
    private actor Pages: PageReader {
        private var rest: ArraySlice<ListedObject>
        private let pageSize: Int

        init(_ objects: [ListedObject], pageSize: Int) {
            rest = objects[...]
            self.pageSize = pageSize
        }

        func next() -> SidePage {
            let page = rest.prefix(pageSize)
            rest = rest.dropFirst(page.count)
            return SidePage(objects: Array(page), isLast: rest.isEmpty, waited: .zero)
        }
    }

    private static func sorted(
        _ objects: [ListedObject], pageObjects: Int = 7, runBytes: Int
    ) async throws -> [ListedObject] {
        let sort = try await ExternalSort.sorting(
            Pages(objects, pageSize: 5), pageObjects: pageObjects, runBytes: runBytes)
        var found: [ListedObject] = []
        while true {
            let page = try await sort.next()
            #expect(page.objects.count <= pageObjects)
            found += page.objects
            if page.isLast { return found }
        }
    }

    /// In memory, in one generation of runs and in several; each key once, the first that was listed.
    @Test(arguments: 0..<30 as Range<UInt64>, [1, 300, 4 << 20])
    func sortsAnything(_ seed: UInt64, _ runBytes: Int) async throws {
        var generator = SeededRandom(seed: seed)
        var objects: [ListedObject] = []
        for index in 0..<Int.random(in: 0...300, using: &generator) {
            let key = ObjectKey(generator.bytes(count: Int.random(in: 0...3, using: &generator)))
            objects.append(
                ListedObject(
                    key: key, size: Int64(index), eTag: ETag("\u{E9}\(index)"),
                    lastModified: -Int64(index),
                    storageClass: [nil, "", "GLACIER"].randomElement(using: &generator)!))
        }
        var expected: [ObjectKey: ListedObject] = [:]
        for object in objects where expected[object.key] == nil { expected[object.key] = object }
        let found = try await Self.sorted(objects, runBytes: runBytes)
        #expect(found == expected.values.sorted { $0.key < $1.key }, "seed \(seed)")
    }

    @Test func longKeysPassThroughBlocks() async throws {
        var generator = SeededRandom(seed: 1)
        let objects = (0..<200).map { index in
            ListedObject(
                key: ObjectKey(generator.bytes(count: 1024)), size: Int64(index), eTag: ETag("e"),
                lastModified: 0)
        }
        let found = try await Self.sorted(objects, pageObjects: 1000, runBytes: 40_000)
        #expect(found == objects.sorted { $0.key < $1.key })
    }
}
