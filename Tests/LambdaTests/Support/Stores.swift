import Foundation
import Functions
import Glibc
import Lambda
import Replication
import Runtime
import S3
import Signing
import Transport

@testable import LocalS3

/// One LocalS3 for all tests of this process, on a free port and a folder that goes with the process.
enum EmbeddedStore {
    static let keys = LocalS3AccessKey(accessKeyID: "TESTKEY", secretAccessKey: "testsecret12345")
    private static let folder = "/tmp/lambda-tests-\(getpid())"

    // It outlives the test that asks first.
    private static let running = Task {
        var configuration = LocalS3Configuration(rootDirectory: folder, keys: [keys])
        configuration.durable = false
        let server = try await LocalS3Server.start(configuration)
        // Best effort: it is in the system's folder for such things.
        atexit { try? FileManager.default.removeItem(atPath: EmbeddedStore.folder) }
        return server
    }

    static var port: Int { get async throws { try await running.value.port } }
}

/// Two buckets of one test's own, and the functions between them on an invoker.
struct Stage: Sendable {
    let source, destination: Place
    var rule: ReplicationRule
    let meter = RunMeter(card: .notes)

    init() async throws {
        let transport = HTTPTransport(TransportConfiguration())
        let port = try await EmbeddedStore.port
        let number = UInt32.random(in: 0 ... .max)
        func place(_ name: String) async throws -> Place {
            let client = S3Client(
                S3Connection(
                    name: name, scheme: "http", authority: "127.0.0.1:\(port)",
                    credentials: GivenCredentials(
                        Credentials(
                            accessKeyID: EmbeddedStore.keys.accessKeyID,
                            secretAccessKey: EmbeddedStore.keys.secretAccessKey),
                        origin: "the test"),
                    origin: "the test"),
                transport: transport)
            let place = Place(client: client, bucket: "\(name)-\(number)")
            try await client.createBucket(place.bucket)
            return place
        }
        source = try await place("here")
        destination = try await place("there")
        rule = ReplicationRule(name: "test", source: source, destination: destination)
    }

    /// The functions as a one-shot run has them; `replicate` may be another one.
    func invoker(
        observer: (any ReconcileObserver)? = nil, verify: (any VerifyObserver)? = nil,
        replicate: (any LambdaHandler)? = nil
    ) -> InProcessInvoker {
        let invoker = InProcessInvoker(meter: meter, logger: testLogger)
        let rules = RuleBook([rule])
        func register(_ handler: some LambdaHandler) {
            invoker.register(ReplicateFunction.name, memoryMB: 128, handler)
        }
        if let replicate { register(replicate) } else { register(ReplicateFunction(rules)) }
        invoker.register(
            ReconcileFunction.name, memoryMB: 256, ReconcileFunction(rules, observer: observer))
        invoker.register(
            VerifyFunction.name, memoryMB: 256, VerifyFunction(rules, observer: verify))
        return invoker
    }

    func reconcile(
        maxDelete: Int = 1000, dryRun: Bool = false, replicate: (any LambdaHandler)? = nil
    ) async throws -> ReconcileResult {
        try await invoker(replicate: replicate).invoke(
            ReconcileFunction.name,
            ReconcileEvent(rule: "test", maxDelete: maxDelete, dryRun: dryRun, concurrency: 4),
            returning: ReconcileResult.self, parent: nil)
    }

    func replicate(_ key: ObjectKey, dryRun: Bool = false) async throws -> Outcome {
        try await invoker().invoke(
            ReplicateFunction.name, ReplicateEvent(rule: "test", key: key, dryRun: dryRun),
            returning: Outcome.self, parent: nil)
    }

    func verify(_ mode: AuditMode = .etag) async throws -> VerifyResult {
        try await invoker().invoke(
            VerifyFunction.name, VerifyEvent(rule: "test", mode: mode, concurrency: 4),
            returning: VerifyResult.self, parent: nil)
    }

    /// The same rule, from a bucket that is not there.
    var withoutSource: Stage {
        var stage = self
        stage.rule.source.bucket = "nowhere-\(source.bucket)"
        return stage
    }

    var propagating: Stage {
        var stage = self
        stage.rule.deletes = .propagate
        return stage
    }
}

extension Place {
    func put(_ body: String, _ key: ObjectKey) async throws {
        _ = try await client.putObject(address(key), body: Array(body.utf8), WriteOptions())
    }

    func delete(_ key: ObjectKey) async throws {
        _ = try await client.deleteObject(address(key))
    }

    /// Keys and bodies.
    var contents: [String: String] {
        get async throws {
            var contents: [String: String] = [:]
            for object in try await client.listObjects(bucket, prefix: prefix).objects {
                let address = ObjectAddress(bucket: bucket, key: object.key)
                let body = try await client.getObject(address, limitBytes: 1 << 20).body
                contents[object.key.description] = String(decoding: body, as: UTF8.self)
            }
            return contents
        }
    }
}
