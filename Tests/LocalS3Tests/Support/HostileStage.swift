import Foundation
import Glibc
import Signing
import TestSupport
import Testing
import Transport

@testable import LocalS3

/// A LocalS3 in a folder of its own among other folders, and the law that holds for whatever is sent to it: it answers
/// with success or with a 4xx and S3's code, once; afterwards it still serves, nothing outside its folder has changed, and
/// inside is what it has acknowledged.
final class HostileStage: Sendable {
    static let bucket = "bucket"
    static let sentinel = Array("the sentinel's bytes".utf8)
    static let objectBytesMaximum: Int64 = 1 << 20

    private let parent: TemporaryFolder
    let server: RunningLocalS3
    private let outside: [String]
    /// What the bucket must hold, by key: the MD5 of each.
    private let expected = Locked<[String: String]>([:])

    init(
        durable: Bool = false, times: ConnectionTimes = ConnectionTimes(),
        configure: (inout LocalS3Configuration) -> Void = { _ in }
    ) async throws {
        parent = try TemporaryFolder()
        for name in ["before", "zafter"] {
            try Disk.makeDirectory("\(parent.path)/\(name)")
            try Disk.replace("\(parent.path)/\(name)/file", with: [1, 2, 3], durable: false)
        }
        var configuration = LocalS3Configuration(
            rootDirectory: parent.path + "/root",
            keys: [
                LocalS3AccessKey(
                    accessKeyID: SignedRequest.key, secretAccessKey: SignedRequest.secret)
            ])
        configuration.buckets = [Self.bucket]
        configuration.durable = durable
        configuration.partBytesMinimum = 1
        configuration.objectBytesMaximum = Self.objectBytesMaximum
        configure(&configuration)
        server = try await LocalS3Server.start(
            configuration, clock: { Timestamps.nowMilliseconds() }, times: times)
        outside = try Self.outside(parent)
        let port = server.port
        try await onThread {
            let put = SignedRequest(
                "PUT", "/bucket/sentinel", body: HostileStage.sentinel, time: Self.now)
            let wire = try Wire(port: port)
            wire.send(put.bytes())
            #expect(try wire.answer()?.status == 200)
        }
        acknowledge("sentinel", Self.sentinel)
    }

    func stop() async throws { try await server.stop() }

    static var now: Int64 { Timestamps.nowMilliseconds() / 1_000 }

    var root: String { parent.path + "/root" }

    /// From now on the bucket must hold this.
    func acknowledge(_ key: String, _ body: [UInt8]) {
        let etag = Hex.encode(Checksum.of(body, .md5))
        expected.withLock { $0[key] = etag }
    }

    func forget(_ key: String) { expected.withLock { $0[key] = nil } }

    private static func outside(_ parent: TemporaryFolder) throws -> [String] {
        try Disk.names(in: parent.path).sorted()
            + ["before", "zafter"].flatMap { folder in
                try parent.files(under: folder).map { "\(folder)\($0)" }
            }
    }

    // MARK: One request and the law

    /// Sends a request that is whole as HTTP goes, and checks the answer; where the connection goes on, a good request
    /// must be answered on it, so that nothing is left of the first.
    @discardableResult
    func attempt(_ bytes: [UInt8], method: String, _ what: String) throws -> Wire.Answer {
        let wire = try Wire(port: server.port)
        wire.send(bytes)
        let answer = try #require(try wire.answer(to: method), "no answer: \(what)")
        check(answer, method, what)
        if answer.header("connection") == "close" {
            #expect(try wire.isAtEnd(), "more than one answer: \(what)")
        } else {
            wire.send(get().bytes())
            let next = try #require(try wire.answer(), "no second answer: \(what)")
            #expect(next.status == 200 && next.body == Self.sentinel, "\(next.text): \(what)")
        }
        return answer
    }

    @discardableResult
    func attempt(_ request: SignedRequest, _ what: String) throws -> Wire.Answer {
        try attempt(request.bytes(), method: request.method, what)
    }

    /// Sends bytes that may be no request at all, and ends the sending: all answers are within the law, and there are no
    /// more than `most`.
    @discardableResult
    func pour(_ bytes: [UInt8], most: Int = 1, _ what: String) throws -> [Wire.Answer] {
        let wire = try Wire(port: server.port)
        wire.send(bytes)
        wire.endSending()
        var answers: [Wire.Answer] = []
        while let answer = try wire.answer() {
            check(answer, "GET", what)
            answers.append(answer)
        }
        #expect(!answers.isEmpty, "no answer: \(what)")
        #expect(answers.count <= most, "\(answers.map(\.status)): \(what)")
        return answers
    }

    private func check(_ answer: Wire.Answer, _ method: String, _ what: String) {
        #expect((200..<500).contains(answer.status), "\(answer.status) \(answer.text): \(what)")
        guard answer.status >= 400 else { return }
        if method == "HEAD" { return #expect(answer.body.isEmpty, "\(what)") }
        #expect(answer.code != nil, "\(answer.status) \(answer.text): \(what)")
        #expect(answer.header("content-type") == "application/xml", "\(what)")
    }

    func get(_ path: String = "/bucket/sentinel") -> SignedRequest {
        SignedRequest("GET", path, time: Self.now)
    }

    /// A whole request on a connection of its own.
    func send(_ request: SignedRequest) throws -> Wire.Answer {
        let wire = try Wire(port: server.port)
        wire.send(request.bytes())
        return try #require(try wire.answer(to: request.method))
    }

    /// Begins a multipart upload; its id.
    func beginUpload(_ path: String) throws -> String {
        var begin = SignedRequest("POST", path, time: Self.now)
        begin.query = [("uploads", "")]
        let id = try send(begin).text.firstMatch(of: /<UploadId>(.*)<\/UploadId>/)
        return try String(#require(id).1)
    }

    /// The rest of the law.
    func checkAll(_ what: String) throws {
        let answer = try send(get())
        #expect(answer.status == 200 && answer.body == Self.sentinel, "\(what)")
        var list = get("/bucket")
        list.query = [("list-type", "2"), ("encoding-type", "url")]
        let listing = try send(list).text
        let objects = listing.matches(
            of: /<Key>(.*?)<\/Key>.*?<ETag>&quot;(.*?)&quot;<\/ETag>/)
        let found = Dictionary(
            objects.map { (String($0.1), String($0.2)) }, uniquingKeysWith: { first, _ in first })
        let wanted = Dictionary(
            uniqueKeysWithValues: expected.withLock { $0 }.map {
                (URIEncoding.encode(Array($0.key.utf8), keepSlash: true), $0.value)
            })
        #expect(found == wanted, "\(what)")
        #expect(try Self.outside(parent) == outside, "\(what)")
        let own = try Disk.names(in: root).sorted()
        #expect(
            own == [
                "README.md", "buckets", "deployment-id", "format", "lock", "notifications",
                "removed", "session",
            ], "\(what)")
    }
}

/// How often the random tests are run: a few seeds, or as many as `BRIGADE_FUZZ_SEEDS` says.
enum FuzzSeeds {
    static let isShort = ProcessInfo.processInfo.environment["BRIGADE_FUZZ_SEEDS"] == nil
    static let all: [UInt64] = {
        let count = ProcessInfo.processInfo.environment["BRIGADE_FUZZ_SEEDS"].flatMap(UInt64.init)
        return Array(1...(max(1, count ?? 2)))
    }()
}
