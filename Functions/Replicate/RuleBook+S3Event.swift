import Lambda
import Replication
import S3

extension RuleBook {
    /// The keys that a notification is about, once for each rule whose source they are in.
    ///
    /// Events that say nothing of an object's content (a multipart upload began, a test event, a restore
    /// was asked for, an access was logged) give none, and neither do keys outside every rule.
    /// - Parameters:
    ///   - connection: whose notification it is; nil: any connection with such a bucket.
    ///   - keyEncoding: of the keys; nil: as each record's sender writes them.
    public func events(
        for event: S3Event, connection: String? = nil,
        keyEncoding: S3Event.KeyEncoding? = nil
    ) -> [ReplicateEvent] {
        event.records.flatMap {
            events(for: $0, connection: connection, keyEncoding: keyEncoding)
        }
    }

    /// The same of one record.
    public func events(
        for record: S3Event.Record, connection: String? = nil,
        keyEncoding: S3Event.KeyEncoding? = nil
    ) -> [ReplicateEvent] {
        guard Self.mayHaveChanged(record.name),
            let bytes = record.s3.object.keyBytes(keyEncoding ?? record.keyEncoding)
        else { return [] }
        return events(bucket: record.s3.bucket.name, key: bytes, connection: connection)
    }

    /// One event for each rule in whose source a key is; the keys are the store's, with no encoding.
    public func events(
        bucket: String, key bytes: [UInt8], connection: String? = nil
    ) -> [ReplicateEvent] {
        let key = ObjectKey(bytes)
        return rules.compactMap { rule in
            guard rule.source.bucket == bucket,
                connection == nil || rule.source.client.connection.name == connection,
                key.hasPrefix(rule.source.prefix)
            else { return nil }
            let relative = key.dropping(prefix: rule.source.prefix)
            return relative.isEmpty ? nil : ReplicateEvent(rule: rule.name, key: relative)
        }
    }

    /// Event types: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html>;
    /// Ceph also announces the beginning of a multipart upload and what another zone wrote, MinIO reads and "NoOP".
    static func mayHaveChanged(_ name: String) -> Bool {
        let prefixes = [
            "ObjectCreated:", "ObjectRemoved:", "ObjectTagging:", "ObjectAcl:", "ObjectLifecycle:",
            "LifecycleExpiration:", "LifecycleTransition", "ObjectRestore:Completed",
            "LifecycleDelMarkerExpiration:", "ObjectSynced:", "ObjectTransition:Complete",
        ]
        let silent = ["ObjectCreated:InitiateMultipartUpload", "ObjectRemoved:NoOP"]
        return prefixes.contains { name.hasPrefix($0) } && !silent.contains(name)
            && !name.hasSuffix(":NoOP")
    }
}
