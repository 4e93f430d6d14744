import Foundation
import Signing
import TestSupport
import Testing

@testable import LocalS3

/// A small file system of its own, in memory.
private final class SmallDisk: Sendable {
    let folder: TemporaryFolder
    var path: String { folder.path }

    init(kibibytes: Int) throws {
        folder = try TemporaryFolder()
        guard Self.run("mount", "-t", "tmpfs", "-o", "size=\(kibibytes)k", "tmpfs", folder.path)
        else {
            throw StorageError(.failed, operation: "mount", path: folder.path)
        }
    }

    // Lazily: what has a file open there may end later.
    deinit { _ = Self.run("umount", "-l", folder.path) }

    private static func run(_ command: String...) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    static let isPossible = (try? SmallDisk(kibibytes: 64)) != nil
}

/// A full disk: writes are refused with 507, which no client tries again and again; nothing that was acknowledged is harmed.
@Suite(
    .serialized,
    .enabled(if: SmallDisk.isPossible, "mounting a file system is not permitted here"))
struct FullDiskTests {
    private struct Stage {
        let disk: SmallDisk
        let server: RunningLocalS3

        init(_ disk: SmallDisk) async throws {
            self.disk = disk
            var configuration = LocalS3Configuration(
                rootDirectory: disk.path,
                keys: [
                    LocalS3AccessKey(
                        accessKeyID: SignedRequest.key, secretAccessKey: SignedRequest.secret)
                ])
            configuration.partBytesMinimum = 1
            server = try await LocalS3Server.start(configuration)
        }

        func send(
            _ method: String, _ path: String, _ body: [UInt8] = [],
            query: [(name: String, value: String)] = [],
            headers: [(name: String, value: String)] = []
        ) throws -> Wire.Answer {
            var request = SignedRequest(method, path, body: body, time: HostileStage.now)
            request.query = query
            request.headers = headers
            let wire = try Wire(port: server.port)
            wire.send(request.bytes())
            return try #require(try wire.answer(to: method))
        }

        /// Writes objects until there is no room for another of that size.
        func fill(_ prefix: String, bytes: Int) throws -> [String: [UInt8]] {
            var random = SeededRandom(seed: UInt64(bytes))
            var stored: [String: [UInt8]] = [:]
            for number in 0..<5_000 {
                let key = "\(prefix)\(number)"
                let body = random.bytes(count: bytes)
                let answer = try send("PUT", "/bucket/\(key)", body)
                if answer.status == 507 {
                    #expect(answer.code == "StorageFull")
                    return stored
                }
                #expect(answer.status == 200)
                stored[key] = body
            }
            Issue.record("the disk does not fill")
            return stored
        }

        func expect(_ stored: [String: [UInt8]]) throws {
            for (key, body) in stored {
                #expect(try send("GET", "/bucket/\(key)").body == body, "\(key)")
            }
            let keys = try send("GET", "/bucket", query: [("list-type", "2")]).text
                .matches(of: /<Key>(.*?)<\/Key>/).map { String($0.1) }
            #expect(keys == stored.keys.sorted())
        }
    }

