import Signing

/// One event as MinIO posts it to a webhook, byte for byte as Go's `encoding/json` writes it.
///
/// Source: <https://github.com/minio/minio/blob/master/internal/event/event.go> and
/// <https://github.com/minio/minio/blob/master/cmd/event-notification.go>
struct EventDocument {
    /// Who asked for the change, and how it was answered.
    struct Origin: Sendable {
        let accessKeyID: String
        let region: String
        let clientAddress: String
        let userAgent: String
        let requestID: String
        /// `http://host:port`, as the client knows it.
        let endpoint: String
        /// A UUID that is the folder's own.
        let deploymentID: String
    }

    let name: EventName
    let bucket: String
    let record: ObjectRecord
    /// Unix milliseconds.
    let time: Int64
    /// Greater for each later event of a key.
    let sequencer: UInt64
    let origin: Origin

    func bytes() -> [UInt8] {
        var json = JSONText(capacity: 1_280 + record.key.count * 2)
        json.object {
            $0.member("EventName", name.rawValue)
            $0.member("Key", Array(bucket.utf8) + [UInt8(ascii: "/")] + record.key)
            $0.array("Records") { $0.object(write) }
        }
        return json.bytes
    }

    private func write(_ json: inout JSONText) {
        json.member("eventVersion", "2.0")
        json.member("eventSource", "minio:s3")
        json.member("awsRegion", origin.region)
        json.member("eventTime", Timestamps.iso8601(milliseconds: time))
        json.member("eventName", name.rawValue)
        json.object("userIdentity") { $0.member("principalId", origin.accessKeyID) }
        json.object("requestParameters") {
            $0.member("principalId", origin.accessKeyID)
            $0.member("region", origin.region)
            $0.member("sourceIPAddress", origin.clientAddress)
        }
        json.object("responseElements") {
            $0.member("x-amz-id-2", origin.requestID)
            $0.member("x-amz-request-id", origin.requestID)
            $0.member("x-minio-deployment-id", origin.deploymentID)
            $0.member("x-minio-origin-endpoint", origin.endpoint)
        }
        json.object("s3") {
            $0.member("s3SchemaVersion", "1.0")
            $0.member("configurationId", "Config")
            $0.object("bucket") {
                $0.member("name", bucket)
                $0.object("ownerIdentity") { $0.member("principalId", origin.accessKeyID) }
                $0.member("arn", "arn:aws:s3:::\(bucket)")
            }
            $0.object("object", writeObject)
        }
        json.object("source") {
            $0.member("host", origin.clientAddress)
            $0.member("port", "")
            $0.member("userAgent", origin.userAgent)
        }
    }

    private func writeObject(_ json: inout JSONText) {
        json.member("key", Self.queryEscaped(record.key))
        if !name.isRemoval {
            // What is empty is left out, a size of 0 too.
            if record.size != 0 { json.member("size", record.size) }
            json.member("eTag", record.etag.text)
            let type = record.headers.first { $0.name == "content-type" }?.value
            if let type { json.member("contentType", type) }
            json.object("userMetadata") { json in
                for pair in metadata { json.member(pair.name, pair.value) }
            }
        }
        if let version = record.version { json.member("versionId", version.text) }
        json.member("sequencer", String(sequencer, radix: 16, uppercase: true))
    }

    /// System headers in lower case and user metadata in Go's canonical form, by name.
    private var metadata: [NamedValue] {
        let user = record.metadata.map { NamedValue(Self.canonical($0.name), $0.value) }
        return (record.headers + user).sorted {
            KeyOrder.isLess(Array($0.name.utf8), Array($1.name.utf8))
        }
    }

    /// `x-amz-meta-a-b` as `X-Amz-Meta-A-B`.
    private static func canonical(_ name: String) -> String {
        var isFirst = true
        let bytes = name.utf8.map { byte -> UInt8 in
            defer { isFirst = byte == UInt8(ascii: "-") }
            return isFirst && (97...122).contains(byte) ? byte - 32 : byte
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// As Go's `url.QueryEscape`: a space is "+", a slash "%2F".
    static func queryEscaped(_ key: [UInt8]) -> String {
        var text = ""
        for piece in key.split(separator: 0x20, omittingEmptySubsequences: false) {
            if !text.isEmpty || piece.startIndex > 0 { text += "+" }
            text += URIEncoding.encode(piece, keepSlash: false)
        }
        return text
    }
}
