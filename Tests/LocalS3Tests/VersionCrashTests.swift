import Testing

@testable import LocalS3

/// The states that a kill between two steps of a commit leaves, made by hand: the next start finds the old state or the
/// new one, and each version once.
@Suite struct VersionCrashTests {
    private static let key = Array("key".utf8)

    private struct Stage {
        let folder: VersionedFolder
        let files: VersionFiles

        init(_ versioning: BucketSettings.Versioning = .enabled) throws {
            folder = try VersionedFolder(versioning)
            files = VersionFiles(VersionCrashTests.key, bucket: folder.path)
        }

        /// The first step of every commit: the logs name what is about to change.
        func touch(_ versions: VersionID...) throws {
            try folder.bucket.state.withLockedValue { state in
                try state.index.touch(VersionCrashTests.key)
                for version in versions {
                    try state.versions?.touch(VersionKey.of(VersionCrashTests.key, version))
                }
            }
        }

        /// A sealed file, as a commit has it before it takes the lock.
        func sealed(_ text: String) throws -> (TemporaryFile, VersionID) {
            var record = folder.record(VersionCrashTests.key, text)
            record.version = try folder.bucket.nextVersion(of: record)
            let file = try folder.body(text).seal(
                record, in: folder.bucket.temporaryDirectory, durable: false)
            return (file, record.versionID)
        }

        func id(_ text: String) throws -> VersionID { try #require(VersionID(text)) }

        /// Starts again, with and without a rebuild, and compares all that can be seen.
        func expect(_ versions: [(id: String, text: String)]) throws {
            for rebuilds in [false, true] {
                try folder.reopen(rebuilds: rebuilds)
                #expect(try folder.versions().map(\.version) == versions.map(\.id))
                for version in versions {
                    let text = try folder.text(VersionCrashTests.key, version: version.id)
                    #expect(text == version.text)
                }
                #expect(try folder.text(VersionCrashTests.key) == versions.first?.text)
                #expect(try folder.keys().count == (versions.isEmpty ? 0 : 1))
                #expect(try folder.fileCount() == versions.count)
            }
        }
    }

    @Test(arguments: [false, true]) func beforeTheRename(isRebuilt: Bool) throws {
        let stage = try Stage()
        let old = try stage.folder.put(Self.key, "old")
        let (_, id) = try stage.sealed("new")
        try stage.touch(id)
        _ = try stage.files.keepCurrent(as: stage.id(old))
        if isRebuilt { try stage.folder.reopen(rebuilds: true) }
        try stage.expect([(old, "old")])
    }

    @Test func afterTheRename() throws {
        let stage = try Stage()
        let old = try stage.folder.put(Self.key, "old")
        let (file, id) = try stage.sealed("new")
        try stage.touch(id)
        _ = try stage.files.keepCurrent(as: stage.id(old))
        try file.move(to: stage.files.current)
        try stage.expect([(id.text, "new"), (old, "old")])
    }

    @Test func aCommitThatFailedAfterItsFirstStepIsNoObstacle() throws {
        let stage = try Stage()
        let old = try stage.folder.put(Self.key, "old")
        _ = try stage.files.keepCurrent(as: stage.id(old))
        let new = try stage.folder.put(Self.key, "new")
        try stage.expect([(new, "new"), (old, "old")])
    }

    @Test func norDoesItBringBackWhatIsDeletedNext() throws {
        let stage = try Stage()
        let old = try stage.folder.put(Self.key, "old")
        let new = try stage.folder.put(Self.key, "new")
        _ = try stage.files.keepCurrent(as: stage.id(new))
        _ = try stage.folder.bucket.delete(Self.key, version: new, now: stage.folder.now())
        try stage.expect([(old, "old")])
    }

    /// The older "null" version lies in the folder and goes after the new one has come.
    @Test(arguments: [false, true]) func aroundTheRenameOfANullVersion(isRenamed: Bool) throws {
        let stage = try Stage(.suspended)
        try stage.folder.put(Self.key, "old null")
        let null = try stage.folder.bucket.open(Self.key).record.versionID
        try stage.folder.bucket.configure { $0.versioning = .enabled }
        let kept = try stage.folder.put(Self.key, "kept")
        try stage.folder.bucket.configure { $0.versioning = .suspended }
        let (file, id) = try stage.sealed("new null")
        try stage.touch(id, null)
        _ = try stage.files.keepCurrent(as: stage.id(kept))
        if isRenamed {
            try file.move(to: stage.files.current)
            try stage.expect([("null", "new null"), (kept, "kept")])
        } else {
            try stage.expect([(kept, "kept"), ("null", "old null")])
        }
    }

    @Test func aNullVersionOverANullVersion() throws {
        let stage = try Stage(.suspended)
        try stage.folder.put(Self.key, "old")
        let null = try stage.folder.bucket.open(Self.key).record.versionID
        let (file, id) = try stage.sealed("new")
        try stage.touch(id, null)
        try stage.expect([("null", "old")])
        let (again, number) = try stage.sealed("new")
        try stage.touch(number, null)
        try again.move(to: stage.files.current)
        try stage.expect([("null", "new")])
        _ = file
    }

    @Test(arguments: [false, true]) func aroundThePromotion(isPromoted: Bool) throws {
        let stage = try Stage()
        let first = try stage.folder.put(Self.key, "1")
        let second = try stage.folder.put(Self.key, "2")
        let third = try stage.folder.put(Self.key, "3")
        try stage.touch(stage.id(third))
        if isPromoted { _ = try stage.files.promote() }
        let rest = [(second, "2"), (first, "1")]
        try stage.expect(isPromoted ? rest : [(third, "3")] + rest)
    }

    @Test func afterTheLastVersionIsGone() throws {
        let stage = try Stage()
        let only = try stage.folder.put(Self.key, "1")
        try stage.touch(stage.id(only))
        try Disk.remove(stage.files.current)
        try stage.expect([])
    }

    @Test func afterAnOldVersionIsGone() throws {
        let stage = try Stage()
        let first = try stage.folder.put(Self.key, "1")
        let second = try stage.folder.put(Self.key, "2")
        try stage.folder.bucket.state.withLockedValue {
            try $0.versions?.touch(VersionKey.of(Self.key, stage.id(first)))
        }
        try Disk.remove(stage.files.file(first))
        try stage.expect([(second, "2")])
    }

    /// Versioning is on when the settings say so; an index without them is of an attempt that was cut short.
    @Test func whileVersioningIsTurnedOn() throws {
        let folder = try VersionedFolder(nil)
        try folder.put(Self.key, "1")
        let objects = folder.bucket.snapshot()
        _ = try Bucket.openVersions(folder.path, rebuilds: false) {
            try Bucket.index(&$0, nullVersionsOf: objects)
        }
        _ = try folder.bucket.delete(Self.key, now: folder.now())
        try folder.put([1], "2")
        try folder.reopen()
        #expect(folder.bucket.settings.versioning == .never)
        #expect(try folder.versions().isEmpty)
        try folder.bucket.configure { $0.versioning = .enabled }
        #expect(try folder.versions().map(\.key) == [[1]])
    }
}
