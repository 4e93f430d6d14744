import Signing
import TestSupport
import Testing

@testable import LocalS3

/// Names of buckets and keys that would be other files if they were names of files, and ranges that are none.
@Suite(.serialized) struct HostileTargetTests {
    private static let keys = [
        "..", ".", "../x", "../../x", "../../../../../../etc/passwd", "a/../../../x", "./x", "/",
        "//", "/x", "/etc/passwd", "%2e%2e/x",
        "..%2f..%2fx", "%2e%2e%2f%2e%2e%2fx", "%252e%252e%252fx", "..%252f..%252fx", "..%5c..%5cx",
        "..\\..\\x", "%00", "x%00", "x%00.txt", "%00/../x", "%0a%0d",
        "x%0d%0aSet-Cookie:%20a=b", "%01%02%7f", "%c3%bc", "%e2%80%ae", "%ef%bb%bf", "%f0%9f%98%80",
        "x%2F", "x/", "~", "~root", "$HOME", "`id`", "%24%28id%29",
        "bucket", "objects/ab/cd", "tmp", "multipart/x/upload", "..;/x", "..%c0%af",
        "%c0%ae%c0%ae/x", "%", "%4", "%zz", "%ff", "%ed%a0%80",
    ]

    private static let buckets = [
        "..", ".", "%2e%2e", "%2e", "..%2f", "%2f", "%00", "bucket%00", "bucket%2f..", "BUCKET",
        "Bucket", "buckets", "lock", "a", "ab", "-ab", "ab-", "a..b",
        "1.2.3.4", "xn--abc", "abc-s3alias", "a_b", "%c3%bc%c3%bc%c3%bc", "%ff%ff%ff",
        String(repeating: "a", count: 64), String(repeating: "a", count: 2_000), "bucket ", "%20",
        "~root", "*",
    ]

