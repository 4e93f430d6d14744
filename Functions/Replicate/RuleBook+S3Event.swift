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
        event.records.flatMap { record -> [ReplicateEvent] in
            guard Self.mayHaveChanged(record.name),
                let bytes = record.s3.object.keyBytes(keyEncoding ?? record.keyEncoding)
            else { return [] }
            let key = ObjectKey(bytes)
            return rules.compactMap { rule in
                guard rule.source.bucket == record.s3.bucket.name,
                    connection == nil || rule.source.client.connection.name == connection,
                    key.hasPrefix(rule.source.prefix)
                else { return nil }
                let relative = key.dropping(prefix: rule.source.prefix)
                return relative.isEmpty ? nil : ReplicateEvent(rule: rule.name, key: relative)
            }
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
