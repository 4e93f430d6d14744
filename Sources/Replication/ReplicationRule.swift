import S3
import Signing

/// A bucket, or a part of one, on a connection.
public struct Place: Sendable {
    public var client: S3Client
    public var bucket: String
    /// Keys below are relative to it: `prefix + relative key` is the object's key. Empty for the
    /// whole bucket.
    public var prefix: ObjectKey

    public init(client: S3Client, bucket: String, prefix: ObjectKey = "") {
        self.client = client
        self.bucket = bucket
        self.prefix = prefix
    }

    /// The object of a relative key.
    public func address(_ key: ObjectKey) -> ObjectAddress {
        ObjectAddress(bucket: bucket, key: prefix.isEmpty ? key : prefix + key)
    }
}

/// Which objects a rule is about. Globs match the relative key: `*` within a segment, `**` over
/// segments, `?`, `[a-z]`; a glob without `/` matches the last segment.
public struct ObjectFilter: Sendable {
    public var include: [String] = []
    public var exclude: [String] = []
    public var minSize, maxSize: Int64?
    /// Objects younger (older) than this, by the source's Last-Modified, are left alone.
    public var minAge, maxAge: Duration?
    public init() {}
}

/// What is copied from where to where, and how.
public struct ReplicationRule: Sendable {
    /// What becomes of a destination's object that is gone from the source.
    public enum Deletes: String, Sendable, Codable {
        case keep, propagate
        /// Moved to ``ReplicationRule/quarantine``, and so deleted where it was.
        case quarantine
    }
    public var name: String
    public var source, destination: Place
    public var filter = ObjectFilter()
    public var deletes = Deletes.keep
    /// Where what is deleted is kept, under the time of its delete (see ``quarantineFolder(_:)``). Needed where `deletes` is
    /// `.quarantine`; the filter must exclude what of it lies within the destination.
    public var quarantine: Place?
    public var copying = CopyOptions()

    public init(name: String, source: Place, destination: Place) {
        self.name = name
        self.source = source
        self.destination = destination
    }

    /// "2026-11-25T19-03-18Z/": sorts by time, and is a folder to every tool.
    ///
    /// - Parameter milliseconds: Unix time.
    public static func quarantineFolder(_ milliseconds: Int64) -> ObjectKey {
        let time = Timestamps.iso8601(milliseconds: milliseconds).prefix(19)
        return ObjectKey(time.replacing(":", with: "-") + "Z/")
    }
}

public struct CopyOptions: Sendable {
    /// Part size for objects whose own layout need not or cannot be kept; nil: chosen by size (at
    /// least 16 MiB, at most 10,000 parts).
    public var partSizeBytes: Int64?
    /// The class written at the destination; nil: the destination's default. The source's own is
    /// never carried over: classes are named differently from store to store.
    public var storageClass: String?
    public var copiesTags = true
    public var copiesACL = false
    public var copiesLock = true
    /// A copy reads everything again and never trusts the listing: HEAD both sides.
    public var full = false
    /// Parts of one object in flight at once.
    public var partsAtOnce = 4
    public init() {}
}
