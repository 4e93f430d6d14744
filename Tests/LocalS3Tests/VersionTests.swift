import TestSupport
import Testing

@testable import LocalS3

@Suite struct VersionTests {
    private static let key = Array("key".utf8)

    @Test func idsComeBackFromTheirText() {
        let id = VersionID(number: 1_700_000_000_000_000, salt: 0xFEDC)
        #expect(id.text == "00060a24181e4000000000000000fedc")
        #expect(VersionID(id.text) == id)
        #expect(VersionID(number: 1, salt: 0).text == "null")
    }

    @Test(arguments: [
        "", "NULL", "x", "00060a24181e400000000000000fedc", "00060A24181E4000000000000000FEDC",
        "00060a24181e40000000000000000000", "../../../../../../../../etc/passwd",
        "+0060a24181e4000000000000000fedc",
    ])
    func otherTextsAreNoIDs(text: String) {
        #expect(!VersionID.isValid(text))
    }

    @Test func entriesSortByKeyAndThenTheNewestFirst() {
        let keys: [[UInt8]] = [
            [0], [0, 0], [0, 0, 1], [0, 1], [0, 1, 1], [1], [97], [97, 0], [97, 0, 255], [97, 1],
            [97, 98], [255], [255, 255],
        ]
        var sorted: [[UInt8]] = []
        for key in keys {
            #expect(VersionKey.start(of: key).starts(with: VersionKey.prefix(key)))
            sorted.append(VersionKey.start(of: key))
            for number in [UInt64.max, 256, 255, 1, 0] {
                let id = VersionID(number: number, salt: number)
                let entry = VersionKey.of(key, id)
                let decoded = VersionKey.decode(entry)
                #expect(decoded?.key == key)
                #expect(decoded?.id == id)
                sorted.append(entry)
            }
            sorted.append(VersionKey.end(of: key))
        }
        for (left, right) in zip(sorted, sorted.dropFirst()) {
            #expect(!KeyOrder.isLess(right, left))
        }
    }

    @Test func everyVersionStaysUntilItIsDeletedByItsID() throws {
        let folder = try VersionedFolder()
        let first = try folder.put(Self.key, "1")
        let second = try folder.put(Self.key, "2")
        let marker = try #require(try folder.bucket.delete(Self.key, now: folder.now()).version)
        #expect(try folder.text(Self.key) == "(marker)")
        #expect(try folder.keys().isEmpty)
        #expect(try folder.text(Self.key, version: first) == "1")
        #expect(try folder.text(Self.key, version: second) == "2")
        let undone = try folder.bucket.delete(Self.key, version: marker, now: folder.now())
        #expect(undone == Deletion(version: marker, isDeleteMarker: true))
        #expect(try folder.text(Self.key) == "2")
        #expect(try folder.keys() == [Self.key])
        for version in [first, second, second] {
            let gone = try folder.bucket.delete(Self.key, version: version, now: folder.now())
            #expect(gone == Deletion(version: version, isDeleteMarker: false))
        }
        #expect(try folder.text(Self.key) == nil)
        #expect(try folder.fileCount() == 0)
        #expect(try folder.bucket.markDeleted())
    }

    @Test func whatWasThereBeforeIsTheNullVersion() throws {
        let folder = try VersionedFolder(nil)
        for number in 0..<5 { try folder.put([97, UInt8(number)], "old") }
        try folder.bucket.configure { $0.versioning = .enabled }
        #expect(try folder.versions().map(\.version) == Array(repeating: "null", count: 5))
        let id = try folder.put([97, 0], "new", step: -1_000_000)
        #expect(try folder.text([97, 0], version: "null") == "old")
        #expect(try folder.versions().prefix(2).map(\.version) == [id, "null"])
        try folder.bucket.configure { $0.versioning = .suspended }
        #expect(try folder.put([97, 0], "newest") == "null")
        #expect(try folder.versions().prefix(2).map(\.version) == ["null", id])
        #expect(try folder.text([97, 0], version: "null") == "newest")
        try folder.reopen()
        #expect(folder.bucket.settings.versioning == .suspended)
        #expect(try folder.versions().prefix(2).map(\.version) == ["null", id])
    }

