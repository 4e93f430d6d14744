import NIOPosix
import Signing
import TestSupport
import Testing

@testable import LocalS3

/// A flipped bit anywhere in the folder is an error or makes no difference: never other bytes, never a key too few.
@Suite(.serialized) struct DamageTests {
    /// Calls `body` with the file damaged at places all over it, and mends it.
    private static func flip(_ path: String, steps: Int, _ body: (Int) throws -> Void) throws {
        let whole = try Disk.contents(of: path)
        var random = SeededRandom(seed: UInt64(whole.count))
        // Every byte of the end, where the record is; some of the rest.
        let dense = max(0, whole.count - steps)
        let places =
            Array(stride(from: 0, to: dense, by: max(1, dense / steps)))
            + Array(dense..<whole.count)
        let file = try OpenFile(path, flags: O_WRONLY)
        for place in places {
            let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
            #expect(pwrite(file.descriptor, [whole[place] ^ bit], 1, off_t(place)) == 1)
            try body(place)
            #expect(pwrite(file.descriptor, [whole[place]], 1, off_t(place)) == 1)
        }
        #expect(try Disk.contents(of: path) == whole)
    }

    @Test func ofObjects() async throws {
        let stage = try await HostileStage()
        try await onThread {
            var random = SeededRandom(seed: 5)
            var bodies: [String: [UInt8]] = [:]
            for (key, size) in [
                ("small", 900), ("medium", 40_000), ("large", 530_000), ("other", 270_000),
            ] {
                bodies[key] = random.bytes(count: size)
                let put = SignedRequest(
                    "PUT", "/bucket/\(key)", body: bodies[key]!, time: HostileStage.now)
                #expect(try stage.send(put).status == 200)
            }
            let id = try stage.beginUpload("/bucket/parts")
            var list = ""
            for (number, key) in [(1, "other"), (2, "medium"), (3, "small")] {
                var part = SignedRequest(
                    "PUT", "/bucket/parts", body: bodies[key]!, time: HostileStage.now)
                part.query = [("partNumber", "\(number)"), ("uploadId", id)]
                let etag = try stage.send(part).header("etag") ?? ""
                list += "<Part><PartNumber>\(number)</PartNumber><ETag>\(etag)</ETag></Part>"
            }
            var complete = SignedRequest(
                "POST", "/bucket/parts",
                body: Array("<CompleteMultipartUpload>\(list)</CompleteMultipartUpload>".utf8),
                time: HostileStage.now)
            complete.query = [("uploadId", id)]
            #expect(try stage.send(complete).status == 200)
            bodies["parts"] = bodies["other"]! + bodies["medium"]! + bodies["small"]!
            var copy = SignedRequest("PUT", "/bucket/copy", time: HostileStage.now)
            copy.headers = [("x-amz-copy-source", "/bucket/other")]
            #expect(try stage.send(copy).status == 200)
            bodies["copy"] = bodies["other"]!
            bodies["sentinel"] = HostileStage.sentinel
            let bucket = "\(stage.root)/buckets/bucket"
            let files =
                try Disk.names(in: "\(bucket)/objects").flatMap { folder in
                    try Disk.names(in: "\(bucket)/objects/\(folder)").map {
                        "\(bucket)/objects/\(folder)/\($0)"
                    }
                }
                + Disk.names(in: "\(bucket)/multipart").flatMap { set in
                    try Disk.names(in: "\(bucket)/multipart/\(set)").map {
                        "\(bucket)/multipart/\(set)/\($0)"
                    }
                }
            var refused: Set<String> = []
            let ranges = [nil, "bytes=0-0", "bytes=-10"]
            for file in files {
                try Self.flip(file, steps: FuzzSeeds.isShort ? 5 : 40) { place in
                    for (key, body) in bodies where key != "sentinel" {
                        for range in FuzzSeeds.isShort ? [ranges[place % 3]] : ranges {
                            var get = stage.get("/bucket/\(key)")
                            get.headers = range.map { [("range", $0)] } ?? []
                            let what = "\(key) \(range ?? ""), byte \(place) of \(file)"
                            let wanted =
                                switch range {
                                case nil: body
                                case "bytes=-10": Array(body.suffix(10))
                                default: Array(body.prefix(1))
                                }
                            do {
                                let answer = try stage.send(get)
                                if answer.status == 500 {
                                    #expect(answer.code == "InternalError", "\(what)")
                                    refused.insert(file)
                                } else {
                                    #expect(answer.body == wanted, "\(what)")
                                }
                            } catch Wire.Failure.cut {
                                // Of a large one, after its first bytes.
                                refused.insert(file)
                            }
                        }
                    }
                }
            }
            // But for what only a start reads, and the sentinel's.
            #expect(refused.count >= 8, "\(refused.count) of \(files.count)")
            for (key, body) in bodies {
                #expect(try stage.send(stage.get("/bucket/\(key)")).body == body)
            }
        }
        try await stage.stop()
    }

