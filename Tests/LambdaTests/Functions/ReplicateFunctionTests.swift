import Lambda
import Replication
import Runtime
import S3
import Testing

@testable import Functions

struct ReplicateFunctionTests {
    @Test func convergesOneKeyAsItIsNow() async throws {
        let stage = try await Stage().propagating
        try await stage.source.put("one", "a")
        try await stage.source.put("other", "b")
        let copied = try await stage.replicate("a")
        #expect(copied.action == .copied)
        #expect(copied.bytes == 3)
        #expect(copied.proof != .none)
        #expect(try await stage.destination.contents == ["a": "one"])
        #expect(try await stage.replicate("a").action == .skipped)
        try await stage.source.delete("a")
        #expect(try await stage.replicate("a").action == .deleted)
        #expect(try await stage.destination.contents == [:])
    }

    @Test func aDryRunOnlyTells() async throws {
        let stage = try await Stage().propagating
        try await stage.source.put("one", "a")
        try await stage.destination.put("extra", "z")
        let copy = try await stage.replicate("a", dryRun: true)
        #expect(copy.action == .copied)
        #expect(copy.bytes == 3)
        #expect(copy.proof == .none)
        #expect(try await stage.replicate("z", dryRun: true).action == .deleted)
        #expect(try await stage.destination.contents == ["z": "extra"])
    }

    @Test func theRawFunctionTakesBothKindsOfEvent() async throws {
        let stage = try await Stage()
        try await stage.source.put("one", "a b")
        let raw = ReplicateRawFunction(RuleBook([stage.rule]))
        let context = LambdaContext(
            requestID: "r", traceID: "t", invokedFunctionARN: "arn", functionName: "replicate",
            memoryLimitMB: 128, deadline: .now + .seconds(60), logger: testLogger,
            invoker: stage.invoker())
        func call(_ json: String) async throws -> String {
            String(
                decoding: try await raw.handle(Array(json.utf8), context: context), as: UTF8.self)
        }
        let bucket = stage.source.bucket
        let notified = try await call(
            """
            {"Records": [{"eventSource": "aws:s3", "eventName": "ObjectCreated:Put",
              "s3": {"bucket": {"name": "\(bucket)"}, "object": {"key": "a+b"}}}]}
            """)
        #expect(notified.hasPrefix(#"[{"action":"copied""#), "\(notified)")
        #expect(try await stage.destination.contents == ["a b": "one"])
        let direct = try await call(#"{"rule": "test", "key": "a b", "dryRun": false}"#)
        #expect(direct.hasPrefix(#"{"action":"skipped""#), "\(direct)")
        #expect(try await call(#"{"Event": "s3:TestEvent"}"#) == "[]")
        await #expect(throws: FunctionError.self) { try await call("[]") }
        #expect(context.usage.lines.contains { $0.connection == "there" && $0.requests > 0 })
    }
}

struct NotifiedKeysTests {
    private func event(
        _ name: String = "ObjectCreated:Put", bucket: String, key: String,
        source: String = "aws:s3"
    ) -> S3Event {
        S3Event(records: [
            .init(
                eventSource: source, eventName: name,
                s3: .init(bucket: .init(name: bucket), object: .init(key: key)))
        ])
    }

    @Test func aKeyIsForEveryRuleThatItIsUnder() async throws {
        let stage = try await Stage()
        var photos = stage.rule
        photos.name = "photos"
        photos.source.prefix = "photos/"
        let rules = RuleBook([stage.rule, photos])
        func keys(_ key: String, connection: String? = nil) -> [String] {
            rules.events(
                for: event(bucket: stage.source.bucket, key: key), connection: connection
            ).map { "\($0.rule) \($0.key)" }
        }
        #expect(keys("photos/1.jpg") == ["test photos/1.jpg", "photos 1.jpg"])
        #expect(keys("photo") == ["test photo"])
        // The folder itself has no name under the second rule.
        #expect(keys("photos/") == ["test photos/"])
        #expect(keys("k", connection: "here") == ["test k"])
        #expect(keys("k", connection: "elsewhere") == [])
        #expect(keys("bad%zz") == [])
        #expect(rules.events(for: event(bucket: "other", key: "k")).isEmpty)
    }

    @Test(
        arguments: [
            ("aws:s3", "a+b%2Fc", "a b/c"), ("minio:s3", "a+b%2Fc", "a b/c"),
            ("ceph:s3", "a+b%2Fc", "a+b%2Fc"), ("ceph:s3", "100%", "100%"),
        ] as [(String, String, ObjectKey)])
    func keysAreReadAsTheirSenderWroteThem(
        _ source: String, _ key: String, _ expected: ObjectKey
    ) async throws {
        let stage = try await Stage()
        let rules = RuleBook([stage.rule])
        let event = event(bucket: stage.source.bucket, key: key, source: source)
        #expect(rules.events(for: event).map(\.key) == [expected])
        #expect(
            rules.events(for: event, keyEncoding: .plain).map(\.key) == [ObjectKey(key)])
    }

    @Test(arguments: [
        ("ObjectCreated:Put", true), ("ObjectCreated:CompleteMultipartUpload", true),
        ("ObjectRemoved:Delete", true), ("ObjectRemoved:DeleteMarkerCreated", true),
        ("ObjectTagging:Put", true), ("ObjectAcl:Put", true), ("LifecycleExpiration:Delete", true),
        ("LifecycleTransition", true), ("LifecycleDelMarkerExpiration:Delete", true),
        ("ObjectLifecycle:Expiration:Current", true), ("ObjectSynced:Create", true),
        ("ObjectTransition:Complete", true), ("ObjectRestore:Completed", true),
        ("ObjectRestore:Post", false), ("ObjectTransition:Failed", false),
        ("ObjectCreated:InitiateMultipartUpload", false), ("ObjectRemoved:NoOP", false),
        ("ObjectAccessed:Get", false), ("ObjectAccessed:Head", false), ("TestEvent", false),
        ("BucketCreated:*", false), ("Scanner:BigPrefix", false),
        ("Replication:OperationCompletedReplication", false), ("", false),
    ])
    func onlyWhatMayHaveChangedAnObjectCounts(_ name: String, _ counts: Bool) async throws {
        #expect(RuleBook.mayHaveChanged(name) == counts)
        let prefixed = S3Event.Record(
            eventName: "s3:" + name, s3: .init(bucket: .init(name: "b"), object: .init(key: "k")))
        #expect(RuleBook.mayHaveChanged(prefixed.name) == counts)
    }
}
