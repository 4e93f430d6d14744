import Functions
import Replication
import S3
import Testing

@testable import Lambda

struct S3EventTests {
    private func decode(_ json: String) throws -> S3Event {
        try LambdaJSON.decode(S3Event.self, from: Array(json.utf8), function: "test")
    }

    private static let amazon = """
        {"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
          "eventTime": "1970-01-01T00:00:00.000Z", "eventName": "ObjectCreated:Put",
          "userIdentity": {"principalId": "AIDAJDPLRKLG7UEXAMPLE"},
          "requestParameters": {"sourceIPAddress": "127.0.0.1"},
          "s3": {"s3SchemaVersion": "1.0", "configurationId": "testConfigRule",
            "bucket": {"name": "photos", "ownerIdentity": {"principalId": "A3"},
              "arn": "arn:aws:s3:::photos"},
            "object": {"key": "a+folder/gr%C3%BC%C3%9Fe%2B1.jpg", "size": 1024, "eTag": "d41d8",
              "versionId": "096f", "sequencer": "0055AED6DCD90281E5"}}}]}
        """

    private static let minio = """
        {"EventName": "s3:ObjectCreated:Put", "Key": "photos/a folder/x+1.jpg",
         "Records": [{"eventVersion": "2.0", "eventSource": "minio:s3", "awsRegion": "",
          "eventTime": "2025-01-01T00:00:00.000Z", "eventName": "s3:ObjectCreated:Put",
          "s3": {"s3SchemaVersion": "1.0", "configurationId": "Config",
            "bucket": {"name": "photos", "arn": "arn:aws:s3:::photos"},
            "object": {"key": "a+folder%2Fx%2B1.jpg", "size": 5, "eTag": "e",
              "contentType": "image/jpeg", "userMetadata": {"content-type": "image/jpeg"},
              "sequencer": "18162F0D4A3C7C2B"}},
          "source": {"host": "127.0.0.1", "port": "", "userAgent": "MinIO"}}]}
        """

    private static func ceph(_ object: String) -> String {
        """
        {"Records": [{"eventVersion": "2.1", "eventSource": "ceph:s3", "awsRegion": "zone",
          "eventTime": "2025-01-01T00:00:00.000000Z", "eventName": "ObjectCreated:Put",
          "s3": {"s3SchemaVersion": "1.0", "configurationId": "c",
            "bucket": {"name": "photos", "arn": "arn:aws:s3:zone::photos", "id": "x.1"},
            "object": \(object)},
          "eventId": "e", "opaqueData": ""}]}
        """
    }

    @Test func readsAmazons() throws {
        let record = try #require(try decode(Self.amazon).records.first)
        #expect(record.name == "ObjectCreated:Put")
        #expect(record.s3.bucket.name == "photos")
        #expect(record.s3.object.size == 1024)
        #expect(record.s3.object.versionId == "096f")
        #expect(record.s3.object.keyBytes(record.keyEncoding) == Array("a folder/grüße+1.jpg".utf8))
    }

    @Test func readsMinIOs() throws {
        let record = try #require(try decode(Self.minio).records.first)
        #expect(record.eventName == "s3:ObjectCreated:Put")
        #expect(record.name == "ObjectCreated:Put")
        #expect(record.s3.object.keyBytes(record.keyEncoding) == Array("a folder/x+1.jpg".utf8))
    }

    @Test func readsCephsWhoseKeysAreRaw() throws {
        let event = try decode(
            Self.ceph(#"{"key": "100% a+b%41", "size": "1024", "etag": "e", "sequencer": "F"}"#))
        let object = try #require(event.records.first).s3.object
        #expect(object.size == 1024)
        #expect(object.eTag == "e")
        #expect(object.keyBytes(event.records[0].keyEncoding) == Array("100% a+b%41".utf8))
        let other = try decode(Self.ceph(#"{"key": "k", "size": 7, "eTag": "new", "etag": "old"}"#))
        #expect(other.records.first?.s3.object.size == 7)
        #expect(other.records.first?.s3.object.eTag == "new")
    }

    @Test(arguments: [
        #"{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "photos"}"#,
        "{}", #"{"Records": null}"#, #"{"Records": []}"#,
    ])
    func aBodyWithoutRecordsIsAboutNoObject(_ json: String) throws {
        #expect(try decode(json).records.isEmpty)
    }

    @Test func aDeleteHasNeitherSizeNorETag() throws {
        let event = try decode(
            Self.ceph(#"{"key": "k", "size": null, "sequencer": "F"}"#))
        let object = try #require(event.records.first).s3.object
        #expect(object.size == nil)
        #expect(object.eTag == nil)
    }

    @Test(arguments: [
        "", "[]", "{", #"{"Records": [{}]}"#, #"{"Records": [{"eventName": "x"}]}"#,
        #"{"Records": "none"}"#,
    ])
    func whatIsNoEventIsNamedAsThat(_ json: String) throws {
        let error = try #require(throws: FunctionError.self) { try decode(json) }
        #expect(error.kind == .invalidEvent)
        #expect(error.function == "test")
        #expect(error.errorType == "Runtime.UnmarshalError")
        #expect(error.message.contains("S3Event"))
        #expect(error.cause != nil)
    }

    @Test(arguments: [amazon, minio])
    func comesBackFromItsOwnJSON(_ json: String) throws {
        let event = try decode(json)
        let text = String(decoding: try LambdaJSON.encode(event), as: UTF8.self)
        #expect(try decode(text) == event)
        #expect(text.contains("\"Records\""))
    }

    struct KeyRow: Sendable {
        var key: String
        var encoding: S3Event.KeyEncoding
        var bytes: [UInt8]?
    }

    @Test(arguments: [
        KeyRow(key: "a+b", encoding: .form, bytes: Array("a b".utf8)),
        KeyRow(key: "a+b", encoding: .percent, bytes: Array("a+b".utf8)),
        KeyRow(key: "a+b%41", encoding: .plain, bytes: Array("a+b%41".utf8)),
        KeyRow(key: "a%2Bb%2fc", encoding: .form, bytes: Array("a+b/c".utf8)),
        KeyRow(key: "%ff%00", encoding: .percent, bytes: [0xFF, 0]),
        KeyRow(key: "grüße", encoding: .form, bytes: Array("grüße".utf8)),
        KeyRow(key: "", encoding: .form, bytes: []),
        KeyRow(key: "%", encoding: .form, bytes: nil),
        KeyRow(key: "a%4", encoding: .percent, bytes: nil),
        KeyRow(key: "a%4g", encoding: .form, bytes: nil),
        KeyRow(key: "%", encoding: .plain, bytes: Array("%".utf8)),
    ])
    func decodesKeys(_ row: KeyRow) {
        #expect(S3Event.Object(key: row.key).keyBytes(row.encoding) == row.bytes)
    }

    @Test func aScheduledTickIsInEventBridgesShape() throws {
        let event = ScheduledEvent(id: "1", time: "2025-01-01T00:00:00Z", resources: ["arn"])
        let json = try LambdaJSON.encode(event)
        #expect(String(decoding: json, as: UTF8.self).contains(#""detail-type":"Scheduled Event""#))
        #expect(try LambdaJSON.decode(ScheduledEvent.self, from: json, function: "f") == event)
    }
}
