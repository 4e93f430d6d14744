/// What is about to happen to a key.
struct Change: Sendable {
    enum Kind: Sendable {
        /// The record becomes the key's object, or one of its versions; or its record changes.
        case stored
        /// A delete marker hides it.
        case marked
        /// The object, or one of its versions, goes for good; only the record's key and version say something.
        case removed
    }

    let kind: Kind
    let record: ObjectRecord

    init(_ kind: Kind, _ record: ObjectRecord) {
        self.kind = kind
        self.record = record
    }

    static func removed(_ key: [UInt8], _ version: VersionID? = nil) -> Change {
        var record = ObjectRecord(key: key)
        record.version = version
        return Change(.removed, record)
    }
}

/// Told of a change under the bucket's lock, when nothing but the disk can stop it any more; so the order of the calls is
/// that of the changes. What it throws stops the change. nil when nobody wants to know.
typealias Announce = (Change) throws -> (any Announcement)?

/// What was said of a change before it was made. It is on disk, so a process killed at any moment after the change has
/// said it; one killed just before may have said what never came to be.
protocol Announcement: Sendable {
    /// The change is made: it may be told. Called under the bucket's lock.
    func publish()
    /// It is on the disk and not only with the system when this returns.
    func synchronize() throws
}
