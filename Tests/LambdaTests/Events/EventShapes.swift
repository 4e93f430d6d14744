@testable import Lambda

/// Bodies as senders write them, with every member that they have.
enum EventShapes {
    static func amazon(
        _ name: String = "ObjectCreated:Put", bucket: String = "photos",
        object: String =
            #"{"key": "a+folder/gr%C3%BC%C3%9Fe%2B1.jpg", "size": 1024, "eTag": "d41d8", "versionId": "096f", "sequencer": "0055AED6DCD90281E5"}"#
    ) -> String {
        """
        {"eventVersion": "2.6", "eventSource": "aws:s3", "awsRegion": "eu-central-1",
         "eventTime": "2026-11-25T10:00:00.000Z", "eventName": "\(name)",
         "userIdentity": {"principalId": "AWS:AIDA"},
         "requestParameters": {"sourceIPAddress": "127.0.0.1"},
         "responseElements": {"x-amz-request-id": "R", "x-amz-id-2": "H"},
         "s3": {"s3SchemaVersion": "1.0", "configurationId": "rule",
           "bucket": {"name": "\(bucket)", "ownerIdentity": {"principalId": "A3"}, "arn": "arn:aws:s3:::\(bucket)"},
           "object": \(object)},
         "glacierEventData": {"restoreEventData": {"lifecycleRestorationExpiryTime": "1970-01-01T00:00:00.000Z"}},
         "somethingNew": [1, -2.5e3, true, false, null, {"deep": [[]]}]}
        """
    }

    static func minio(_ object: String, name: String = "s3:ObjectCreated:Put") -> String {
        """
        {"EventName": "\(name)", "Key": "photos/a folder/x+1.jpg",
         "Records": [{"eventVersion": "2.0", "eventSource": "minio:s3", "awsRegion": "",
          "eventTime": "2026-11-25T10:00:00.000Z", "eventName": "\(name)",
          "userIdentity": {"principalId": "minio"},
          "requestParameters": {"principalId": "minio", "region": "", "sourceIPAddress": "127.0.0.1"},
          "responseElements": {"content-length": "0", "x-amz-request-id": "1", "x-minio-origin-endpoint": "http://127.0.0.1:9000"},
          "s3": {"s3SchemaVersion": "1.0", "configurationId": "Config",
            "bucket": {"name": "photos", "ownerIdentity": {"principalId": "minio"}, "arn": "arn:aws:s3:::photos"},
            "object": \(object)},
          "source": {"host": "127.0.0.1", "port": "", "userAgent": "MinIO (linux; amd64)"}}]}
        """
    }

    static func ceph(_ object: String) -> String {
        """
        {"Records": [{"eventVersion": "2.1", "eventSource": "ceph:s3", "awsRegion": "zonegroup",
          "eventTime": "2026-11-25T10:00:00.000000Z", "eventName": "ObjectCreated:Put",
          "userIdentity": {"principalId": "tester"}, "requestParameters": {"sourceIPAddress": ""},
          "responseElements": {"x-amz-request-id": "r", "x-amz-id-2": "z"},
          "s3": {"s3SchemaVersion": "1.0", "configurationId": "c",
            "bucket": {"name": "photos", "ownerIdentity": {"principalId": "tester"}, "arn": "arn:aws:s3:zonegroup::photos", "id": "x.1"},
            "object": \(object)},
          "eventId": "1.2.e", "opaqueData": "me@example.com"}]}
        """
    }

    static func eventBridge(
        _ type: String = "Object Created", key: String = "a+b%41 c",
        more: String = #", "reason": "PutObject""#, source: String = "aws.s3"
    ) -> String {
        """
        {"version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": "\(type)", "source": "\(source)",
         "account": "111122223333", "time": "2026-11-25T10:00:00Z", "region": "ca-central-1", "resources": ["arn:aws:s3:::photos"],
         "detail": {"version": "0", "bucket": {"name": "photos"},
          "object": {"key": "\(key)", "size": 5, "etag": "b1946ac9", "version-id": "IYV3p4", "sequencer": "617f08299329d189"},
          "request-id": "N4N7GDK58NMKJ12R", "requester": "123456789012", "source-ip-address": "1.2.3.4"\(more)}}
        """
    }

    static func r2(
        _ action: String = "PutObject",
        object: String = #"{"key": "a+b%41 c", "size": 65536, "eTag": "c846ff7a"}"#
    ) -> String {
        """
        {"account": "3f4b7e3dcab231cbfdaa90a6a28bd548", "action": "\(action)", "bucket": "photos", "object": \(object),
         "eventTime": "2026-11-25T10:00:00.000Z", "copySource": {"bucket": "o", "object": "k"}}
        """
    }

    static func sqs(_ messages: [(id: String, body: String)]) -> String {
        let records = messages.map { id, body in
            """
            {"messageId": "\(id)", "receiptHandle": "AQEB", "body": \(quoted(body)),
             "attributes": {"ApproximateReceiveCount": "1"}, "messageAttributes": {}, "md5OfBody": "e4e68fb7",
             "eventSource": "aws:sqs", "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue", "awsRegion": "us-east-2"}
            """
        }
        return #"{"Records": ["# + records.joined(separator: ",") + "]}"
    }

    /// As SNS posts it.
    static func sns(_ message: String, type: String = "Notification") -> String {
        """
        {"Type": "\(type)", "MessageId": "22b80b92", "TopicArn": "arn:aws:sns:us-east-1:1:t", "Subject": "Amazon S3 Notification",
         "Message": \(quoted(message)), "Timestamp": "2026-11-25T10:00:00.000Z", "SignatureVersion": "1", "Signature": "E",
         "SigningCertURL": "https://sns", "UnsubscribeURL": "https://sns"}
        """
    }

    /// As SNS invokes a function.
    static func snsRecords(_ message: String) -> String {
        """
        {"Records": [{"EventVersion": "1.0", "EventSubscriptionArn": "arn", "EventSource": "aws:sns",
          "Sns": {"Type": "Notification", "MessageId": "m", "TopicArn": "arn", "Message": \(quoted(message))}}]}
        """
    }

    static let test = """
        {"Service": "Amazon S3", "Event": "s3:TestEvent", "Time": "2026-11-25T10:00:00.000Z", "Bucket": "photos", "RequestId": "R", "HostId": "H"}
        """

    static let batch1 = """
        {"invocationSchemaVersion": "1.0", "invocationId": "YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo",
         "job": {"id": "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"},
         "tasks": [{"taskId": "dGFza2lkZ29lc2hlcmUF", "s3Key": "customer%20Image+1.jpg", "s3VersionId": null,
           "s3BucketArn": "arn:aws:s3:us-east-1:0123456788:photos"}]}
        """

    static let batch2 = """
        {"invocationSchemaVersion": "2.0", "invocationId": "Jr3s8KZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZzatx7Ruy",
         "job": {"id": "ry77cd60-61f6-4a2b-8a21-d07600c874gf", "userArguments": {"MyDestinationBucket": "b"}},
         "tasks": [{"taskId": "y5R3a", "s3Key": "a", "s3VersionId": "v1", "s3Bucket": "photos"},
           {"taskId": "y5R3b", "s3Key": "%ff", "s3VersionId": "", "s3Bucket": "photos"}]}
        """

    /// As a JSON string.
    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