    @Test func writesAreRefusedAndNothingIsHarmed() async throws {
        let disk = try SmallDisk(kibibytes: 4 << 10)
        var stage = try await Stage(disk)
        let (first, id) = try await onThread { [stage] in
            #expect(try stage.send("PUT", "/bucket").status == 200)
            #expect(try stage.send("PUT", "/bucket/old", Array("old".utf8)).status == 200)
            let id =
                try stage.send("POST", "/bucket/upload", query: [("uploads", "")]).text
                .firstMatch(of: /<UploadId>(.*)<\/UploadId>/).map { String($0.1) } ?? ""
            var stored = try stage.fill("large-", bytes: 300_000)
            for size in [50_000, 5_000, 1] {
                stored.merge(try stage.fill("\(size)-", bytes: size)) { $1 }
            }
            stored["old"] = Array("old".utf8)
            try stage.expect(stored)
            let large = Array(repeating: UInt8(1), count: 400_000)
            let tags = Array(
                "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>".utf8)
            let refused = [
                try stage.send("PUT", "/bucket/new", large),
                try stage.send("PUT", "/bucket/old", [1]),
                try stage.send(
                    "PUT", "/bucket/upload", large, query: [("partNumber", "1"), ("uploadId", id)]),
                try stage.send(
                    "PUT", "/bucket/upload", [1], query: [("partNumber", "1"), ("uploadId", id)]),
                try stage.send("POST", "/bucket/another", query: [("uploads", "")]),
                try stage.send(
                    "PUT", "/bucket/copy", headers: [("x-amz-copy-source", "/bucket/old")]),
                try stage.send("PUT", "/bucket/old", tags, query: [("tagging", "")]),
                try stage.send("PUT", "/another"),
                try stage.send(
                    "PUT", "/bucket",
                    Array(
                        "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
                            .utf8), query: [("versioning", "")]),
            ]
            for answer in refused {
                #expect(answer.status == 507 && answer.code == "StorageFull", "\(answer.text)")
            }
            try stage.expect(stored)
            #expect(try Disk.names(in: disk.path + "/buckets/bucket/tmp").isEmpty)
            return (stored, id)
        }
        // A start needs no room but for what it writes itself, and says what is missing.
        let stored = try await onThread { [stage] in
            var stored = first
            // To delete is how room is made.
            for key in stored.keys.sorted().prefix(3) {
                #expect(try stage.send("DELETE", "/bucket/\(key)").status == 204, "\(key)")
                stored[key] = nil
            }
            for key in stored.keys.filter({ $0.hasPrefix("large-") }).sorted().prefix(3) {
                #expect(try stage.send("DELETE", "/bucket/\(key)").status == 204, "\(key)")
                stored[key] = nil
            }
            #expect(try stage.send("PUT", "/bucket/after", [9]).status == 200)
            stored["after"] = [9]
            #expect(try stage.send("PUT", "/another").status == 200)
            #expect(
                try stage.send(
                    "PUT", "/bucket/upload", [1], query: [("partNumber", "1"), ("uploadId", id)]
                ).status == 200)
            try stage.expect(stored)
            return stored
        }
        try await stage.server.stop()
        stage = try await Stage(disk)
        try await onThread { [stage] in try stage.expect(stored) }
        try await stage.server.stop()
    }

    @Test func aFullDiskThatIsOpenedSaysSo() async throws {
        let disk = try SmallDisk(kibibytes: 512)
        let stage = try await Stage(disk)
        try await onThread {
            #expect(try stage.send("PUT", "/bucket").status == 200)
            #expect(try stage.send("PUT", "/bucket/key", Array("key".utf8)).status == 200)
            try stage.expect(["key": Array("key".utf8)])
        }
        try await stage.server.stop()
        let filler = try OpenFile(disk.path + "/filler", flags: O_WRONLY | O_CREAT)
        while (try? filler.write([UInt8](repeating: 0, count: 512))) != nil {}
        let failure = await #expect(throws: LocalS3Error.self) { _ = try await Stage(disk) }
        #expect(failure?.description.contains("No space left on device") == true)
        try Disk.remove(disk.path + "/filler")
        ftruncate(filler.descriptor, 0)
        let again = try await Stage(disk)
        try await onThread { try again.expect(["key": Array("key".utf8)]) }
        try await again.server.stop()
    }

    /// Half an entry in the log of what changes would make nonsense of those after it.
    @Test func aLogWithoutRoomHasNoHalfEntries() throws {
        let disk = try SmallDisk(kibibytes: 256)
        var log = try IndexLog(disk.path + "/log")
        var keys: [[UInt8]] = []
        func append(upTo count: Int) {
            while keys.count < count {
                let key = Array("key \(keys.count) \(String(repeating: "k", count: 700))".utf8)
                guard (try? log.append(key)) != nil else { return }
                keys.append(key)
            }
        }
        append(upTo: 10)
        let filler = try OpenFile(disk.path + "/filler", flags: O_WRONLY | O_CREAT)
        while (try? filler.write([UInt8](repeating: 0, count: 512))) != nil {}
        append(upTo: 10_000)
        #expect(keys.count > 40)
        #expect(try IndexLog.keys(in: disk.path + "/log") == keys)
        ftruncate(filler.descriptor, 0)
        let before = keys.count
        append(upTo: before + 20)
        #expect(keys.count == before + 20)
        #expect(try IndexLog.keys(in: disk.path + "/log") == keys)
    }
}
