import Glibc
import S3

/// The journal of a process that is gone, locked by us while we settle it.
final class LeftJournal: Sendable {
    /// No journal grows beyond a few times the compaction size.
    private static let maxBytes = 16 << 20

    private let path: String
    private let descriptor: Int32

    /// nil when its process lives, another sweep has it, or it cannot be opened.
    init?(path: String) {
        let descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var status = stat()
        // A file that was unlinked, or replaced, between open and lock is someone else's affair.
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &status) == 0,
            status.st_nlink > 0, status.st_size <= Self.maxBytes
        else {
            close(descriptor)
            return nil
        }
        self.path = path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Aborts the open uploads of this place's bucket; returns how many. The file goes when
    /// nothing is left open in it.
    ///
    /// - Parameter living: Uploads of processes that live: not ours to abort.
    func settle(_ place: Place, sparing living: [JournalEntry]) async -> Int {
        let connection = place.client.connection
        let endpoint = "\(connection.scheme)://\(connection.authority)"
        var aborted = 0
        var left = 0
        for entry in JournalEntry.open(in: Self.contents(of: descriptor)) {
            guard entry.endpoint == endpoint, entry.bucket == place.bucket else {
                left += 1
                continue
            }
            guard let count = await Self.abort(entry, place.client, sparing: living) else {
                left += 1
                continue
            }
            aborted += count
            _ = UploadJournal.writeAll(JournalEntry.endedLine(entry.id), to: descriptor)
        }
        if left == 0 { unlink(path) }
        return aborted
    }

    /// nil when the store could not be asked.
    private static func abort(
        _ entry: JournalEntry, _ client: S3Client, sparing living: [JournalEntry]
    ) async -> Int? {
        let object = ObjectAddress(bucket: entry.bucket, key: entry.key)
        do {
            if let uploadID = entry.uploadID {
                return try await client.abortUpload(object, uploadID: uploadID) ? 1 : 0
            }
            // Someone copies this very key now: whose upload is whose cannot be told.
            let rivals = living.filter {
                $0.endpoint == entry.endpoint && $0.bucket == entry.bucket && $0.key == entry.key
            }
            if rivals.contains(where: { $0.uploadID == nil }) { return nil }
            var count = 0
            // Some stores list by whole key only, so the key is the prefix; others list all that
            // begins with it. Stores tell whole seconds.
            for upload in try await client.listUploads(entry.bucket, prefix: entry.key)
            where upload.key == entry.key
                && upload.initiated.wholeSeconds >= entry.intendedAt.wholeSeconds
                && !rivals.contains(where: { $0.uploadID == upload.uploadID })
            {
                if try await client.abortUpload(object, uploadID: upload.uploadID) { count += 1 }
            }
            return count
        } catch {
            return error.kind == .noSuchBucket ? 0 : nil
        }
    }

    static func contents(of descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count < maxBytes {
            let count = block.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress, $0.count, off_t(bytes.count))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += block[..<count]
        }
        return bytes
    }
}
