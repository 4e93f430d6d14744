import FoundationEssentials

/// The shapes of single objects. All become records as AWS writes them.
extension S3EventCollector {
    /// AWS, MinIO, Ceph.
    mutating func addObject(_ view: JSONView, _ members: [String: JSONView], messageID: String?) {
        let entity = members["s3"]?.members() ?? [:]
        guard let name = members["eventName"]?.text, let bucket = entity["bucket"]?.members(),
            let bucketName = bucket["name"]?.text, let object = entity["object"]?.members(),
            let key = object["key"]?.string
        else {
            return park(
                "a record without the name of an event, a bucket or a key", view.json,
                messageID: messageID)
        }
        var record = S3Event.Record(
            eventVersion: members["eventVersion"]?.text, eventSource: members["eventSource"]?.text,
            awsRegion: members["awsRegion"]?.text, eventTime: members["eventTime"]?.text,
            eventName: name,
            s3: S3Event.Entity(
                configurationId: entity["configurationId"]?.text,
                bucket: S3Event.Bucket(name: bucketName, arn: bucket["arn"]?.text),
                object: S3Event.Object(
                    key: "", size: object["size"]?.integer,
                    eTag: (object["eTag"] ?? object["etag"])?.nonEmptyText,
                    versionId: object["versionId"]?.nonEmptyText,
                    sequencer: object["sequencer"]?.nonEmptyText)))
        // MinIO tells of buckets too, with an object that has no name.
        if key.isEmpty, record.name.hasPrefix("Bucket") { return }
        record.setKey(key, record.keyEncoding)
        add(record, view, messageID: messageID)
    }

    /// A message as R2's queues hand it out; what it says is its body, or a string of it, or that in Base64.
    ///
    /// Source: <https://developers.cloudflare.com/queues/configuration/pull-consumers/>
    mutating func addQueued(_ view: JSONView, messageID: String?, nesting: Int) {
        guard count() else { return }
        guard let body = view["body"] else {
            return park("a message of a queue without a body", view.json, messageID: messageID)
        }
        guard let text = body.string else {
            return add(body, messageID: messageID, nesting: nesting + 1)
        }
        let isJSON = text.first { $0 != 0x20 && $0 != 0x0A } == UInt8(ascii: "{")
        let decoded = isJSON ? nil : Data(base64Encoded: Data(text)).map { Array($0) }
        add(text: decoded ?? text, messageID: messageID, nesting: nesting + 1)
    }

    /// Source: <https://developers.cloudflare.com/r2/buckets/event-notifications/>
    mutating func addFromR2(
        _ view: JSONView, _ members: [String: JSONView], action: String, messageID: String?
    ) {
        let names = [
            "PutObject": "ObjectCreated:Put", "CopyObject": "ObjectCreated:Copy",
            "CompleteMultipartUpload": "ObjectCreated:CompleteMultipartUpload",
            "DeleteObject": "ObjectRemoved:Delete",
            "LifecycleDeletion": "LifecycleExpiration:Delete",
        ]
        guard let name = names[action], let bucket = members["bucket"]?.text,
            let object = members["object"]?.members(), let key = object["key"]?.string
        else {
            return park(
                "of R2, with an unknown action or without a bucket or a key", view.json,
                messageID: messageID)
        }
        var record = S3Event.Record(
            eventVersion: nil, eventSource: S3Event.Record.r2,
            eventTime: members["eventTime"]?.text,
            eventName: name,
            s3: S3Event.Entity(
                bucket: S3Event.Bucket(name: bucket),
                object: S3Event.Object(
                    key: "", size: object["size"]?.integer, eTag: object["eTag"]?.nonEmptyText)))
        record.setKey(key, .plain)
        add(record, view, messageID: messageID)
    }

    /// A record whose key is not what it says, or says nothing, is of no use.
    mutating func add(_ record: S3Event.Record, _ view: JSONView, messageID: String?) {
        guard let key = record.s3.object.keyBytes(record.keyEncoding) else {
            return park("a key in which a % stands for nothing", view.json, messageID: messageID)
        }
        guard !key.isEmpty else {
            return park("an empty key", view.json, messageID: messageID)
        }
        keep(record, messageID: messageID)
    }
}

extension JSONView {
    /// Some stores write "" for what an object has not.
    var nonEmptyText: String? { text.flatMap { $0.isEmpty ? nil : $0 } }
}
