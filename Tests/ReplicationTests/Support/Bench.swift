import Foundation
import S3
import Signing
import TestSupport
import Testing
import Transport

@testable import Replication

/// A source and a destination on real sockets, each behind a proxy that a test may tell to spoil what passes.
struct Bench {
    enum Kind {
        case embedded
        case quirky(QuirkyStore)
    }

    /// One side: the client that a replicator gets goes through the proxy, `direct` does not.
    struct Side: Sendable {
        let proxy: FaultProxy
        let client: S3Client
        let direct: S3Client
        let bucket: String

        func at(_ key: ObjectKey) -> ObjectAddress { ObjectAddress(bucket: bucket, key: key) }
    }

    let source, destination: Side
    var rule: ReplicationRule

    /// - Parameters:
    ///   - isOneEndpoint: Both buckets behind the source's proxy, so that the store can copy by itself.
    ///   - patience: How long a silent connection is waited for.
    init(
        from: Kind = .embedded, to: Kind = .embedded, isOneEndpoint: Bool = false,
        sourceDialect: Dialect = .init(), destinationDialect: Dialect = .init(),
        patience: Duration = .seconds(20), attempts: Int = 3
    ) async throws {
        var retry = RetryPolicy()
        retry.firstDelay = .milliseconds(1)
        retry.longestDelay = .milliseconds(2)
        retry.attempts = attempts
        // Attempts decide, and not how busy the machine is.
        retry.budget = .seconds(600)
        retry.patience = patience
        var configuration = TransportConfiguration()
        configuration.engines = 1
        let transport = HTTPTransport(configuration)
        let number = UInt32.random(in: 0 ... .max)

        let direct = RetryPolicy()
        func client(
            _ name: String, _ port: Int, _ dialect: Dialect, _ retry: RetryPolicy
        ) -> S3Client {
            S3Client(
                S3Connection(
                    name: name, scheme: "http", authority: "127.0.0.1:\(port)",
                    credentials: FixedCredentials(), dialect: dialect, origin: "the test"),
                transport: transport, retry: retry)
        }
        func side(
            _ kind: Kind, _ name: String, _ dialect: Dialect, beside other: Side? = nil
        ) async throws -> Side {
            let port: Int
            switch kind {
            case .embedded: port = try await EmbeddedStore.port
            case .quirky(let store): port = store.port
            }
            let proxy = try other?.proxy ?? FaultProxy(to: port)
            let side = Side(
                proxy: proxy, client: other?.client ?? client(name, proxy.port, dialect, retry),
                direct: client("direct", port, .init(), direct), bucket: "\(name)-\(number)")
            if case .embedded = kind { try await side.direct.createBucket(side.bucket) }
            return side
        }
        source = try await side(from, "here", sourceDialect)
        destination = try await side(
            isOneEndpoint ? from : to, "there", destinationDialect,
            beside: isOneEndpoint ? source : nil)
        rule = ReplicationRule(
            name: "test", source: Place(client: source.client, bucket: source.bucket),
            destination: Place(client: destination.client, bucket: destination.bucket))
    }

    /// The destination as "/bucket/key", which is how a quirky store knows it.
    func path(_ key: String) -> String { "/\(destination.bucket)/\(key)" }
    func sourcePath(_ key: String) -> String { "/\(source.bucket)/\(key)" }

    func converge(
        _ key: ObjectKey = "key", evidence: Evidence? = nil, journal: UploadJournal? = nil
    ) async throws -> Outcome {
        try await Replicator(rule: rule, journal: journal).converge(key, evidence: evidence)
    }

    /// The error of a convergence that must fail.
    func failure(
        _ key: ObjectKey = "key", evidence: Evidence? = nil
    ) async throws -> ReplicationError {
        do {
            let outcome = try await converge(key, evidence: evidence)
            throw Unexpected(what: "\(outcome)")
        } catch let error as ReplicationError {
            return error
        }
    }

    struct Unexpected: Error { var what: String }

    /// What listings of both sides would say of the key now.
    func evidence(_ key: ObjectKey = "key", seenAt: Int64? = nil) async throws -> Evidence {
        func listed(_ side: Side) async throws -> ListedObject? {
            do {
                let head = try await side.direct.headObject(side.at(key))
                return ListedObject(
                    key: key, size: head.size, eTag: head.eTag, lastModified: head.lastModified)
            } catch {
                guard error.kind == .noSuchKey else { throw error }
                return nil
            }
        }
        return Evidence(
            source: try await listed(source), destination: try await listed(destination),
            seenAt: seenAt ?? Timestamps.nowMilliseconds())
    }
}

