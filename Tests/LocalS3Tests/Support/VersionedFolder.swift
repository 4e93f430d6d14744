import NIOPosix
import Testing

@testable import LocalS3

/// A bucket on disk that a test opens again and again, as processes would one after the other.
final class VersionedFolder {
    private let folder: TemporaryFolder
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let isDurable: Bool
    private(set) var bucket: Bucket
    private var clock: Int64 = 1_700_000_000_000

    /// - Parameter versioning: what the bucket is set to; nil leaves it without versions.
    init(_ versioning: BucketSettings.Versioning? = .enabled, isDurable: Bool = false) throws {
        folder = try TemporaryFolder()
        self.isDurable = isDurable
        try Bucket.create(path: folder.path + "/bucket", durable: false)
        bucket = try Self.open(folder.path, pool, isDurable)
        if let versioning { try bucket.configure { $0.versioning = versioning } }
    }

    private static func open(
        _ path: String, _ pool: NIOThreadPool, _ isDurable: Bool, rebuilds: Bool = false
    ) throws -> Bucket {
        try Bucket(
            name: "bucket", path: path + "/bucket", isDurable: isDurable, pool: pool,
            rebuildsIndex: rebuilds)
    }

    var path: String { bucket.path }

    /// As after a kill, or after the machine went down.
    func reopen(rebuilds: Bool = false) throws {
        bucket = try Self.open(folder.path, pool, isDurable, rebuilds: rebuilds)
    }

    /// Moves on, or back.
    func now(step: Int64 = 1) -> Int64 {
        clock += step
        return clock
    }

    @discardableResult
    func put(_ key: [UInt8], _ text: String, step: Int64 = 1) throws -> String {
        let record = try bucket.commit(body(text), record(key, text, step: step)) { _ in }
        return record.versionID.text
    }

    func record(_ key: [UInt8], _ text: String, step: Int64 = 1) -> ObjectRecord {
        var record = ObjectRecord(key: key)
        record.size = Int64(text.utf8.count)
        record.modifiedMilliseconds = now(step: step)
        return record
    }

    func body(_ text: String) throws -> StagedBody {
        let upload = ObjectUpload(directory: bucket.temporaryDirectory, expectedBytes: 0)
        var text = text
        try text.withUTF8 { try upload.write(UnsafeRawBufferPointer($0)) }
        return upload.finish()
    }

    /// The text of an object, "(marker)" for a delete marker, nil for nothing.
    func text(_ key: [UInt8], version: String? = nil) throws -> String? {
        do {
            let object = try bucket.open(key, version: version)
            guard !object.record.isDeleteMarker else { return "(marker)" }
            var bytes: [UInt8] = []
            try object.forEachBlock { bytes.append(contentsOf: $0) }
            return String(decoding: bytes, as: UTF8.self)
        } catch let error as StorageError where error.kind == .notFound {
            return nil
        }
    }

    struct Listed: Equatable {
        let key: [UInt8]
        let version: String
        let isDeleteMarker: Bool
    }

    /// What the index of versions says, in its order.
    func versions() throws -> [Listed] {
        guard let index = bucket.versionsSnapshot() else { return [] }
        var listed: [Listed] = []
        let cursor = try index.cursor(from: [])
        while let item = try cursor.next() {
            let (key, id) = try #require(VersionKey.decode(item.key))
            listed.append(
                Listed(key: key, version: id.text, isDeleteMarker: item.entry.isDeleteMarker))
        }
        return listed
    }

    /// What the index of objects says, in its order.
    func keys() throws -> [[UInt8]] {
        var keys: [[UInt8]] = []
        let cursor = try bucket.snapshot().cursor(from: [])
        while let item = try cursor.next() { keys.append(item.key) }
        return keys
    }

    /// The files of objects and of old versions.
    func fileCount() throws -> Int {
        try folder.files(under: "bucket/objects").count
            + (Disk.exists(path + "/versions") ? folder.files(under: "bucket/versions").count : 0)
    }

    func segmentSets() throws -> [String] { try Disk.names(in: path + "/multipart") }
}
