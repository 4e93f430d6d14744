/// S3's events as EventBridge carries them. Their keys are the keys themselves.
///
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html>
extension S3EventCollector {
    mutating func addFromEventBridge(
        _ view: JSONView, _ members: [String: JSONView], messageID: String?
    ) {
        guard members["source"]?.text == S3Event.Record.eventBridge else {
            return park("of EventBridge, and not from S3", view.json, messageID: messageID)
        }
        let detail = members["detail"]?.members() ?? [:]
        guard let type = members["detail-type"]?.text,
            let name = Self.eventName(
                of: type, reason: detail["reason"]?.text, deletion: detail["deletion-type"]?.text)
        else {
            return park(
                "of S3 through EventBridge, and of no known type", view.json, messageID: messageID)
        }
        let object = detail["object"]?.members() ?? [:]
        guard let bucket = detail["bucket"]?["name"]?.text, let key = object["key"]?.string else {
            return park(
                "of S3 through EventBridge, without a bucket or a key", view.json,
                messageID: messageID)
        }
        var record = S3Event.Record(
            eventVersion: nil, eventSource: S3Event.Record.eventBridge,
            awsRegion: members["region"]?.text, eventTime: members["time"]?.text, eventName: name,
            s3: S3Event.Entity(
                bucket: S3Event.Bucket(
                    name: bucket, arn: members["resources"]?.elements(limit: 1).first?.text),
                object: S3Event.Object(
                    key: "", size: object["size"]?.integer, eTag: object["etag"]?.nonEmptyText,
                    versionId: object["version-id"]?.nonEmptyText,
                    sequencer: object["sequencer"]?.nonEmptyText)))
        record.setKey(key, .plain)
        add(record, view, messageID: messageID)
    }

    /// The same event's name in a notification.
    static func eventName(of type: String, reason: String?, deletion: String?) -> String? {
        switch type {
        case "Object Created":
            let ways = ["PutObject": "Put", "POST Object": "Post", "CopyObject": "Copy"]
            // A way that is not known yet is one more to create an object.
            return "ObjectCreated:" + (reason.map { ways[$0] ?? $0 } ?? "Put")
        case "Object Deleted":
            let kind = reason == "Lifecycle Expiration" ? "LifecycleExpiration:" : "ObjectRemoved:"
            return kind + (deletion == "Delete Marker Created" ? "DeleteMarkerCreated" : "Delete")
        default:
            return [
                "Object Restore Initiated": "ObjectRestore:Post",
                "Object Restore Completed": "ObjectRestore:Completed",
                "Object Restore Expired": "ObjectRestore:Delete",
                "Object Storage Class Changed": "LifecycleTransition",
                "Object Access Tier Changed": "IntelligentTiering",
                "Object ACL Updated": "ObjectAcl:Put", "Object Tags Added": "ObjectTagging:Put",
                "Object Tags Deleted": "ObjectTagging:Delete",
            ][type]
        }
    }
}