extension Bench.Side {
    @discardableResult
    func put(
        _ body: [UInt8], _ key: ObjectKey = "key", _ change: (inout WriteOptions) -> Void = { _ in }
    ) async throws -> ETag {
        var options = WriteOptions()
        change(&options)
        return try #require(try await direct.putObject(at(key), body: body, options).eTag)
    }

    @discardableResult
    func put(
        parts: [[UInt8]], _ key: ObjectKey = "key",
        _ change: (inout WriteOptions) -> Void = { _ in }
    ) async throws -> ETag {
        var options = WriteOptions()
        change(&options)
        let id = try await direct.createUpload(at(key), options)
        var uploaded: [UploadPart] = []
        for (index, body) in parts.enumerated() {
            uploaded.append(
                try await direct.uploadPart(
                    at(key), uploadID: id, number: index + 1, body: body))
        }
        return try #require(
            try await direct.completeUpload(
                at(key), uploadID: id, parts: uploaded, condition: .none
            ).eTag)
    }

    /// nil when there is no such object.
    func body(_ key: ObjectKey = "key") async throws -> [UInt8]? {
        do {
            return try await direct.getObject(at(key), limitBytes: 64 << 20).body
        } catch {
            guard error.kind == .noSuchKey else { throw error }
            return nil
        }
    }

    func head(_ key: ObjectKey = "key") async throws -> ObjectHead {
        try await direct.headObject(at(key))
    }

    var uploads: [PendingUpload] {
        get async throws { try await direct.listUploads(bucket, prefix: "") }
    }

    /// "PUT /key?query" of every request on this bucket's objects so far.
    var requests: [String] {
        proxy.requests.filter { $0.target.hasPrefix("/\(bucket)/") }
            .map { "\($0.method) \($0.target.dropFirst(bucket.utf8.count + 1))" }
    }

    func count(_ prefix: String) -> Int { requests.count { $0.hasPrefix(prefix) } }
}

extension FaultProxy {
    /// Spoils the requests chosen, from the `first` of them on, so many times, and lets all others pass.
    func spoil(
        _ faults: Fault..., first: Int = 1, times: Int = 1,
        where isChosen: @escaping @Sendable (Request) -> Bool
    ) {
        let seen = Locked(0)
        follow { request in
            guard isChosen(request) else { return [] }
            let number = seen.withLock { seen -> Int in
                seen += 1
                return seen
            }
            return (first..<(first + times)).contains(number) ? faults : []
        }
    }
}

extension FaultProxy.Request {
    /// A GET or PUT of an object's bytes: no subresource but a part's.
    var isOfBytes: Bool {
        (isGet || isPut) && target.split(separator: "/").count > 1
            && (!target.contains("?") || target.contains("partNumber"))
    }
    var isCreation: Bool { method == "POST" && target.hasSuffix("?uploads") }
    var isCompletion: Bool { method == "POST" && target.contains("uploadId=") }
}

struct FixedCredentials: CredentialsProvider {
    var origin: String { "the test" }
    func credentials() async throws -> Credentials {
        Credentials(
            accessKeyID: EmbeddedStore.accessKeyID,
            secretAccessKey: EmbeddedStore.secretAccessKey)
    }
}

/// Runs asynchronous work from a proxy's thread, which may block.
func blocking(_ work: @escaping @Sendable () async throws -> Void) {
    let done = DispatchSemaphore(value: 0)
    Task {
        do { try await work() } catch { Issue.record(error) }
        done.signal()
    }
    done.wait()
}

/// Sizes on both sides of what is read whole: a small object, one that is relayed.
enum Sizes {
    static let small = 1000
    static let relayed = Int(Convergence.bufferedBytes) + 50_000
}

func bytes(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededRandom(seed: seed)
    return generator.bytes(count: count)
}

func md5(_ body: [UInt8]) -> ETag { ETag(Hex.encode(Checksum.of(body, .md5))) }

func multipartETag(_ parts: [[UInt8]]) -> ETag {
    let joined = parts.flatMap { Checksum.of($0, .md5) }
    return ETag("\(Hex.encode(Checksum.of(joined, .md5)))-\(parts.count)")
}

/// The body of these parts.
func parts(_ sizes: Int..., seed: UInt64 = 1) -> [[UInt8]] {
    var generator = SeededRandom(seed: seed)
    return sizes.map { generator.bytes(count: $0) }
}
