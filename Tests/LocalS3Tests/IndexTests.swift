import TestSupport
import Testing

@testable import LocalS3

@Suite struct IndexTests {
    private static func entry(_ size: Int64) -> IndexEntry {
        var record = ObjectRecord(key: [1])
        record.size = size
        return IndexEntry(record)
    }

    /// Keys that share prefixes, so that they collide and nest.
    private static func key(_ random: inout SeededRandom) -> [UInt8] {
        (0..<Int.random(in: 1...6, using: &random)).map { _ in
            [0, 47, 97, 98, 255].randomElement(using: &random) ?? 0
        }
    }

    private static func contents(_ snapshot: IndexSnapshot, from start: [UInt8] = []) throws
        -> [[UInt8]: Int64]
    {
        var found: [[UInt8]: Int64] = [:]
        var previous: [UInt8]?
        let cursor = try snapshot.cursor(from: start)
        while let item = try cursor.next() {
            if let previous { #expect(KeyOrder.isLess(previous, item.key)) }
            previous = item.key
            found[item.key] = item.entry.size
        }
        return found
    }

    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func agreesWithADictionaryThroughFlushesMergesAndReopening(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let folder = try TemporaryFolder()
        var model: [[UInt8]: Int64] = [:]
        func open() throws -> BucketIndex {
            try BucketIndex(
                directory: folder.path + "/index", rebuilds: false, allKeys: nil,
                find: { model[$0].map(Self.entry) })
        }
        var index = try open()
        for step in 0..<3_000 {
            let key = Self.key(&random)
            try index.touch(key)
            if Int.random(in: 0..<4, using: &random) == 0 {
                model[key] = nil
                index.set(key, .deleted)
            } else {
                model[key] = Int64(step)
                index.set(key, Self.entry(Int64(step)))
            }
            switch Int.random(in: 0..<200, using: &random) {
            case 0: try index.flushNow()
            // As after a crash: what was in memory is found again by the log.
            case 1: index = try open()
            case 2:
                let start = Self.key(&random)
                let wanted = model.filter { !KeyOrder.isLess($0.key, start) }
                #expect(try Self.contents(index.snapshot, from: start) == wanted, "seed \(seed)")
            default: break
            }
        }
        #expect(try Self.contents(index.snapshot) == model, "seed \(seed)")
        #expect(try Self.contents(open().snapshot) == model, "seed \(seed)")
    }

    @Test func aSnapshotDoesNotChange() throws {
        let folder = try TemporaryFolder()
        var index = try BucketIndex(
            directory: folder.path + "/index", rebuilds: false, allKeys: nil, find: { _ in nil })
        index.set([1], Self.entry(1))
        let before = index.snapshot
        index.set([2], Self.entry(2))
        try index.flushNow()
        #expect(try Self.contents(before) == [[1]: 1])
        #expect(try Self.contents(index.snapshot) == [[1]: 1, [2]: 2])
    }

    @Test func aDamagedRunIsNoticed() throws {
        let folder = try TemporaryFolder()
        var index = try BucketIndex(
            directory: folder.path + "/index", rebuilds: false, allKeys: nil, find: { _ in nil })
        for number in 0..<100 { index.set([UInt8(number)], Self.entry(Int64(number))) }
        try index.flushNow()
        let run = try #require(index.snapshot.runs.first)
        var bytes = try Disk.contents(of: run.path)
        bytes[40] ^= 4
        try Disk.replace(run.path, with: bytes, durable: false)
        let reopened = try IndexRun(path: run.path, number: run.number)
        #expect(throws: StorageError.self) {
            _ = try IndexSnapshot(table: IndexTable(), frozen: nil, runs: [reopened])
                .cursor(from: [])
        }
    }

    @Test(arguments: [11, 12, 13] as [UInt64])
    func pagesAreWhatSortingAndGroupingGive(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let folder = try TemporaryFolder()
        var index = try BucketIndex(
            directory: folder.path + "/index", rebuilds: false, allKeys: nil, find: { _ in nil })
        var keys = Set<[UInt8]>()
        for number in 0..<400 {
            let key = Self.key(&random)
            keys.insert(key)
            index.set(key, Self.entry(1))
            if number % 150 == 149 { try index.flushNow() }
        }
        for _ in 0..<60 {
            let prefix = Bool.random(using: &random) ? [] : Array(Self.key(&random).prefix(2))
            let delimiter: [UInt8] = [[], [47], [47, 97]].randomElement(using: &random) ?? []
            let limit = Int.random(in: 1...9, using: &random)
            var listed: [[UInt8]] = []
            var after: [UInt8] = []
            while true {
                let page = try Listing(
                    index.snapshot, prefix: prefix, delimiter: delimiter, after: after,
                    limit: limit)
                #expect(page.elements.count <= limit)
                for element in page.elements {
                    switch element {
                    case .object(let item): listed.append(item.key)
                    case .prefix(let group): listed.append(group)
                    }
                }
                guard page.isTruncated else { break }
                after = page.last
            }
            let wanted = Self.grouped(keys, prefix: prefix, delimiter: delimiter)
            #expect(listed == wanted, "seed \(seed), prefix \(prefix), delimiter \(delimiter)")
        }
    }

    /// What S3's documentation says of prefixes and delimiters, word for word.
    private static func grouped(_ keys: Set<[UInt8]>, prefix: [UInt8], delimiter: [UInt8])
        -> [[UInt8]]
    {
        var found = Set<[UInt8]>()
        for key in keys where key.starts(with: prefix) {
            let rest = key.indices.filter {
                $0 >= prefix.count && !delimiter.isEmpty && key[$0...].starts(with: delimiter)
            }
            found.insert(rest.first.map { Array(key[..<($0 + delimiter.count)]) } ?? key)
        }
        return found.sorted { $0.lexicographicallyPrecedes($1) }
    }
}
