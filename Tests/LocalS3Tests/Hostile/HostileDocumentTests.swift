import Signing
import TestSupport
import Testing

@testable import LocalS3

/// Documents that are no XML, or not the XML that is asked for, for every operation that takes one.
@Suite(.serialized) struct HostileDocumentTests {
    private struct Document {
        let method: String
        let path: String
        let query: [(name: String, value: String)]
        let root: String
        let inside: String

        var text: String {
            "<\(root) xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\(inside)</\(root)>"
        }
    }

    private static func documents(_ stage: HostileStage) throws -> [Document] {
        for (bucket, headers) in [
            ("versioned", []), ("locked", [("x-amz-bucket-object-lock-enabled", "true")]),
        ] {
            var create = SignedRequest("PUT", "/\(bucket)", time: HostileStage.now)
            create.headers = headers
            #expect(try stage.send(create).status == 200)
        }
        let object = SignedRequest("PUT", "/locked/object", body: [1], time: HostileStage.now)
        #expect(try stage.send(object).status == 200)
        let id = try stage.beginUpload("/bucket/upload")
        var part = SignedRequest("PUT", "/bucket/upload", body: [1], time: HostileStage.now)
        part.query = [("partNumber", "1"), ("uploadId", id)]
        #expect(try stage.send(part).status == 200)
        return [
            Document(
                method: "PUT", path: "/created", query: [], root: "CreateBucketConfiguration",
                inside: "<LocationConstraint>us-east-1</LocationConstraint>"),
            Document(
                method: "POST", path: "/bucket", query: [("delete", "")], root: "Delete",
                inside:
                    "<Quiet>false</Quiet><Object><Key>none</Key><VersionId>null</VersionId></Object>"
            ),
            Document(
                method: "POST", path: "/bucket/upload", query: [("uploadId", id)],
                root: "CompleteMultipartUpload",
                inside: "<Part><PartNumber>2</PartNumber><ETag>&quot;x&quot;</ETag></Part>"),
            Document(
                method: "PUT", path: "/bucket/sentinel", query: [("tagging", "")], root: "Tagging",
                inside: "<TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet>"),
            Document(
                method: "PUT", path: "/versioned", query: [("versioning", "")],
                root: "VersioningConfiguration", inside: "<Status>Enabled</Status>"),
            Document(
                method: "PUT", path: "/locked", query: [("object-lock", "")],
                root: "ObjectLockConfiguration",
                inside:
                    "<ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>"
            ),
            Document(
                method: "PUT", path: "/locked/object", query: [("retention", "")],
                root: "Retention",
                inside:
                    "<Mode>GOVERNANCE</Mode><RetainUntilDate>2030-01-01T00:00:00.000Z</RetainUntilDate>"
            ),
            Document(
                method: "PUT", path: "/locked/object", query: [("legal-hold", "")],
                root: "LegalHold", inside: "<Status>OFF</Status>"),
        ]
    }

    private static func send(
        _ stage: HostileStage, _ document: Document, _ body: [UInt8], _ what: String
    ) throws -> Wire.Answer {
        var request = SignedRequest(
            document.method, document.path, body: body, time: HostileStage.now)
        request.query = document.query
        return try stage.attempt(request, "\(document.root), \(what)")
    }