    /// A copy, a part and a change of tags read what they write: damage does not get a new sum.
    @Test func isNotCopied() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let put = SignedRequest(
                "PUT", "/bucket/source", body: Array(repeating: 4, count: 20_000),
                time: HostileStage.now)
            #expect(try stage.send(put).status == 200)
            let id = try stage.beginUpload("/bucket/parts")
            let path = Bucket.path(of: Array("source".utf8), in: "\(stage.root)/buckets/bucket")
            let file = try OpenFile(path, flags: O_WRONLY)
            #expect(pwrite(file.descriptor, [5], 1, 10_000) == 1)
            var copy = SignedRequest("PUT", "/bucket/copy", time: HostileStage.now)
            copy.headers = [("x-amz-copy-source", "/bucket/source")]
            #expect(try stage.send(copy).code == "InternalError")
            copy.path = "/bucket/parts"
            copy.query = [("partNumber", "1"), ("uploadId", id)]
            #expect(try stage.send(copy).code == "InternalError")
            var tags = SignedRequest(
                "PUT", "/bucket/source", body: Array("<Tagging><TagSet/></Tagging>".utf8),
                time: HostileStage.now)
            tags.query = [("tagging", "")]
            #expect(try stage.send(tags).code == "InternalError")
            // To write it anew or to delete it mends it.
            #expect(try stage.send(put).status == 200)
            #expect(try stage.send(stage.get("/bucket/source")).body == put.body)
        }
        try await stage.stop()
    }

    @Test func ofIndexesAndSettings() throws {
        let folder = try VersionedFolder(.enabled)
        try folder.bucket.configure { $0.lock = BucketLock() }
        var keys: [[UInt8]] = []
        for number in 0..<300 {
            keys.append(Array("key \(1_000 + number)".utf8))
            try folder.put(keys[number], "text \(number)")
        }
        try folder.put(keys[0], "newer")
        try folder.bucket.close()
        let versions = try folder.versions()
        let settings = folder.bucket.settings
        for index in ["index", "versions-index"] {
            let directory = "\(folder.path)/\(index)"
            for name in try Disk.names(in: directory) where !name.hasPrefix("log-") {
                // The damage is mended by the start that finds it, so it is put back each time.
                let whole = try Disk.contents(of: "\(directory)/\(name)")
                let manifest = try Disk.contents(of: "\(directory)/MANIFEST")
                for place in stride(from: 0, to: whole.count, by: max(1, whole.count / 60)) {
                    var damaged = whole
                    damaged[place] ^= 1 << UInt8(place % 8)
                    try Disk.replace("\(directory)/MANIFEST", with: manifest, durable: false)
                    try Disk.replace("\(directory)/\(name)", with: damaged, durable: false)
                    try folder.reopen()
                    #expect(try folder.keys() == keys, "\(index)/\(name), byte \(place)")
                    #expect(try folder.versions() == versions, "\(index)/\(name), byte \(place)")
                }
                try Disk.replace("\(directory)/MANIFEST", with: manifest, durable: false)
                try Disk.replace("\(directory)/\(name)", with: whole, durable: false)
            }
            try Disk.removeTree(directory)
            try folder.reopen()
            #expect(try folder.keys() == keys, "without \(index)")
            #expect(try folder.versions() == versions, "without \(index)")
        }
        let file = folder.path + "/bucket"
        let whole = try Disk.contents(of: file)
        for bit in 0..<8 * whole.count {
            var damaged = whole
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            try Disk.replace(file, with: damaged, durable: false)
            let failure = #expect(throws: StorageError.self, "bit \(bit)") { try folder.reopen() }
            #expect(failure?.path == file)
            #expect(folder.bucket.settings == settings)
        }
        // As it was before there were sums.
        try Disk.replace(file, with: Array(whole.dropLast(4)), durable: false)
        try folder.reopen()
        #expect(folder.bucket.settings == settings)
    }

    /// One damaged object or upload does not keep a server from starting.
    @Test func ofOneRecordHarmsNoOther() throws {
        let folder = try VersionedFolder(nil)
        let key = Array("key".utf8)
        try folder.put(Array("other".utf8), "other")
        func upload() throws -> String {
            let id = try folder.bucket.createUpload(folder.record(key, ""))
            _ = try folder.bucket.commitPart(
                folder.body("part"), folder.record(key, "part"), number: 1, upload: id)
            return id
        }
        let id = try upload()
        _ = try folder.bucket.completing(id) {
            var record = folder.record(key, "part")
            record.segments = SegmentList(set: id, segments: [.init(number: 1, length: 4)])
            record.parts = [PartRecord(number: 1, size: 4, checksum: [])]
            record = try folder.bucket.complete(upload: id, record) { _ in }
        }
        let pending = try upload()
        let files = [
            Bucket.path(of: key, in: folder.path), "\(folder.path)/multipart/\(id)/completed",
            "\(folder.path)/multipart/\(pending)/upload",
        ]
        for file in files {
            let whole = try Disk.contents(of: file)
            try Disk.replace(file, with: Array(whole.dropLast()) + [0], durable: false)
            for rebuilds in [false, true] {
                try folder.reopen(rebuilds: rebuilds)
                #expect(try folder.text(Array("other".utf8)) == "other")
            }
            try Disk.replace(file, with: whole, durable: false)
            try folder.reopen()
            #expect(try folder.text(key) == "part", "\(file)")
            #expect(try folder.bucket.uploads().map(\.id) == [pending], "\(file)")
        }
    }
}
