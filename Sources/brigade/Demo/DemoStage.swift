import FoundationEssentials
import Glibc
import LocalS3
import Replication
import S3

/// Where the demo plays: two places, and how to leave them as they were found.
struct DemoStage: Sendable {
    let compose: Compose
    /// As the user would write them.
    let source: String
    let destination: String
    /// What was set up, in a sentence.
    let description: String
    /// Where the source tells what changes below ``DemoLive/folder``; nil: it cannot.
    let events: ListenAddress?
    private let servers: [RunningLocalS3]
    /// Of this machine; removed at the end.
    let folder: String
    /// Removed at the end; empty where the endpoints go with their folder.
    private let buckets: [String]

    private static let keyColumns = 34

    static let interrupted = CommandFailure(.interrupted, "interrupted")

    /// Two endpoints of our own on loopback.
    static func onThisMachine(_ common: CommonOptions) async throws -> DemoStage {
        let folder = try temporaryFolder()
        var environment = Compose.processEnvironment
        var servers: [RunningLocalS3] = []
        do {
            let events = try DemoLive.address()
            for (name, bucket) in [("here", "photos"), ("there", "photos-copy")] {
                let pair = LocalS3Keys.make()
                var configuration = LocalS3Configuration(
                    rootDirectory: "\(folder)/\(name)", keys: [pair])
                configuration.buckets = [bucket]
                configuration.durable = false
                if name == "here" {
                    DemoLive.tell(events, of: bucket, in: &configuration)
                }
                let server = try await LocalS3Server.start(configuration)
                servers.append(server)
                environment[S3Connection.environmentVariable(name: name)] =
                    "http://\(pair.accessKeyID):\(pair.secretAccessKey)@\(server.host):\(server.port)"
            }
            return DemoStage(
                compose: try compose(common, folder, environment), source: "s3://here@photos",
                destination: "s3://there@photos-copy",
                description: "Two S3 endpoints on this machine, in \(folder), which is removed"
                    + " at the end.",
                events: events, servers: servers, folder: folder, buckets: [])
        } catch {
            // Why it did not start tells more than why it did not stop.
            for server in servers { try? await server.stop() }
            remove(folder)
            throw (error as? LocalS3Error).map(LocalS3Command.failure) ?? error
        }
    }

    /// Two new buckets at a store of the user's.
    static func onStore(_ name: String, _ common: CommonOptions) async throws -> DemoStage {
        let folder = try temporaryFolder()
        do {
            let compose = try compose(common, folder, Compose.processEnvironment)
            let mark = String(UInt32.random(in: .min ... .max), radix: 16)
            let buckets = ["brigade-demo-\(mark)-photos", "brigade-demo-\(mark)-copy"]
            let stage = DemoStage(
                compose: compose, source: "s3://\(name)@\(buckets[0])",
                destination: "s3://\(name)@\(buckets[1])",
                description: "Two new buckets at \(name), which are removed at the end.",
                events: nil, servers: [], folder: folder, buckets: buckets)
            try await stage.makeBuckets()
            return stage
        } catch {
            remove(folder)
            throw error
        }
    }

    private func makeBuckets() async throws {
        let side = try compose.side(source)
        for (index, bucket) in buckets.enumerated() {
            do {
                // The first answer decides: an endpoint that is down is told at once.
                try await side.client.createBucket(bucket)
            } catch {
                let failure = await compose.explain(.init(error), [side])
                throw Self.ending(failure, await removeBuckets(buckets[..<index])) ?? failure
            }
        }
    }

    /// Leaves everything as it was found.
    /// - Returns: what could not be taken away, and why; nil: nothing.
    func close() async -> CommandFailure? {
        defer { Self.remove(folder) }
        var failure: CommandFailure?
        for server in servers {
            do {
                try await server.stop()
            } catch {
                failure = CommandFailure(.someFailed, "could not stop an endpoint: \(error)")
            }
        }
        return await removeBuckets(buckets[...]) ?? failure
    }

    /// How the demo ends: what went wrong in it, and below what it has left behind.
    static func ending(
        _ failure: (any Error)?, _ leftovers: CommandFailure?
    ) -> (any Error)? {
        guard let leftovers else {
            guard var interrupted = failure as? CommandFailure, interrupted.status == .interrupted
            else { return failure }
            interrupted.advice.append("What the demo had made is removed again.")
            return interrupted
        }
        var leftBehind = leftovers
        leftBehind.message = "the demo \(leftovers.message)"
        switch failure {
        case var failure as CommandFailure:
            failure.advice.append("Besides, \(leftBehind.message)")
            failure.advice += leftovers.advice
            return failure
        case let status as ExitStatus:
            // What it stands for has been said.
            leftBehind.status = status
        case let failure?:
            leftBehind.message = "\(failure); besides, \(leftBehind.message)"
        case nil:
            break
        }
        return leftBehind
    }

    /// Goes on with the others where one cannot be removed.
    private func removeBuckets(_ buckets: ArraySlice<String>) async -> CommandFailure? {
        var problems: [String] = []
        for bucket in buckets {
            do {
                try await removeBucket(bucket)
            } catch {
                let reason = (error as? CommandFailure)?.message ?? "\(error)"
                problems.append("\(bucket): \(reason)")
            }
        }
        guard let first = problems.first else { return nil }
        return CommandFailure(
            .someFailed, "could not remove its bucket \(first)",
            advice: problems.dropFirst().map { "Nor \($0)" }
                + ["Delete what is left by the store's own means: it holds nothing of yours."])
    }

    private func removeBucket(_ bucket: String) async throws {
        let client = try compose.side(source).place.client
        for upload in try await client.listUploads(bucket, prefix: "") {
            _ = try await client.abortUpload(
                ObjectAddress(bucket: bucket, key: upload.key), uploadID: upload.uploadID)
        }
        var last: [ObjectKey] = []
        while true {
            let keys = try await client.listObjects(bucket, prefix: "").objects.map(\.key)
            if keys.isEmpty { break }
            // Seen at a store that had refused to take an object of so long a name.
            guard keys != last else {
                let name = TextLayout.shortened(keys[0].description, to: Self.keyColumns)
                throw CommandFailure(
                    .someFailed, "the store says that it has deleted \(name), and lists it still")
            }
            last = keys
            let left = try await client.deleteObjects(bucket, keys)
            if let first = left.first { throw first.error }
        }
        try await client.deleteBucket(bucket)
    }

    private static func compose(
        _ common: CommonOptions, _ folder: String, _ environment: [String: String]
    ) throws(CommandFailure) -> Compose {
        var common = common
        // The demo's runs are nothing to keep.
        if common.state == nil { common.state = "\(folder)/state" }
        return try Compose(common, environment: environment)
    }

    private static func temporaryFolder() throws(CommandFailure) -> String {
        let base = Compose.processEnvironment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp"
        var template = Array("\(base)/brigade-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw CommandFailure(
                .usage, "cannot make a folder in \(base): \(String(cString: strerror(errno)))",
                advice: "Name a folder with room in TMPDIR.")
        }
        return String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func remove(_ folder: String) {
        // Best effort: what is left is in the system's folder for temporary files.
        try? FileManager.default.removeItem(atPath: folder)
    }
}
