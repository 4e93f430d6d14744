import Lambda
import Replication
import Runtime
import S3
import Testing

@testable import Functions

/// The function as senders meet it: what it answers each of them.
struct ReplicateRawFunctionTests {
    private func call(
        _ stage: Stage, _ json: String, rules: RuleBook? = nil
    ) async throws -> String {
        let raw = ReplicateRawFunction(rules ?? RuleBook([stage.rule]))
        let context = LambdaContext(
            requestID: "r", traceID: "t", invokedFunctionARN: "arn", functionName: "replicate",
            memoryLimitMB: 128, deadline: .now + .seconds(60), logger: testLogger,
            invoker: stage.invoker())
        return String(
            decoding: try await raw.handle(Array(json.utf8), context: context), as: UTF8.self)
    }

    private func record(_ stage: Stage, _ key: String) -> String {
        EventShapes.amazon(bucket: stage.source.bucket, object: #"{"key": "\#(key)"}"#)
    }

    private func r2(_ stage: Stage, _ key: String) -> String {
        #"{"action": "PutObject", "bucket": "\#(stage.source.bucket)", "object": {"key": "\#(key)"}}"#
    }

    /// Without any right there: nothing in the destination's bucket can be written, because there is none.
    private func broken(_ stage: Stage) -> Stage {
        var stage = stage
        stage.rule.name = "broken"
        stage.rule.destination.bucket = "no-such-bucket-here"
        return stage
    }

    @Test func keysThatAreNotEncodedAreTakenAsTheyAre() async throws {
        let stage = try await Stage()
        try await stage.source.put("one", "a+b%41 c")
        #expect(try await call(stage, r2(stage, "a+b%41 c")).hasPrefix(#"[{"action":"copied""#))
        #expect(try await stage.destination.contents == ["a+b%41 c": "one"])
    }

    @Test func aQueueHearsWhichMessagesFailed() async throws {
        let stage = try await Stage()
        try await stage.source.put("one", "1")
        try await stage.source.put("two", "2")
        let answer = try await call(
            stage,
            EventShapes.sqs([
                ("m1", #"{"Records": [\#(record(stage, "1"))]}"#), ("m2", "no JSON"),
                ("m3", EventShapes.test),
                ("m4", r2(stage, "2")), ("m5", r2(stage, "1")), ("m2", "again"),
            ]))
        #expect(answer == #"{"batchItemFailures":[{"itemIdentifier":"m2"}]}"#)
        #expect(try await stage.destination.contents == ["1": "one", "2": "two"])
        #expect(
            try await call(stage, EventShapes.sqs([("m", EventShapes.test)]))
                == #"{"batchItemFailures":[]}"#)
        let failed = try await call(
            broken(stage),
            EventShapes.sqs([
                ("m1", r2(stage, "1")), ("m2", r2(stage, "1")), ("m3", EventShapes.test),
            ]))
        #expect(
            failed == #"{"batchItemFailures":[{"itemIdentifier":"m1"},{"itemIdentifier":"m2"}]}"#)
    }

    @Test func batchOperationsHearOfEveryTask() async throws {
        let stage = try await Stage()
        try await stage.source.put("one", "a b+c")
        let bucket = stage.source.bucket
        let body = """
            {"invocationSchemaVersion": "1.0", "invocationId": "i", "job": {"id": "j"}, "tasks": [
              {"taskId": "t1", "s3Key": "a%20b+c", "s3VersionId": null, "s3BucketArn": "arn:aws:s3:::\(bucket)"},
              {"taskId": "t2", "s3Key": "a", "s3VersionId": null, "s3BucketArn": "arn:aws:s3:::elsewhere"},
              {"taskId": "t3", "s3Key": "%zz", "s3VersionId": null, "s3BucketArn": "arn:aws:s3:::\(bucket)"}]}
            """
        let answer = try LambdaJSON.decode(
            S3BatchResponse.self, from: Array(try await call(stage, body).utf8), function: "f")
        #expect(answer.invocationSchemaVersion == "1.0")
        #expect(answer.invocationId == "i")
        #expect(answer.results.map(\.taskId) == ["t1", "t2", "t3"])
        #expect(
            answer.results.map(\.resultCode) == [.succeeded, .permanentFailure, .permanentFailure])
        #expect(try await stage.destination.contents == ["a b+c": "one"])
        let second = """
            {"invocationSchemaVersion": "2.0", "invocationId": "i", "job": {"id": "j", "userArguments": {}},
             "tasks": [{"taskId": "t", "s3Key": "a%20b+c", "s3VersionId": null, "s3Bucket": "\(bucket)"}]}
            """
        let failed = try LambdaJSON.decode(
            S3BatchResponse.self, from: Array(try await call(broken(stage), second).utf8),
            function: "f")
        #expect(failed.invocationSchemaVersion == "2.0")
        #expect(failed.results.map(\.resultCode) == [.temporaryFailure])
        #expect(failed.results[0].resultString.hasPrefix("broken: "))
    }

    @Test func whatCouldBeReadIsDoneBeforeTheRestIsRefused() async throws {
        let stage = try await Stage()
        try await stage.source.put("one", "1")
        let error = try await #require(throws: FunctionError.self) {
            try await call(stage, #"{"Records": [{"new": "shape"}, \#(record(stage, "1"))]}"#)
        }
        #expect(error.kind == .invalidEvent)
        #expect(error.message.hasPrefix("1 of the event's parts"))
        #expect(try await stage.destination.contents == ["1": "one"])
    }

    @Test(arguments: [
        "", "nonsense", "[]", #"{"rule": 5}"#, #"{"what": "is"}"#,
        String(repeating: "[", count: 100_000),
    ])
    func whatIsNoEventIsRefused(_ body: String) async throws {
        let stage = try await Stage()
        let error = try await #require(throws: FunctionError.self) { try await call(stage, body) }
        #expect(error.kind == .invalidEvent)
        #expect(error.message.contains("nor is it a notification"))
    }

    @Test(
        arguments: [
            (.archived, nil, true), (.tooLarge, nil, true), (.keyNotStorable, nil, true),
            (.keyTooLong, nil, true),
            (.changedTooOften, nil, false), (.notProven, nil, true), (.store, .accessDenied, true),
            (.store, .noSuchBucket, false),
            (.store, .throttled, false), (.store, .unavailable, false),
            (.store, .unreachable, false), (.store, nil, false),
        ] as [(ReplicationError.Kind, S3Error.Kind?, Bool)])
    func passingFailuresAreTriedAgain(
        _ kind: ReplicationError.Kind, _ cause: S3Error.Kind?, _ isPermanent: Bool
    ) {
        let error = ReplicationError(
            kind: kind, key: "k", message: "m",
            cause: cause.map {
                S3Error(kind: $0, operation: "PutObject", connection: "c", message: "m")
            })
        #expect(ReplicateFailure.isLasting(error) == isPermanent)
    }
}
