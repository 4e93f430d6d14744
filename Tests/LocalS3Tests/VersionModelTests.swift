import TestSupport
import Testing

@testable import LocalS3

/// Random operations on a bucket with versions, against what S3's documentation says of them.
@Suite struct VersionModelTests {
    private struct Version: Equatable {
        let id: String
        var text: String
    }

    private struct Model {
        /// The newest first.
        var versions: [[UInt8]: [Version]] = [:]

        mutating func add(_ key: [UInt8], _ version: Version) {
            var list = versions[key] ?? []
            if version.id == "null" { list.removeAll { $0.id == "null" } }
            versions[key] = [version] + list
        }

        mutating func remove(_ key: [UInt8], _ id: String) {
            versions[key]?.removeAll { $0.id == id }
            if versions[key]?.isEmpty == true { versions[key] = nil }
        }

        var sortedKeys: [[UInt8]] { versions.keys.sorted { KeyOrder.isLess($0, $1) } }
    }

    private static func check(_ folder: VersionedFolder, _ model: Model, _ seed: UInt64) throws {
        var listed: [VersionedFolder.Listed] = []
        var keys: [[UInt8]] = []
        for key in model.sortedKeys {
            let versions = model.versions[key] ?? []
            if versions[0].text != "(marker)" { keys.append(key) }
            #expect(try folder.text(key) == versions[0].text, "seed \(seed)")
            for version in versions {
                listed.append(
                    .init(
                        key: key, version: version.id, isDeleteMarker: version.text == "(marker)"))
                #expect(
                    try folder.text(key, version: version.id) == version.text, "seed \(seed)")
            }
        }
        if folder.bucket.settings.versioning != .never {
            #expect(try folder.versions() == listed, "seed \(seed)")
        }
        #expect(try folder.keys() == keys, "seed \(seed)")
        #expect(try folder.fileCount() == listed.count, "seed \(seed)")
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func agreesWithAModel(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let folder = try VersionedFolder(nil, isDurable: seed == 1)
        var model = Model()
        var isVersioned = false
        for step in 0..<400 {
            let key: [UInt8] = [97, [0, 1, 98].randomElement(using: &random) ?? 0]
            let present = model.versions[key] ?? []
            switch Int.random(in: 0..<20, using: &random) {
            case 0 where step > 20:
                isVersioned = true
                let isEnabled = Bool.random(using: &random)
                try folder.bucket.configure { $0.versioning = isEnabled ? .enabled : .suspended }
            case 1: try folder.reopen()
            case 2: try folder.reopen(rebuilds: true)
            case 3, 4, 5:
                let done = try folder.bucket.delete(key, now: folder.now())
                if let id = done.version {
                    model.add(key, Version(id: id, text: "(marker)"))
                } else {
                    model.remove(key, "null")
                }
            case 6, 7, 8, 9, 10:
                guard let version = present.randomElement(using: &random) else { continue }
                let done = try folder.bucket.delete(key, version: version.id, now: folder.now())
                #expect(
                    done
                        == Deletion(version: version.id, isDeleteMarker: version.text == "(marker)")
                )
                model.remove(key, version.id)
            case 11:
                guard let version = present.randomElement(using: &random),
                    version.text != "(marker)"
                else { continue }
                let tag = NamedValue("step", String(step))
                try folder.bucket.update(key, version: version.id) { $0.tags = [tag] }
                #expect(try folder.bucket.open(key, version: version.id).record.tags == [tag])
            default:
                // Clocks are moved back, too.
                let jump = Int64.random(in: -2_000...3_000, using: &random)
                let id = try folder.put(key, "step \(step)", step: jump)
                model.add(key, Version(id: id, text: "step \(step)"))
            }
            if step % 20 == 0 { try Self.check(folder, model, seed) }
        }
        #expect(isVersioned)
        try Self.check(folder, model, seed)
        try folder.reopen()
        try Self.check(folder, model, seed)
        try folder.reopen(rebuilds: true)
        try Self.check(folder, model, seed)
    }
}