    @Test func whatIsNotTheDocumentIsMalformedXML() async throws {
        let stage = try await HostileStage()
        try await onThread {
            for document in try Self.documents(stage) {
                let good = Array(document.text.utf8)
                let root = document.root
                var bad: [(String, [UInt8])] = []
                for length in stride(from: 1, to: good.count, by: FuzzSeeds.isShort ? 7 : 1) {
                    bad.append(("cut at \(length)", Array(good[..<length])))
                }
                let texts = [
                    " ", "x", "\u{0}", "<", "<>", "</\(root)>", "<\(root)", "<\(root)/><\(root)/>",
                    "{\"a\":1}",
                    "<!DOCTYPE \(root) [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\(document.text)",
                    "<!DOCTYPE x [<!ENTITY a \"\(String(repeating: "a", count: 100))\"><!ENTITY b \"&a;&a;&a;\">]><\(root)>&b;</\(root)>",
                    "<\(root)>&x;</\(root)>".replacing("&x;", with: document.inside + "<x>&</x>")
                        .replacing("<x>&</x>", with: "<"),
                    "<Other>\(document.inside)</Other>",
                    "<\(root.lowercased())>\(document.inside)</\(root.lowercased())>",
                    String(repeating: "<a>", count: 100_000),
                    "<\(root)>" + String(repeating: "<a>", count: 40)
                        + String(repeating: "</a>", count: 40) + "</\(root)>",
                    document.text + "x", document.text + document.text, "x" + document.text,
                    "<\(root)>\(document.inside)</Other>",
                ]
                bad += texts.map { (String($0.prefix(80)), Array($0.utf8)) }
                // In UTF-16, as Windows writes it.
                bad.append(("UTF-16", [0xFF, 0xFE] + good.flatMap { [$0, 0] }))
                for (what, body) in bad {
                    let answer = try Self.send(stage, document, body, what)
                    #expect(answer.code == "MalformedXML", "\(root), \(what): \(answer.text)")
                }
                if root != "CreateBucketConfiguration" {
                    #expect(
                        try Self.send(stage, document, [], "nothing").code == "MalformedXML",
                        "\(root)")
                }
                var long = SignedRequest(document.method, document.path, time: HostileStage.now)
                long.query = document.query
                long.body = good + [UInt8](repeating: 32, count: BodyReceiver.documentBytesMaximum)
                #expect(
                    try stage.attempt(long, "\(root), too long").code == "MaxMessageLengthExceeded")
                guard root == "Delete" else { continue }
                long.framing = .chunked
                #expect(
                    try stage.attempt(long, "\(root), too long in chunks").code
                        == "MaxMessageLengthExceeded")
            }
            try stage.checkAll("documents")
        }
        try await stage.stop()
    }

    @Test func valuesThatAreNone() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let changes = [
                ("us-east-1", ["\u{1}", "us-east-1 ", "&#x0;", "eu-west-9"]),
                (
                    ">2<",
                    [
                        ">0<", ">-1<", ">10001<", ">99999999999999999999<", "><", ">x<", ">1.5<",
                        ">9223372036854775807<", ">-9223372036854775808<",
                    ]
                ),
                (
                    ">1<",
                    [">0<", ">-1<", ">36501<", ">99999999999999999999<", "><", ">x<", "> 1 1 <"]
                ), (">Enabled<", [">enabled<", "><", ">x<", ">&#0;<"]),
                ("GOVERNANCE", ["", "x", "governance"]),
                (
                    "2030-01-01T00:00:00.000Z",
                    [
                        "", "x", "2020-01-01T00:00:00Z", "2030-13-01T00:00:00Z",
                        "2030-01-01T00:00:00", "99999-01-01T00:00:00Z",
                    ]
                ),
                (">OFF<", ["><", ">off<", ">x<"]), (">false<", [">x<", "><"]),
                ("<Key>none</Key>", ["", "<Key></Key>"]),
                (
                    "<Key>a</Key>",
                    ["", "<Key></Key>", "<Key>\(String(repeating: "k", count: 129))</Key>"]
                ),
                ("<Value>b</Value>", ["<Value>\(String(repeating: "v", count: 257))</Value>"]),
            ]
            for document in try Self.documents(stage) {
                for (good, values) in changes where document.inside.contains(good) {
                    for value in values {
                        let body =
                            "<\(document.root)>\(document.inside.replacing(good, with: value))</\(document.root)>"
                        let answer = try Self.send(
                            stage, document, Array(body.utf8), "\(good) \(value)")
                        #expect(
                            answer.status >= 400,
                            "\(document.root), \(good) \(value.prefix(40)): \(answer.text)")
                    }
                }
                let invalid = Array(document.text.utf8).replacing(
                    Array(">".utf8), with: [0x3E, 0xFF, 0xC0], maxReplacements: 4)
                _ = try Self.send(stage, document, invalid, "no UTF-8")
            }
            try stage.checkAll("values")
        }
        try await stage.stop()
    }

    /// Each key of a batch is answered for itself, whatever it is.
    @Test func keysOfABatchThatCannotBe() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let long = [1_025, 65_535, 65_536, 70_000, 1_000_000].map {
                String(repeating: "k", count: $0)
            }
            let keys = ["../../../etc/passwd", "..", "/", "a/../../b", "&#x1;", "\u{7F}"] + long
            let objects = keys.map { "<Object><Key>\($0)</Key></Object>" }.joined()
            var request = SignedRequest(
                "POST", "/bucket", body: Array("<Delete>\(objects)</Delete>".utf8),
                time: HostileStage.now)
            request.query = [("delete", "")]
            let answer = try stage.attempt(request, "batch")
            #expect(answer.text.matches(of: /<Deleted>/).count == 6)
            #expect(answer.text.matches(of: /<Code>KeyTooLongError<\/Code>/).count == long.count)
            request.body =
                Array("<Delete><Object><Key>".utf8) + [0xFF, 0xFE]
                + Array("</Key></Object></Delete>".utf8)
            #expect(try stage.attempt(request, "no UTF-8").code == "MalformedXML")
            request.body = Array(
                "<Delete>\(String(repeating: "<Object><Key>k</Key></Object>", count: 1_001))</Delete>"
                    .utf8)
            #expect(try stage.attempt(request, "too many").code == "MalformedXML")
            try stage.checkAll("batch")
        }
        try await stage.stop()
    }

    @Test(arguments: FuzzSeeds.all) func anyChangeOfADocument(seed: UInt64) async throws {
        let stage = try await HostileStage()
        try await onThread {
            var random = SeededRandom(seed: seed)
            let documents = try Self.documents(stage)
            let pieces: [[UInt8]] =
                [
                    "<!DOCTYPE x>", "<![CDATA[", "]]>", "<!--", "-->", "&#x110000;",
                    "&#99999999999;", "&amp;", "&", "<?x", "?>",
                    "\u{0}", "<Part>", "</Part>", "<x:Key>", "99999999999999999999", "-1",
                    "xmlns:x=\"y\"", "/>", "\"", "'",
                ].map { Array($0.utf8) } + [
                    [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xEF, 0xBB, 0xBF],
                ]
            for _ in 0..<150 {
                let document = documents.randomElement(using: &random)!
                var body = Array(document.text.utf8)
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let place = Int.random(in: body.indices, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: body[place] = UInt8.random(in: 0...255, using: &random)
                    case 1:
                        body.insert(contentsOf: pieces.randomElement(using: &random)!, at: place)
                    case 2:
                        body.removeSubrange(
                            place..<min(body.count, place + Int.random(in: 1...9, using: &random)))
                    default:
                        body.insert(
                            contentsOf: body[place..<min(body.count, place + 30)],
                            at: Int.random(in: 0...body.count, using: &random))
                    }
                    if body.isEmpty { body = [60] }
                }
                _ = try Self.send(
                    stage, document, body,
                    "seed \(seed): \(String(decoding: body, as: UTF8.self).debugDescription)")
            }
            try stage.checkAll("seed \(seed)")
        }
        try await stage.stop()
    }
}
