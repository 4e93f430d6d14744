import Glibc

/// The folder's version, its description for people, and whether the last process closed it.
enum StorageFormat {
    private static let version = "1\n"

    /// Writes the version and the description into a new folder; refuses a folder of another version.
    static func check(_ root: String) throws {
        let file = "\(root)/format"
        if Disk.exists(file) {
            guard try Disk.contents(of: file) == Array(version.utf8) else {
                throw StorageError(.corrupt, operation: "read the version in", path: file)
            }
            return
        }
        // Whatever is there is not ours, and would be written over.
        for name in try Disk.names(in: root) where name != "lock" {
            // Of a start that ended before its second file.
            let isOurs =
                try name == "README.md"
                && Disk.contents(of: "\(root)/README.md") == Array(description.utf8)
            guard isOurs else { throw StorageError(.notEmpty, operation: "begin in", path: root) }
        }
        try Disk.replace("\(root)/README.md", with: Array(description.utf8), durable: true)
        try Disk.replace(file, with: Array(version.utf8), durable: true)
    }

    /// Marks the folder as open. true when the machine went down with the folder open: what had not reached the disk
    /// is lost then, so the indexes are made anew. (When only the process was killed, the system still wrote it all.)
    static func beginSession(_ root: String) throws -> Bool {
        let file = "\(root)/session"
        var boot = "unknown\n"
        do throws(StorageError) {
            let identity = try OpenFile("/proc/sys/kernel/random/boot_id", flags: O_RDONLY)
            boot = String(decoding: try identity.read(64, at: 0), as: UTF8.self)
        } catch {
            if error.kind != .notFound { throw error }
        }
        let rebuilds = try Disk.exists(file) && Disk.contents(of: file) != Array(boot.utf8)
        try Disk.replace(file, with: Array(boot.utf8), durable: true)
        try Disk.synchronizeDirectory(root)
        return rebuilds
    }

    static func endSession(_ root: String) throws { try Disk.remove("\(root)/session") }

    static let description = """
        # A LocalS3 folder

        Made by `brigade local-s3`. Change nothing here while it runs; copy the folder only when it is stopped.
        All integers are little-endian. `bytes` is a `u32` length and that many bytes.

            format                       the version of this layout
            lock                         locked while a process has the folder open
            session                      the machine's boot id, while the folder is open
            deployment-id                a UUID, which notifications bear
            notifications/NAME/log-N     the notifications for a webhook
            removed/                     buckets on their way out; emptied at start
            buckets/NAME/bucket          i64 creation time, Unix milliseconds; then the fields of its settings, then the CRC-32C of all that
            buckets/NAME/tmp/            files being written; emptied at start
            buckets/NAME/objects/XX/YYY  one object, its current version; XXYYY is the SHA-256 of its key, in hex
            buckets/NAME/versions/XX/YYY/ID   the other versions of that key, each by its id or as "null"
            buckets/NAME/multipart/ID/   `upload` (in progress) or `completed`, and the parts 00001, 00002, ...
            buckets/NAME/index/          the sorted list of keys; made anew from the objects if it is lost
            buckets/NAME/versions-index/ the same of all versions; only where versioning was ever enabled

        ## Objects, parts, uploads

        The object's bytes, then its record, then 16 bytes: u32 length of the record, its CRC-32C (4 bytes,
        big-endian), and the magic number 0x314A424F5F335342. A file gets its name only when it is whole
        (written in tmp, made durable, renamed), so each name is either the old object or the new one.

        A record is a sequence of fields: u8 tag, u32 length, content. Unknown tags are skipped.

            1  key               the key's bytes
            2  size              i64
            3  modified          i64 Unix milliseconds
            4  etag              u64 high, u64 low (the MD5 read as big-endian numbers), u32 parts (0: not multipart)
            5  header            name, value (each as bytes); repeated
            6  user metadata     name, value; repeated
            7  tag               name, value; repeated
            8  storage class     u8
            9  checksum          u8 algorithm (1 CRC32, 2 CRC32C, 3 CRC64NVME, 4 SHA-1, 5 SHA-256), u8 composite, bytes
            10 part              u32 number, i64 size, checksum as bytes; repeated
            11 segments          the ID of a directory in multipart (as bytes), then u32 number and i64 length of each
                                 file in it, whose first `length` bytes make up the object, in this order
            12 version           u64 number, u64 salt; only of what was written since versioning was first enabled
            13 delete marker     empty
            14 retention         u8 mode (1 governance, 2 compliance), i64 Unix milliseconds of its end
            15 legal hold        u8 (1 on, 0 off)
            16 sums              CRC-32C (4 bytes, big-endian) of each 256 KiB of the bytes in this file, the last of what is left

        An object with segments has no bytes in its own file: its data are the parts as they were uploaded, or
        hard links to the files of the object that it was copied from.

        ## Versions

        The settings of a bucket are fields too: 1 versioning, u8 (1 enabled, 2 suspended; never set when it is not there); 2
        object lock, empty or the default retention: u8 mode, u8 unit (1 days, 2 years), u32 count.
        The id of a version is its number and its salt in hex, or "null" when the salt is 0. A record without a version is
        a "null" version too, whose number is its time in microseconds. A key's newest version has the greatest number and
        lies in objects, a delete marker as well; the others lie in versions. A version that is replaced is first linked
        into versions; then the new one is renamed over it. When the current version is removed, the newest of the others
        is renamed over it. So a crash can leave a link of the current version in versions, or the "null" version that a
        "null" version has replaced: the start removes what has the id of the current version.

        Field 3, once for each: a notification: its id, the webhook's ARN, prefix, suffix, then the events, each `bytes`.

        ## Notifications

        A log is a row of records: u32 length of what comes after the CRC, CRC-32C, u8 kind, u64 number, u16 length, then
        BUCKET/KEY of that length and the document that is posted. Kinds: 1 an event; 2 an event that was written again
        and is older than those around it; 3 the event of that number is delivered. What is in no record of kind 3 is to
        be sent, by number for each key. A record is written before its change is made and on the disk before that is
        answered, so a crash may leave one whose change never was.

        ## Index

        `MANIFEST`: i64 number of the first live log, then i64 numbers of the runs, oldest first; then the CRC-32C of all that.
        `log-N`: u16 length and key of each object that was about to change; a length of zero ends them.
        `run-N`: blocks (CRC-32C, then entries), the table of blocks (u64 offset and first key of each), then 32 bytes:
        u64 offset of the table, u64 entries, CRC-32C of the table, u32 blocks, magic 0x314E55525F335342.
        An entry: u16 length, key, i64 size, i64 modified, etag, u8 storage class, u8 checksum, u8 flags (1: deleted,
        2: delete marker), u8 0.
        Newer runs hide older ones.
        In versions-index a key is the object's key, each zero byte followed by a one; two zeros; then the version's
        number with all bits inverted and its salt, both big-endian: sorted by key, the newest version first.

        """
}