    /// Two writers at once: the one whose number is less is an older version, whoever comes first.
    @Test(arguments: [BucketSettings.Versioning.enabled, .suspended])
    func whatIsCommittedLateIsOlder(versioning: BucketSettings.Versioning) throws {
        let folder = try VersionedFolder(versioning)
        var late = folder.record(Self.key, "late")
        late.version = try folder.bucket.nextVersion(of: late)
        let sealed = try folder.body("late").seal(
            late, in: folder.bucket.temporaryDirectory, durable: false)
        let early = try folder.put(Self.key, "early")
        try folder.bucket.install(sealed, late, { _ in nil }, check: { _ in })
        #expect(try folder.text(Self.key) == "early")
        let wanted = versioning == .enabled ? [early, late.versionID.text] : ["null"]
        #expect(try folder.versions().map(\.version) == wanted)
        #expect(try folder.fileCount() == wanted.count)
        if versioning == .enabled {
            #expect(try folder.text(Self.key, version: late.versionID.text) == "late")
        }
    }

    @Test func aDamagedCurrentVersionKeepsItsPlace() throws {
        let folder = try VersionedFolder()
        let first = try folder.put(Self.key, "1")
        let second = try folder.put(Self.key, "2")
        let file = folder.bucket.path(of: Self.key)
        try Disk.replace(file, with: [1, 2, 3], durable: false)
        #expect(throws: StorageError.self) { try folder.text(Self.key, version: second) }
        #expect(try folder.text(Self.key, version: first) == "1")
        let third = try folder.put(Self.key, "3")
        #expect(try folder.versions().map(\.version) == [third, second, first])
        _ = try folder.bucket.delete(Self.key, version: third, now: folder.now())
        _ = try folder.bucket.delete(Self.key, version: second, now: folder.now())
        #expect(try folder.text(Self.key) == "1")
        #expect(try folder.fileCount() == 1)
    }

    /// The index was made anew and does not know it: it must not be taken for the version before it.
    @Test func aDamagedCurrentVersionHarmsNoOther() throws {
        let folder = try VersionedFolder()
        let first = try folder.put(Self.key, "1")
        try folder.put(Self.key, "2")
        try Disk.replace(folder.bucket.path(of: Self.key), with: [1, 2, 3], durable: false)
        try folder.reopen(rebuilds: true)
        #expect(try folder.versions().map(\.version) == [first])
        let third = try folder.put(Self.key, "3")
        #expect(try folder.versions().map(\.version) == [third, first])
        #expect(try folder.text(Self.key, version: first) == "1")
        #expect(try folder.fileCount() == 2)
    }

    @Test func segmentsLiveAsLongAsTheirVersion() throws {
        let folder = try VersionedFolder()
        let bucket = folder.bucket
        let large = String(repeating: "large ", count: 60_000)
        let source = try folder.put([1], large)
        var ids: [String] = []
        for _ in 0..<2 {
            var record = folder.record(Self.key, large)
            record.segments = try bucket.linkSegments(of: bucket.open([1]), for: Self.key)
            ids.append(try bucket.commit(.empty, record) { _ in }.versionID.text)
        }
        try folder.put(Self.key, "small")
        _ = try bucket.delete([1], version: source, now: folder.now())
        try folder.reopen()
        #expect(try folder.segmentSets().count == 2)
        for id in ids { #expect(try folder.text(Self.key, version: id) == large) }
        try folder.bucket.update(Self.key, version: ids[0]) { $0.tags = [NamedValue("a", "b")] }
        #expect(try folder.text(Self.key, version: ids[0]) == large)
        _ = try folder.bucket.delete(Self.key, version: ids[0], now: folder.now())
        #expect(try folder.segmentSets().count == 1)
        try folder.reopen(rebuilds: true)
        #expect(try folder.text(Self.key, version: ids[1]) == large)
    }
}
