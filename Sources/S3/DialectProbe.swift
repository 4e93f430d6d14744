import Signing
import Transport

/// Finds out what a store supports by asking it, with some twenty temporary objects (one of 5 MiB) under a random prefix,
/// `.brigade-probe-<hex>/`, in the bucket or in a folder of it. They are deleted again on every path, also when the task is cancelled.
public struct DialectProbe: Sendable {
    let client: S3Client
    let bucket: String
    let prefix: ObjectKey
    let written: Locked<Written>

    /// What is to be cleaned up.
    struct Written {
        var keys: Set<ObjectKey> = []
        var uploads: [(key: ObjectKey, id: String)] = []
    }

    /// - Parameters:
    ///   - client: gives connection, transport and meter. What it has learnt is not used, so that nothing is
    ///   taken for granted; `run` does not change it.
    ///   - folder: where in the bucket the objects go; empty, or ending in "/".
    public init(_ client: S3Client, bucket: String, under folder: ObjectKey = "") {
        var connection = client.connection
        connection.dialect = Dialect()
        var retry = RetryPolicy()
        // A store that fails at something fails at it again: enough for a hiccup.
        retry.attempts = 2
        retry.budget = .seconds(20)
        self.client = S3Client(
            connection, transport: client.transport, retry: retry, meter: client.meter)
        self.bucket = bucket
        var generator = SystemRandomNumberGenerator()
        let random = (0..<8).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        prefix = folder + ObjectKey(".brigade-probe-" + Hex.encode(random) + "/")
        written = Locked(Written())
    }

    /// - Throws: ``S3Error`` when the store cannot be probed at all: unreachable, refused, no such bucket, no permission to
    ///   write or list. Everything else is a finding.
    public func run() async throws(S3Error) -> DialectFindings {
        var found: DialectFindings?
        var failure: S3Error?
        do throws(S3Error) {
            found = try await ask()
        } catch {
            failure = error
        }
        // Not a child: cleaning up must survive the cancellation of what is cleaned up after.
        let leftovers = await Task { await cleanUp() }.value
        if let failure { throw failure }
        found!.leftovers = leftovers
        return found!
    }

    private func ask() async throws(S3Error) -> DialectFindings {
        var found = DialectFindings()
        try await askWriting(&found)
        try await askListing(&found)
        try await askConditions(&found)
        try await askMultipart(&found)
        try await askCopying(&found)
        try await askDeleting(&found)
        try await askAnnotations(&found)
        try await askIntegrity(&found)
        try await askStreaming(&found)
        try await askKeys(&found)
        found.dialect.listVersion = client.dialect.listVersion
        found.dialect.encodingType = client.dialect.encodingType
        return found
    }

    func address(_ name: ObjectKey) -> ObjectAddress {
        ObjectAddress(bucket: bucket, key: prefix + name)
    }

    /// Remembers the key for the clean-up, then writes.
    func put(
        _ name: ObjectKey, _ body: [UInt8] = Array("probe".utf8), _ options: WriteOptions = .init()
    ) async throws(S3Error) -> WriteResult {
        let object = address(name)
        _ = written.withLock { $0.keys.insert(object.key) }
        return try await client.putObject(object, body: body, options)
    }

    func beginUpload(_ name: ObjectKey) async throws(S3Error) -> String {
        let object = address(name)
        let id = try await client.createUpload(object, WriteOptions())
        written.withLock {
            $0.keys.insert(object.key)
            $0.uploads.append((object.key, id))
        }
        return id
    }

    /// Asks one thing. A refusal is a finding, but for what ends the whole probe.
    func finding(
        _ name: String, _ found: inout DialectFindings,
        _ ask: () async throws(S3Error) -> (Dialect.Support, String)
    ) async throws(S3Error) -> Dialect.Support {
        do throws(S3Error) {
            let (support, answer) = try await ask()
            found.findings.append(.init(name: name, support: support, answer: answer))
            return support
        } catch {
            switch error.kind {
            case .cancelled, .unreachable, .untrusted, .badCredentials, .expiredCredentials,
                .noCredentials, .clockSkew, .noSuchBucket:
                throw error
            case .accessDenied, .throttled, .timedOut, .interrupted:
                // Says nothing of what the store can do.
                found.findings.append(
                    .init(name: name, support: .unknown, answer: Self.words(error)))
                return .unknown
            default:
                found.findings.append(
                    .init(name: name, support: .no, answer: Self.words(error)))
                return .no
            }
        }
    }

    /// The store's own words, short.
    static func words(_ error: S3Error) -> String {
        var parts: [String] = []
        if let status = error.status { parts.append("\(status)") }
        if let code = error.code { parts.append(code) }
        if error.code == nil || error.status == nil { parts.append(error.kind.words) }
        let message = ObjectKey(String(error.message.prefix(100))).description
        return parts.joined(separator: " ") + (message.isEmpty ? "" : ": " + message)
    }

    /// - Returns: what is left over.
    private func cleanUp() async -> [ObjectKey] {
        let work = written.withLock { $0 }
        for upload in work.uploads {
            // Best effort: a completed upload is gone, and what cannot be aborted is told by the store's own listing.
            _ = try? await client.abortUpload(
                ObjectAddress(bucket: bucket, key: upload.key), uploadID: upload.id)
        }
        var left: [ObjectKey] = []
        for key in work.keys {
            do throws(S3Error) {
                try await client.deleteObject(ObjectAddress(bucket: bucket, key: key))
            } catch {
                if error.kind != .invalidRequest { left.append(key) }
            }
        }
        // A bucket with versions keeps them, and the markers just made. Best effort: without an answer there is nothing
        // to do about them.
        guard let state = try? await client.versioning(bucket), !state.isEmpty else { return left }
        var marker: (key: ObjectKey, id: String?)?
        repeat {
            // Best effort, as above.
            guard
                let page = try? await client.listObjectVersions(
                    bucket, prefix: prefix, keyMarker: marker?.key, versionIDMarker: marker?.id)
            else { return left }
            for version in page.versions {
                let object = ObjectAddress(
                    bucket: bucket, key: version.object.key, versionID: version.versionID)
                // An error is told as what it leaves over.
                if (try? await client.deleteObject(object)) == nil { left.append(object.key) }
            }
            marker = page.nextKeyMarker.map { ($0, page.nextVersionIDMarker) }
        } while marker != nil
        return left
    }
}
