/// A notification of one or more changed objects, in the shape that AWS sends.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html>
public struct S3Event: Codable, Sendable, Equatable {
    public var records: [Record]

    public init(records: [Record]) {
        self.records = records
    }

    enum CodingKeys: String, CodingKey {
        case records = "Records"
    }

    /// A body without `Records` (`s3:TestEvent`, a store's greeting) is an event about no object.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        records = try container.decodeIfPresent([Record].self, forKey: .records) ?? []
    }

    public struct Record: Codable, Sendable, Equatable {
        /// "2.1" and later minor versions; absent at stores that leave it out.
        public var eventVersion: String?
        /// "aws:s3", "minio:s3", "ceph:s3"; "aws.s3" through EventBridge, "cloudflare:r2" of R2: see ``keyEncoding``.
        public var eventSource: String?
        public var awsRegion: String?
        /// ISO 8601, UTC.
        public var eventTime: String?
        /// "ObjectCreated:Put". Some stores put "s3:" in front: see ``name``.
        public var eventName: String
        public var s3: Entity
        /// How the key is written, where that is not as its source writes keys. Not of any store: ours.
        public var statedKeyEncoding: KeyEncoding?

        public init(
            eventVersion: String? = "2.1", eventSource: String? = "aws:s3",
            awsRegion: String? = nil, eventTime: String? = nil, eventName: String, s3: Entity,
            statedKeyEncoding: KeyEncoding? = nil
        ) {
            self.eventVersion = eventVersion
            self.eventSource = eventSource
            self.awsRegion = awsRegion
            self.eventTime = eventTime
            self.eventName = eventName
            self.s3 = s3
            self.statedKeyEncoding = statedKeyEncoding
        }

        /// The event's name as AWS writes it, without a leading "s3:".
        public var name: String {
            eventName.hasPrefix("s3:") ? String(eventName.dropFirst(3)) : eventName
        }
    }

    public struct Entity: Codable, Sendable, Equatable {
        public var s3SchemaVersion: String?
        public var configurationId: String?
        public var bucket: Bucket
        public var object: Object

        public init(configurationId: String? = nil, bucket: Bucket, object: Object) {
            self.s3SchemaVersion = "1.0"
            self.configurationId = configurationId
            self.bucket = bucket
            self.object = object
        }
    }

    public struct Bucket: Codable, Sendable, Equatable {
        public var name: String
        public var arn: String?

        public init(name: String, arn: String? = nil) {
            self.name = name
            self.arn = arn
        }
    }

    public struct Object: Codable, Sendable, Equatable {
        /// As it came: encoded by the sender's rules. ``S3Event/KeyEncoding`` reads it.
        public var key: String
        public var size: Int64?
        public var eTag: String?
        public var versionId: String?
        /// Hexadecimal; orders the events of one key where the store gives it.
        public var sequencer: String?

        public init(
            key: String, size: Int64? = nil, eTag: String? = nil, versionId: String? = nil,
            sequencer: String? = nil
        ) {
            self.key = key
            self.size = size
            self.eTag = eTag
            self.versionId = versionId
            self.sequencer = sequencer
        }
    }
}

extension S3Event.Object {
    enum CodingKeys: String, CodingKey {
        case key, size, eTag, versionId, sequencer
    }

    private enum OlderKeys: String, CodingKey { case etag }

    /// Ceph's documentation shows the size as a string, and older releases wrote "etag".
    ///
    /// Source: <https://docs.ceph.com/en/latest/radosgw/notifications/>
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        key = try fields.decode(String.self, forKey: .key)
        do {
            size = try fields.decodeIfPresent(Int64.self, forKey: .size)
        } catch DecodingError.typeMismatch {
            size = Int64(try fields.decode(String.self, forKey: .size))
        }
        let older = try decoder.container(keyedBy: OlderKeys.self)
        eTag =
            try fields.decodeIfPresent(String.self, forKey: .eTag)
            ?? older.decodeIfPresent(String.self, forKey: .etag)
        versionId = try fields.decodeIfPresent(String.self, forKey: .versionId)
        sequencer = try fields.decodeIfPresent(String.self, forKey: .sequencer)
    }
}
