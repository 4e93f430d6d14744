import Glibc
import NIOConcurrencyHelpers
import NIOPosix
import Signing

/// The folder of a LocalS3: its buckets, and the lock that keeps a second process out. Thread-safe.
final class ObjectStore: Sendable {
    private let root: String
    private let isDurable: Bool
    private let pool: NIOThreadPool
    private let lockFile: OpenFile
    private let buckets: NIOLockedValueBox<[String: Bucket]>

    /// Opens a folder, made when it is not there, and all buckets in it.
    ///
    /// - Throws: ``StorageError``; `.inUse` when another process has it open.
    init(root: String, isDurable: Bool, pool: NIOThreadPool) throws {
        self.root = root
        self.isDurable = isDurable
        self.pool = pool
        try Disk.makePath(root)
        lockFile = try OpenFile("\(root)/lock", flags: O_RDWR | O_CREAT)
        guard flock(lockFile.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw StorageError(.inUse, operation: "lock", path: root)
        }
        try StorageFormat.check(root)
        try Disk.makeDirectory("\(root)/buckets")
        try Disk.removeTree("\(root)/removed")
        try Disk.makeDirectory("\(root)/removed")
        let rebuilds = try StorageFormat.beginSession(root)
        var found: [String: Bucket] = [:]
        for name in try Disk.names(in: "\(root)/buckets") where BucketName.isValid(name) {
            let path = "\(root)/buckets/\(name)"
            // A crash between the directory and its file: the bucket was never acknowledged.
            guard Disk.exists("\(path)/bucket") else {
                try Disk.removeTree(path)
                continue
            }
            found[name] = try Bucket(
                name: name, path: path, isDurable: isDurable, pool: pool, rebuildsIndex: rebuilds)
        }
        buckets = NIOLockedValueBox(found)
    }

    func bucket(_ name: String) -> Bucket? { buckets.withLockedValue { $0[name] } }

    /// By name.
    func allBuckets() -> [Bucket] {
        buckets.withLockedValue { Array($0.values) }.sorted { $0.name < $1.name }
    }

    /// false when there is one of that name already.
    ///
    /// - Parameter locks: with object lock, and so with versions.
    func createBucket(_ name: String, locks: Bool = false) throws -> Bool {
        try buckets.withLockedValue { buckets in
            guard buckets[name] == nil else { return false }
            let path = "\(root)/buckets/\(name)"
            try Bucket.create(path: path, locks: locks, durable: isDurable)
            if isDurable { try Disk.synchronizeDirectory("\(root)/buckets") }
            buckets[name] = try Bucket(
                name: name, path: path, isDurable: isDurable, pool: pool, rebuildsIndex: false)
            return true
        }
    }

    /// Removes an empty bucket; false when it is not empty.
    func removeBucket(_ bucket: Bucket) throws -> Bool {
        let removed = "\(root)/removed/\(MultipartName.newID())"
        let isRemoved = try buckets.withLockedValue { buckets in
            guard buckets[bucket.name] === bucket else { return true }
            guard try bucket.markDeleted() else { return false }
            try Disk.rename(bucket.path, to: removed)
            buckets[bucket.name] = nil
            return true
        }
        if isRemoved {
            if isDurable { try Disk.synchronizeDirectory("\(root)/buckets") }
            try Disk.removeTree(removed)
        }
        return isRemoved
    }

    /// Writes the indexes, marks the folder as cleanly closed and leaves it to others.
    func close() throws {
        for bucket in allBuckets() { try bucket.close() }
        try StorageFormat.endSession(root)
        flock(lockFile.descriptor, LOCK_UN)
    }
}

/// Bucket names as S3 has them; they are also safe names of directories.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
enum BucketName {
    static func isValid(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard (3...63).contains(bytes.count) else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (48...57).contains(byte) || (97...122).contains(byte)
        }
        guard isAlphanumeric(bytes[0]), isAlphanumeric(bytes[bytes.count - 1]) else { return false }
        var previous: UInt8 = 0
        for byte in bytes {
            let isDot = byte == UInt8(ascii: ".")
            guard isAlphanumeric(byte) || byte == UInt8(ascii: "-") || isDot,
                !(isDot && previous == UInt8(ascii: "."))
            else { return false }
            previous = byte
        }
        return !isAddress(name) && !name.hasPrefix("xn--") && !name.hasSuffix("-s3alias")
    }

    private static func isAddress(_ name: String) -> Bool {
        let pieces = name.split(separator: ".", omittingEmptySubsequences: false)
        return pieces.count == 4 && pieces.allSatisfy { UInt8($0) != nil }
    }
}
