import Foundation
import TestSupport
import Testing

@testable import Lambda

struct S3EventReaderTests {
    private func notification(_ body: String) throws -> S3Notification {
        let reading = S3EventReader.read(Array(body.utf8))
        guard case .records(let notification) = reading else {
            throw Failure(reading: reading)
        }
        return notification
    }

    private struct Failure: Error { var reading: S3EventReading }

    private func records(_ body: String) throws -> [S3Event.Record] {
        let notification = try notification(body)
        #expect(notification.unknown.isEmpty)
        return notification.records.map(\.record)
    }

    private func key(_ record: S3Event.Record) -> [UInt8]? {
        record.s3.object.keyBytes(record.keyEncoding)
    }

    private func reason(_ body: String) -> String? {
        guard case .unknown(let reason) = S3EventReader.read(Array(body.utf8)) else { return nil }
        return reason
    }

    @Test func amazonsNotification() throws {
        let record = try #require(try records(#"{"Records": [\#(EventShapes.amazon())]}"#).first)
        #expect(record.name == "ObjectCreated:Put")
        #expect(record.eventVersion == "2.6")
        #expect(record.awsRegion == "eu-central-1")
        #expect(record.eventTime == "2026-11-25T10:00:00.000Z")
        #expect(record.s3.bucket == .init(name: "photos", arn: "arn:aws:s3:::photos"))
        #expect(record.s3.configurationId == "rule")
        #expect(record.s3.object.size == 1024)
        #expect(record.s3.object.eTag == "d41d8")
        #expect(record.s3.object.versionId == "096f")
        #expect(record.s3.object.sequencer == "0055AED6DCD90281E5")
        #expect(record.keyEncoding == .form)
        #expect(key(record) == Array("a folder/grüße+1.jpg".utf8))
    }

    /// The reader and the decoder of the type agree.
    @Test func theTypeReadsTheSame() throws {
        for body in [
            #"{"Records": [\#(EventShapes.amazon()), \#(EventShapes.amazon("ObjectRemoved:Delete", object: #"{"key": "k", "sequencer": "1"}"#))]}"#,
            EventShapes.minio(
                #"{"key": "a%2Fb", "size": 5, "eTag": "e", "contentType": "x", "userMetadata": {"a": "b"}, "sequencer": "18"}"#
            ),
            EventShapes.ceph(
                #"{"key": "a+b", "size": "7", "etag": "e", "versionId": "v", "sequencer": "F", "metadata": [], "tags": []}"#
            ),
        ] {
            let decoded = try LambdaJSON.decode(S3Event.self, from: Array(body.utf8), function: "f")
            var read = try records(body)
            for index in read.indices { read[index].s3.s3SchemaVersion = "1.0" }
            #expect(read == decoded.records)
        }
    }

