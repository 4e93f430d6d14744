import TestSupport
import Testing

@testable import LocalS3

@Suite struct VersionPageTests {
    private struct Entry: Equatable {
        let key: [UInt8]
        /// nil for a common prefix.
        var id: String?
        var isLatest = false
    }

    private static func key(_ random: inout SeededRandom) -> [UInt8] {
        (0..<Int.random(in: 1...4, using: &random)).map { _ in
            [0, 1, 47, 97, 255].randomElement(using: &random) ?? 0
        }
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func pagesAreWhatSortingAndGroupingGive(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let folder = try TemporaryFolder()
        var index = try BucketIndex(
            directory: folder.path + "/index", rebuilds: false, allKeys: nil, find: { _ in nil })
        var versions: [(key: [UInt8], id: VersionID)] = []
        for number in 1...300 as ClosedRange<UInt64> {
            let version = (Self.key(&random), VersionID(number: number, salt: number))
            versions.append(version)
            index.set(
                VersionKey.of(version.0, version.1), IndexEntry(ObjectRecord(key: version.0)))
            if number % 110 == 0 { try index.flushNow() }
        }
        versions.sort {
            let order = KeyOrder.compare($0.key, $1.key)
            return order != 0 ? order < 0 : $0.id.number > $1.id.number
        }
        for _ in 0..<40 {
            let prefix = Bool.random(using: &random) ? [] : Array(Self.key(&random).prefix(2))
            let delimiter: [UInt8] = [[], [47], [0], [47, 97]].randomElement(using: &random) ?? []
            let limit = Int.random(in: 1...7, using: &random)
            let listed = try Self.listed(index.snapshot, prefix, delimiter, limit)
            let wanted = Self.grouped(versions, prefix, delimiter)
            #expect(listed == wanted, "seed \(seed), prefix \(prefix), delimiter \(delimiter)")
        }
    }

    private static func listed(
        _ snapshot: IndexSnapshot, _ prefix: [UInt8], _ delimiter: [UInt8], _ limit: Int
    ) throws -> [Entry] {
        var listed: [Entry] = []
        var marker: [UInt8] = []
        var id: VersionID?
        while true {
            let page = try VersionPage(
                snapshot, prefix: prefix, delimiter: delimiter, keyMarker: marker, idMarker: id,
                limit: limit)
            #expect(page.elements.count <= limit)
            listed += page.elements.map { element in
                switch element {
                case .version(let version):
                    Entry(key: version.key, id: version.id, isLatest: version.isLatest)
                case .prefix(let group): Entry(key: group)
                }
            }
            guard page.isTruncated else { return listed }
            marker = page.lastKey
            id = page.lastID.flatMap(VersionID.init)
        }
    }

    private static func grouped(
        _ versions: [(key: [UInt8], id: VersionID)], _ prefix: [UInt8], _ delimiter: [UInt8]
    ) -> [Entry] {
        var entries: [Entry] = []
        var previous: [UInt8] = []
        for (key, id) in versions where key.starts(with: prefix) {
            let rest = key.indices.first {
                $0 >= prefix.count && !delimiter.isEmpty && key[$0...].starts(with: delimiter)
            }
            if let rest {
                let group = Entry(key: Array(key[..<(rest + delimiter.count)]))
                if !entries.contains(group) { entries.append(group) }
            } else {
                entries.append(Entry(key: key, id: id.text, isLatest: key != previous))
            }
            previous = key
        }
        return entries
    }
}