    @Test func keysNameNoFiles() async throws {
        let stage = try await HostileStage()
        try await onThread {
            for key in Self.keys {
                let body = Array("of \(key)".utf8)
                let put = SignedRequest("PUT", "/bucket/\(key)", body: body, time: HostileStage.now)
                let answer = try stage.attempt(put, "PUT \(key)")
                guard answer.status == 200 else {
                    #expect(
                        answer.code == "InvalidURI" || answer.code == "BadRequest",
                        "\(key): \(answer.text)")
                    continue
                }
                let decoded = String(decoding: try #require(URIEncoding.decode(key)), as: UTF8.self)
                stage.acknowledge(decoded, body)
                try stage.checkAll("PUT \(key)")
                #expect(try stage.attempt(stage.get("/bucket/\(key)"), "GET \(key)").body == body)
                // The same key as the source of a copy.
                var copy = SignedRequest("PUT", "/bucket/copy", time: HostileStage.now)
                copy.headers = [("x-amz-copy-source", "/bucket/\(key)")]
                #expect(try stage.attempt(copy, "copy \(key)").status == 200, "\(key)")
                stage.acknowledge("copy", body)
                for operation in [
                    "tagging", "attributes", "retention", "uploads", "uploadId=..", "versionId=..",
                    "versionId=null%00",
                ] {
                    var other = stage.get("/bucket/\(key)")
                    other.query = [
                        (
                            String(operation.prefix { $0 != "=" }),
                            String(operation.drop { $0 != "=" }.dropFirst())
                        )
                    ]
                    _ = try stage.attempt(other, "\(operation) of \(key)")
                }
                try stage.checkAll("copy of \(key)")
                #expect(
                    try stage.attempt(
                        SignedRequest("DELETE", "/bucket/\(key)", time: HostileStage.now), "DELETE"
                    ).status == 204)
                stage.forget(decoded)
            }
            try stage.checkAll("keys")
        }
        try await stage.stop()
    }

    @Test func bucketsNameNoFiles() async throws {
        let stage = try await HostileStage()
        try await onThread {
            for bucket in Self.buckets {
                for (method, path) in [
                    ("PUT", "/\(bucket)"), ("GET", "/\(bucket)"), ("HEAD", "/\(bucket)"),
                    ("DELETE", "/\(bucket)"), ("PUT", "/\(bucket)/key"), ("GET", "/\(bucket)/key"),
                    ("DELETE", "/\(bucket)/key"), ("GET", "/\(bucket)/../bucket/sentinel"),
                    ("GET", "//\(bucket)"),
                ] {
                    let body: [UInt8] = path.hasSuffix("key") && method == "PUT" ? [1] : []
                    let answer = try stage.attempt(
                        SignedRequest(method, path, body: body, time: HostileStage.now),
                        "\(method) \(path)")
                    let isFine =
                        method == "PUT" && body.isEmpty && bucket == "buckets" || bucket == "lock"
                        || bucket == "buckets"
                    #expect(answer.status >= 400 || isFine, "\(method) \(path): \(answer.status)")
                }
            }
            try stage.checkAll("buckets")
        }
        try await stage.stop()
    }

    @Test func sourcesOfCopiesNameNoFiles() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let sources =
                Self.buckets.flatMap {
                    ["\($0)/key", "/\($0)/key", "\($0)%2fkey", "bucket/../\($0)/key"]
                }
                + Self.keys.map { "/bucket/\($0)" } + [
                    "", "/", "//", "bucket", "bucket/", "?versionId=", "bucket/sentinel?versionId=",
                    "bucket/sentinel?versionId=../../x", "bucket/sentinel?versionId=null%00",
                    "bucket/sentinel?versionId=" + String(repeating: "0", count: 32),
                    "http://127.0.0.1/bucket/x", "arn:aws:s3:::bucket/x",
                ]
            for source in sources {
                for isPart in [false, true] {
                    var copy = SignedRequest("PUT", "/bucket/copy", time: HostileStage.now)
                    copy.headers = [("x-amz-copy-source", source)]
                    if isPart { copy.query = [("partNumber", "1"), ("uploadId", "../../bucket")] }
                    let answer = try stage.attempt(copy, "from \(source)")
                    #expect((400...404).contains(answer.status), "\(source): \(answer.status)")
                }
            }
            try stage.checkAll("sources")
        }
        try await stage.stop()
    }

    private static func rangeText(_ random: inout SeededRandom) -> String {
        let numbers = [
            "", "0", "1", "5", "18", "19", "20", "21", "99", "9223372036854775807",
            "9223372036854775808", "99999999999999999999999", "-1", "+1", "x", " 3", "\u{e9}",
        ]
        let units = [
            "bytes=", "bytes=", "bytes=", "BYTES=", "bytes =", "items=", "bytes", "",
            "bytes=bytes=",
        ]
        let spans = (0..<Int.random(in: 1...2, using: &random)).map { _ in
            [numbers.randomElement(using: &random)!, "-", numbers.randomElement(using: &random)!]
                .dropLast(Int.random(in: 0..<8, using: &random) == 0 ? 1 : 0).joined()
        }
        return units.randomElement(using: &random)! + spans.joined(separator: ",")
    }

    @Test(arguments: FuzzSeeds.all) func anyRange(seed: UInt64) async throws {
        let stage = try await HostileStage()
        try await onThread {
            var random = SeededRandom(seed: seed)
            let size = HostileStage.sentinel.count
            let id = try stage.beginUpload("/bucket/upload")
            for _ in 0..<100 {
                let text = Self.rangeText(&random)
                let what = "seed \(seed): \(text)"
                var get = stage.get()
                get.headers = [("range", text)]
                let answer = try stage.attempt(get, what)
                switch answer.status {
                case 200: #expect(answer.body == HostileStage.sentinel, "\(what)")
                case 206:
                    let range = try #require(
                        answer.header("content-range")?.wholeMatch(of: /bytes (\d+)-(\d+)\/(\d+)/),
                        "\(what)")
                    let (first, last) = (try #require(Int(range.1)), try #require(Int(range.2)))
                    #expect(answer.body == Array(HostileStage.sentinel[first...last]), "\(what)")
                    #expect(range.3 == "\(size)")
                default:
                    #expect(
                        answer.status == 416 && answer.header("content-range") == "bytes */\(size)",
                        "\(what): \(answer.text)")
                }
                var copy = SignedRequest("PUT", "/bucket/upload", time: HostileStage.now)
                copy.query = [("partNumber", "1"), ("uploadId", id)]
                copy.headers = [
                    ("x-amz-copy-source", "/bucket/sentinel"), ("x-amz-copy-source-range", text),
                ]
                let copied = try stage.attempt(copy, "copy, \(what)")
                #expect(
                    copied.status == 200 || copied.code == "InvalidArgument"
                        || copied.code == "InvalidRequest",
                    "\(what): \(copied.text)")
            }
            try stage.checkAll("seed \(seed)")
        }
        try await stage.stop()
    }

    /// Numbers, markers and words in the query, and what would be headers of the answer.
    @Test(arguments: FuzzSeeds.all) func anyQuery(seed: UInt64) async throws {
        let stage = try await HostileStage()
        try await onThread {
            var random = SeededRandom(seed: seed)
            let names = [
                "list-type", "prefix", "delimiter", "marker", "start-after", "continuation-token",
                "max-keys", "encoding-type", "key-marker", "version-id-marker", "upload-id-marker",
                "max-uploads", "uploads",
                "versions", "location", "versioning", "object-lock", "partNumber", "uploadId",
                "versionId", "response-content-type", "response-expires",
                "response-content-disposition", "tagging",
                "attributes", "part-number-marker", "max-parts", "x", "fetch-owner", "acl",
                "delete", "",
            ]
            let values = [
                "", "2", "0", "-1", "1", "1001", "2147483648", "99999999999999999999", "url", "x",
                "%00", "%0d%0aSet-Cookie:%20a", "%ff", "%", "null", "..%2f..",
                String(repeating: "0", count: 32), "1" + String(repeating: "f", count: 4_000),
                "16465", "true", String(repeating: "%c3%bc", count: 900), "%20", "+", "%2f",
                "\u{fc}",
            ]
            for _ in 0..<150 {
                var request = SignedRequest(
                    ["GET", "GET", "HEAD", "POST"].randomElement(using: &random)!,
                    ["/bucket", "/bucket/sentinel", "/", "/none/key"].randomElement(
                        using: &random)!, time: HostileStage.now)
                request.query = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                    (names.randomElement(using: &random)!, values.randomElement(using: &random)!)
                }
                let what = "seed \(seed): \(request.method) \(request.target)"
                var bytes = request.bytes()
                if request.method == "POST" {
                    bytes = SignedRequest.head("POST", request.target, request.fields())
                }
                let wire = try Wire(port: stage.server.port)
                wire.send(bytes)
                let answer = try #require(try wire.answer(to: request.method), "\(what)")
                #expect(
                    (200..<500).contains(answer.status) || answer.status == 501,
                    "\(what): \(answer.text)")
                #expect(answer.header("set-cookie") == nil, "\(what)")
                // It began an upload.
                if request.method == "POST", answer.status == 200 {
                    #expect(answer.text.contains("UploadId"), "\(what)")
                }
            }
            try stage.checkAll("seed \(seed)")
        }
        try await stage.stop()
    }
}