    @Test func deletesAndTagsHaveLess() throws {
        let rows = [
            ("ObjectRemoved:Delete", #"{"key": "k", "sequencer": "0055"}"#),
            (
                "ObjectRemoved:DeleteMarkerCreated",
                #"{"key": "k", "eTag": "d41d8cd98f00b204e9800998ecf8427e", "versionId": "v", "sequencer": "0055"}"#
            ),
            ("ObjectTagging:Put", #"{"key": "k", "eTag": "e"}"#),
            ("ObjectAcl:Put", #"{"key": "k", "eTag": "e"}"#),
        ]
        for (name, object) in rows {
            let record = try #require(
                try records(#"{"Records": [\#(EventShapes.amazon(name, object: object))]}"#).first)
            #expect(record.name == name)
            #expect(record.s3.object.size == nil)
            #expect((record.s3.object.sequencer == nil) == !name.hasPrefix("ObjectRemoved"))
        }
    }

    @Test func miniosNotification() throws {
        let body = EventShapes.minio(
            #"{"key": "a+folder%2Fx%2B1.jpg", "size": 5, "eTag": "e", "contentType": "image/jpeg", "userMetadata": {"content-type": "image/jpeg"}, "versionId": "", "sequencer": "18162F0D4A3C7C2B"}"#
        )
        let record = try #require(try records(body).first)
        #expect(record.eventName == "s3:ObjectCreated:Put")
        #expect(record.name == "ObjectCreated:Put")
        #expect(record.keyEncoding == .form)
        #expect(key(record) == Array("a folder/x+1.jpg".utf8))
        #expect(record.s3.object.versionId == nil)
    }

    @Test(arguments: [#""1024""#, "1024"]) func cephsNotification(_ size: String) throws {
        let record = try #require(
            try records(
                EventShapes.ceph(
                    #"{"key": "100% a+b%41\u00fc\/", "size": \#(size), "etag": "e", "versionId": "", "sequencer": "F", "metadata": [{"key": "k", "val": "v"}], "tags": []}"#
                )
            ).first)
        #expect(record.keyEncoding == .plain)
        #expect(key(record) == Array("100% a+b%41ü/".utf8))
        #expect(record.s3.object.size == 1024)
        #expect(record.s3.object.eTag == "e")
    }

    @Test(arguments: [#""many""#, "1.5", "null", "[]", "99999999999999999999"])
    func aSizeThatIsNoneIsNone(_ size: String) throws {
        let record = try #require(
            try records(EventShapes.ceph(#"{"key": "k", "size": \#(size)}"#)).first)
        #expect(record.s3.object.size == nil)
    }

    @Test(
        arguments: [
            ("Object Created", #", "reason": "PutObject""#, "ObjectCreated:Put"),
            ("Object Created", #", "reason": "POST Object""#, "ObjectCreated:Post"),
            ("Object Created", #", "reason": "CopyObject""#, "ObjectCreated:Copy"),
            (
                "Object Created", #", "reason": "CompleteMultipartUpload""#,
                "ObjectCreated:CompleteMultipartUpload"
            ),
            ("Object Created", "", "ObjectCreated:Put"),
            ("Object Created", #", "reason": "New""#, "ObjectCreated:New"),
            (
                "Object Deleted",
                #", "reason": "DeleteObject", "deletion-type": "Permanently Deleted""#,
                "ObjectRemoved:Delete"
            ),
            (
                "Object Deleted",
                #", "reason": "DeleteObject", "deletion-type": "Delete Marker Created""#,
                "ObjectRemoved:DeleteMarkerCreated"
            ),
            (
                "Object Deleted",
                #", "reason": "Lifecycle Expiration", "deletion-type": "Permanently Deleted""#,
                "LifecycleExpiration:Delete"
            ),
            (
                "Object Deleted",
                #", "reason": "Lifecycle Expiration", "deletion-type": "Delete Marker Created""#,
                "LifecycleExpiration:DeleteMarkerCreated"
            ),
            ("Object Restore Initiated", "", "ObjectRestore:Post"),
            ("Object Restore Completed", "", "ObjectRestore:Completed"),
            ("Object Restore Expired", "", "ObjectRestore:Delete"),
            ("Object Storage Class Changed", "", "LifecycleTransition"),
            ("Object Access Tier Changed", "", "IntelligentTiering"),
            ("Object ACL Updated", "", "ObjectAcl:Put"),
            ("Object Tags Added", "", "ObjectTagging:Put"),
            ("Object Tags Deleted", "", "ObjectTagging:Delete"),
        ] as [(String, String, String)])
    func eventBridges(_ type: String, _ more: String, _ name: String) throws {
        let record = try #require(try records(EventShapes.eventBridge(type, more: more)).first)
        #expect(record.name == name)
        #expect(record.awsRegion == "ca-central-1")
        #expect(record.eventTime == "2026-11-25T10:00:00Z")
        #expect(record.s3.bucket == .init(name: "photos", arn: "arn:aws:s3:::photos"))
        #expect(record.s3.object.size == 5)
        #expect(record.s3.object.eTag == "b1946ac9")
        #expect(record.s3.object.versionId == "IYV3p4")
        #expect(record.keyEncoding == .plain)
        #expect(key(record) == Array("a+b%41 c".utf8))
    }

    @Test func manyOfEventBridge() throws {
        let body = "[\(EventShapes.eventBridge(key: "1")), \(EventShapes.eventBridge(key: "2"))]"
        #expect(try records(body).map(\.s3.object.key) == ["1", "2"])
    }

    @Test(
        arguments: [
            ("PutObject", "ObjectCreated:Put"), ("CopyObject", "ObjectCreated:Copy"),
            ("CompleteMultipartUpload", "ObjectCreated:CompleteMultipartUpload"),
            ("DeleteObject", "ObjectRemoved:Delete"),
            ("LifecycleDeletion", "LifecycleExpiration:Delete"),
        ])
    func r2s(_ action: String, _ name: String) throws {
        let message = EventShapes.r2(action)
        let coded = Data(message.utf8).base64EncodedString()
        let bodies = [
            message, "[\(message)]",
            #"{"messages": [{"id": "1", "timestamp": "t", "attempts": 1, "body": \#(message)}]}"#,
            #"{"messages": [{"body": \#(EventShapes.quoted(message))}]}"#,
            #"{"success": true, "errors": [], "result": {"messages": [{"body": "\#(coded)", "id": "1", "lease_id": "e"}]}}"#,
        ]
        for body in bodies {
            let record = try #require(try records(body).first)
            #expect(record.name == name)
            #expect(record.s3.bucket.name == "photos")
            #expect(record.s3.object.size == 65536)
            #expect(record.s3.object.eTag == "c846ff7a")
            #expect(key(record) == Array("a+b%41 c".utf8))
            #expect(record.eventTime == "2026-11-25T10:00:00.000Z")
        }
        let deleted = try records(EventShapes.r2(action, object: #"{"key": "k"}"#)).first
        #expect(deleted?.s3.object.size == nil)
    }

    @Test func messagesOfSQSKeepTheirIDs() throws {
        let aws =
            #"{"Records": [\#(EventShapes.amazon(object: #"{"key": "1"}"#)), \#(EventShapes.amazon(object: #"{"key": "2"}"#))]}"#
        let found = try notification(
            EventShapes.sqs([
                ("m1", aws), ("m2", EventShapes.sns(aws)),
                ("m3", EventShapes.eventBridge(key: "3")), ("m4", EventShapes.test),
                ("m5", "hello"), ("m6", EventShapes.sns(EventShapes.eventBridge(key: "4"))),
                ("m7", #"{"what": "is this"}"#),
            ]))
        #expect(found.messageIDs == ["m1", "m2", "m3", "m4", "m5", "m6", "m7"])
        #expect(found.records.map(\.messageID) == ["m1", "m1", "m2", "m2", "m3", "m6"])
        #expect(found.records.map(\.record.s3.object.key) == ["1", "2", "1", "2", "3", "4"])
        #expect(found.unknown.map(\.messageID) == ["m5", "m7"])
        #expect(
            found.unknown.map { String(decoding: $0.body, as: UTF8.self) } == [
                "hello", #"{"what": "is this"}"#,
            ])
    }

    @Test func aQueueOfGreetingsStillWaitsForItsAnswer() throws {
        let found = try notification(EventShapes.sqs([("m1", EventShapes.test)]))
        #expect(found.messageIDs == ["m1"])
        #expect(found.records.isEmpty && found.unknown.isEmpty)
    }

    @Test func brokenMessagesOfSQS() throws {
        let found = try notification(
            #"{"Records": [{"eventSource": "aws:sqs", "messageId": "m"}, {"eventSource": "aws:sqs", "body": "{}"}]}"#
        )
        #expect(found.unknown.map(\.messageID) == ["m", nil])
    }

    @Test func bothShapesOfSNS() throws {
        let aws = #"{"Records": [\#(EventShapes.amazon(object: #"{"key": "k"}"#))]}"#
        for body in [
            EventShapes.sns(aws), EventShapes.snsRecords(aws),
            EventShapes.sns(EventShapes.eventBridge(key: "k")),
        ] {
            #expect(try records(body).map(\.s3.object.key) == ["k"])
        }
        #expect(S3EventReader.read(Array(EventShapes.sns(EventShapes.test).utf8)) == .greeting)
        #expect(
            reason(EventShapes.sns("You have chosen", type: "SubscriptionConfirmation"))?.contains(
                "SubscribeURL") == true)
        #expect(
            S3EventReader.read(Array(EventShapes.sns("x", type: "UnsubscribeConfirmation").utf8))
                == .greeting)
        #expect(reason(EventShapes.sns("x", type: "New")) != nil)
        #expect(reason(EventShapes.snsRecords("text"))?.contains("no JSON") == true)
        #expect(reason(#"{"Records": [{"EventSource": "aws:sns"}]}"#) != nil)
    }

    @Test(arguments: [
        EventShapes.test, "{}", #"{"Records": null}"#, #"{"Records": []}"#, #"{"messages": []}"#,
        #" {"Event":"s3:TestEvent"} "#,
        #"{"EventName": "s3:TestEvent", "Key": ""}"#,
        EventShapes.minio(#"{"key": ""}"#, name: "s3:BucketCreated:*"),
    ])
    func greetings(_ body: String) { #expect(S3EventReader.read(Array(body.utf8)) == .greeting) }

    @Test func tasksOfBatchOperations() throws {
        guard case .batch(let first) = S3EventReader.read(Array(EventShapes.batch1.utf8)),
            case .batch(let second) = S3EventReader.read(Array(EventShapes.batch2.utf8))
        else {
            Issue.record("no batch")
            return
        }
        #expect(first.tasks.map(\.bucketName) == ["photos"])
        #expect(first.tasks.map(\.keyBytes) == [Array("customer Image+1.jpg".utf8)])
        #expect(first.tasks[0].s3VersionId == nil)
        #expect(first.job == .init(id: "f3cc4f60-61f6-4a2b-8a21-d07600c373ce"))
        #expect(second.tasks.map(\.bucketName) == ["photos", "photos"])
        #expect(second.tasks.map(\.keyBytes) == [Array("a".utf8), [0xFF]])
        #expect(second.tasks.map(\.s3VersionId) == ["v1", nil])
        #expect(second.job.userArguments == ["MyDestinationBucket": "b"])
        #expect(
            try LambdaJSON.decode(
                S3BatchEvent.self, from: Array(EventShapes.batch1.utf8), function: "f") == first)
        let answer = S3BatchResponse(
            to: first,
            results: [.init(taskId: "t", resultCode: .permanentFailure, resultString: "why")])
        #expect(
            String(decoding: try LambdaJSON.encode(answer), as: UTF8.self)
                == #"{"invocationId":"YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo","invocationSchemaVersion":"1.0","#
                + #""results":[{"resultCode":"PermanentFailure","resultString":"why","taskId":"t"}],"treatMissingKeysAs":"TemporaryFailure"}"#
        )
    }

    @Test(arguments: [
        #"{"invocationSchemaVersion": "1.0", "tasks": []}"#,
        #"{"invocationSchemaVersion": "1.0", "invocationId": "i", "tasks": [{}]}"#,
        #"{"invocationSchemaVersion": "1.0", "invocationId": "i", "tasks": 1}"#,
    ])
    func aBatchThatCannotBeAnswered(_ body: String) { #expect(reason(body) != nil) }

    /// One record of no known shape among known ones.
    @Test(arguments: [
        "{}", "1", "null", "[]", #"{"eventSource": "aws:kinesis", "kinesis": {}}"#,
        #"{"eventName": "x", "s3": {"bucket": {}}}"#,
        #"{"eventName": "x", "s3": {"bucket": {"name": "b"}, "object": {}}}"#,
        #"{"eventName": "x", "s3": {"bucket": {"name": "b"}, "object": {"key": 5}}}"#,
        #"{"eventName": "x", "s3": {"bucket": {"name": "b"}, "object": {"key": ""}}}"#,
        #"{"eventName": "x", "s3": {"bucket": {"name": "b"}, "object": {"key": "%zz"}}}"#,
        #"{"eventName": "x", "s3": {"bucket": {"name": "b"}, "object": {"key": "\ud800"}}}"#,
        #"{"s3": {"bucket": {"name": "b"}, "object": {"key": "k"}}}"#,
    ])
    func oneBadRecordTakesNoOtherWithIt(_ bad: String) throws {
        let good = [
            EventShapes.amazon(object: #"{"key": "1"}"#),
            EventShapes.amazon(object: #"{"key": "2"}"#),
        ]
        let found = try notification(#"{"Records": [\#(good[0]), \#(bad), \#(good[1])]}"#)
        #expect(found.records.map(\.record.s3.object.key) == ["1", "2"])
        #expect(found.unknown.map(\.body) == [Array(bad.utf8)])
        #expect(reason(#"{"Records": [\#(bad)]}"#) != nil)
    }

    @Test(arguments: [
        "", " ", "[]", "[[]]", "{", "nul", "hello", "1", "\"s\"", "[1, 2]", #"{"Records": "none"}"#,
        #"{"Records": {}}"#, #"{"rule": "r", "key": "k"}"#,
        #"{"Records": []} {}"#, #"{"a": 1,}"#, #"{"a" 1}"#, #"{a: 1}"#, "{\"a\": \"\n\"}",
        #"{"a": "\x"}"#, #"{"a": "\u12"}"#, #"{"a": 01}"#, #"{"a": .5}"#, #"{"a": 1.}"#,
        #"{"a": -}"#, #"{"a": 1e}"#, #"{"a": "b}"#, #"["\"]"#, "\u{FEFF}{}", "[true, fals]",
        "{\"a\": tru", "\"\\",
        EventShapes.eventBridge(source: "my.app"), EventShapes.eventBridge("Object Sung"),
        EventShapes.r2("SingObject"),
        EventShapes.r2(object: "{}"), EventShapes.r2(object: #"{"key": ""}"#),
        #"{"messages": [{}]}"#, #"{"messages": [{"body": "zzz"}]}"#,
        #"{"detail-type": "Object Created", "source": "aws.s3"}"#,
        #"{"detail-type": "Scheduled Event", "source": "aws.events"}"#,
    ])
    func whatIsUnknownSaysWhy(_ body: String) { #expect(reason(body)?.isEmpty == false) }

    @Test func keysWhoseBytesAreNotUTF8AreKept() throws {
        func read(_ before: String, _ bytes: [UInt8], _ after: String) -> S3EventReading {
            S3EventReader.read(Array(before.utf8) + bytes + Array(after.utf8))
        }
        let halves = EventShapes.ceph(#"{"key": "@"}"#).split(separator: "@", maxSplits: 1)
        guard
            case .records(let ceph) = read(
                String(halves[0]), [0x61, 0xFF, 0x25, 0x2B], String(halves[1]))
        else {
            Issue.record("ceph")
            return
        }
        #expect(key(ceph.records[0].record) == [0x61, 0xFF, 0x25, 0x2B])
        let form = try #require(
            try records(#"{"Records": [\#(EventShapes.amazon(object: #"{"key": "a%FF+%2B"}"#))]}"#)
                .first)
        #expect(key(form) == [0x61, 0xFF, 0x20, 0x2B])
        let aws = #"{"Records": [\#(EventShapes.amazon(object: #"{"key": "@"}"#))]}"#.split(
            separator: "@")
        guard
            case .records(let raw) = read(
                String(aws[0]), [0xC3, 0x2B, 0x25, 0x34, 0x31], String(aws[1]))
        else {
            Issue.record("aws")
            return
        }
        #expect(key(raw.records[0].record) == [0xC3, 0x20, 0x41])
        // It is the same when it was kept as JSON in between.
        let json = try LambdaJSON.encode(S3Event(records: ceph.records.map(\.record)))
        let again = try LambdaJSON.decode(S3Event.self, from: json, function: "f")
        #expect(key(again.records[0]) == [0x61, 0xFF, 0x25, 0x2B])
    }

    @Test func escapesInKeys() throws {
        let record = try #require(
            try records(EventShapes.eventBridge(key: #"\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000é"#))
                .first)
        #expect(key(record) == Array("\"\\/\u{8}\u{C}\n\r\té😀\0é".utf8))
    }

    @Test func depthHasALimitAndTheStackIsSafe() throws {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            for text in [
                String(repeating: open, count: 100_000), String(repeating: open, count: 1_000_000),
            ] {
                #expect(reason(text)?.contains("deeper than 64") == true)
            }
            let nested =
                String(repeating: open, count: 60) + "1" + String(repeating: close, count: 60)
            #expect(
                try records(#"{"Records": [\#(EventShapes.amazon())], "x": \#(nested)}"#).count == 1
            )
            #expect(
                reason(#"{"Records": [\#(EventShapes.amazon())], "x": [[[[\#(nested)]]]]}"#)?
                    .contains("deeper") == true)
        }
        var body = EventShapes.eventBridge()
        for _ in 0..<4 { body = EventShapes.sns(body) }
        #expect(try records(body).count == 1)
        #expect(reason(EventShapes.sns(body))?.contains("bodies in bodies") == true)
    }

    @Test func sizeAndNumberHaveLimits() throws {
        #expect(
            reason(String(repeating: " ", count: S3EventReader.longestBody + 1))?.contains(
                "more than") == true)
        let many =
            "[" + Array(repeating: "{}", count: S3EventReader.mostParts).joined(separator: ",")
            + "]"
        #expect(reason(many)?.contains("parts") == true)
        #expect(reason(#"{"Records": \#(many)}"#)?.contains("parts") == true)
        #expect(reason(#"{"messages": \#(many)}"#)?.contains("parts") == true)
    }

    /// Whatever is done to a body: an answer, and no crash.
    @Test(arguments: 1...4) func damagedBodiesAreRead(_ seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let bodies = [
            EventShapes.minio(#"{"key": "a\u00e9\ud83d\ude00", "size": 1}"#),
            EventShapes.eventBridge(), EventShapes.r2(), EventShapes.batch2,
            EventShapes.sqs([("m", EventShapes.sns(EventShapes.eventBridge()))]),
        ]
        for _ in 0..<1500 {
            var body = Array(bodies[Int.random(in: 0..<bodies.count, using: &random)].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let index = Int.random(in: 0..<body.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: body[index] = UInt8.random(in: 0...255, using: &random)
                case 1: body.remove(at: index)
                default: body.removeSubrange(index..<min(body.count, index + 20))
                }
                if body.isEmpty { break }
            }
            _ = S3EventReader.read(body)
        }
    }
}
