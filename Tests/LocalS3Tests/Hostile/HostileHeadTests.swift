import TestSupport
import Testing

@testable import LocalS3

/// Heads that are no heads, and heads whose body ends in two places.
@Suite(.serialized) struct HostileHeadTests {
    private static let malformed: [String] = [
        "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/0.9\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n", "GET / HTTP/1.1.1\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
        "GET / FTP/1.1\r\n\r\n", "get / HTTP/1.1\r\n\r\n", "BREW /pot HTTP/1.1\r\n\r\n",
        "GET  / HTTP/1.1\r\n\r\n", "GET /\tHTTP/1.1\r\n\r\n", "GET / HTTP/1.1\n\n",
        "GET /a b HTTP/1.1\r\n\r\n", "GET /\u{0} HTTP/1.1\r\n\r\n", "GET /\u{1} HTTP/1.1\r\n\r\n",
        "GET bucket HTTP/1.1\r\n\r\n", "GET * HTTP/1.1\r\n\r\n", "GET http:// HTTP/1.1\r\n\r\n",
        "GET http://x HTTP/1.1\r\n\r\n", "GET ftp://x/y HTTP/1.1\r\n\r\n",
        "CONNECT x:1 HTTP/1.1\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\n\r\n", "TRACE / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost\r\n\r\n", "GET / HTTP/1.1\r\n: x\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : x\r\n\r\n", "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
        "GET / HTTP/1.1\r\nA: x\r\n y\r\n\r\n", "GET / HTTP/1.1\r\nA: x\r\n\ty\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \u{0}\r\n\r\n", "GET / HTTP/1.1\r\nA: x\u{0}y\r\n\r\n",
        "GET / HTTP/1.1\r\nA: \u{7F}\r\n\r\n", "GET / HTTP/1.1\r\nA\u{0}: x\r\n\r\n",
        "GET / HTTP/1.1\r\nA(b): x\r\n\r\n", "GET / HTTP/1.1\r\nA: x\ry\r\n\r\n",
        "GET / HTTP/1.1\r\nÄ: x\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: \r\n\r\n",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: +1\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: 0x1\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: 1 1\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: 1,1\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxy",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: 18446744073709551615\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nContent-Length: 9223372036854775808\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nTransfer-Encoding: identity\r\n\r\nx",
        "PUT /bucket/k HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "PUT /bucket/k HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "PUT /bucket/k HTTP/1.1\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n",
        "PUT /bucket/k HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}", "SSH-2.0-OpenSSH_9\r\n", "{}", "\u{0}",
        "GET", "GET / HTTP/1.1\r\nA: x", "GET / HTTP/1.1\r\n",
    ]

    @Test func whatIsNoRequestIsAnsweredOnce() async throws {
        let stage = try await HostileStage()
        try await onThread {
            for text in Self.malformed {
                let answers = try stage.pour(Array(text.utf8), text.debugDescription)
                #expect(
                    answers.allSatisfy { $0.status >= 400 }, "\(text.debugDescription)")
            }
            try stage.checkAll("malformed heads")
        }
        try await stage.stop()
    }

    /// Two lengths for one body: whoever stands before the server may believe the other one.
    @Test func aBodyWithTwoEndsIsRefusedAndTheConnectionClosed() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let smuggled = String(decoding: stage.get("/bucket/smuggled").bytes(), as: UTF8.self)
            let lengths = ["4", "0", "\(5 + smuggled.utf8.count)"]
            let codings = [
                "Transfer-Encoding: chunked", "transfer-encoding: CHUNKED",
                "Transfer-Encoding:\tchunked", "Transfer-Encoding: identity, chunked",
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
                "Transfer-Encoding: chunked, identity", "Transfer-Encoding: \"chunked\"",
            ]
            for length in lengths {
                for coding in codings {
                    for isLengthFirst in [true, false] {
                        var request = SignedRequest(
                            "PUT", "/bucket/smuggler", time: HostileStage.now)
                        request.framing = .none
                        request.payload = .unsigned
                        var fields = request.fields()
                        let both = [
                            ("Content-Length", length),
                            (
                                String(coding.prefix { $0 != ":" }),
                                String(coding.drop { $0 != ":" }.dropFirst())
                            ),
                        ]
                        fields += isLengthFirst ? both : both.reversed()
                        let bytes =
                            request.bytes(fields: fields) + Array("0\r\n\r\n\(smuggled)".utf8)
                        let what = "\(length), \(coding)"
                        let answer = try stage.attempt(bytes, method: "PUT", what)
                        #expect(answer.status == 400, "\(what)")
                        #expect(answer.header("connection") == "close", "\(what)")
                    }
                }
            }
            try stage.checkAll("two ends")
        }
        try await stage.stop()
    }

    @Test func chunksOfHTTPThatAreNoneAreRefused() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let bodies = [
                "x\r\nabc\r\n0\r\n\r\n", "-1\r\na\r\n0\r\n\r\n", "+3\r\nabc\r\n0\r\n\r\n",
                "0x3\r\nabc\r\n0\r\n\r\n", " 3\r\nabc\r\n0\r\n\r\n", "3 \r\nabc\r\n0\r\n\r\n",
                "3\nabc\n0\n\n", "3\r\nabcd\r\n0\r\n\r\n", "3\r\nab\r\n0\r\n\r\n",
                "\r\n3\r\nabc\r\n0\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\nabc", "10000000000000000\r\nabc",
                "ffffffffffffffff\r\nabc", "3\r\nabc", "3\r\nabc\r\n", "3\r\nabc\r\n0\r\n", "3", "",
                "3;\u{0}=1\r\nabc\r\n0\r\n\r\n", "3\r\nabc\r\n0\r\nA\r\n\r\n",
                "3\r\nabc\r\n0\r\nA: \u{0}\r\n\r\n",
            ]
            for body in bodies {
                for isSigned in [true, false] {
                    var request = SignedRequest("PUT", "/bucket/chunks", time: HostileStage.now)
                    request.framing = .none
                    request.payload = .unsigned
                    var fields = request.fields() + [("Transfer-Encoding", "chunked")]
                    if !isSigned { fields.removeAll { $0.name == "Authorization" } }
                    let bytes = request.bytes(fields: fields) + Array(body.utf8)
                    let what = body.debugDescription
                    let answers = try stage.pour(bytes, what)
                    #expect(answers.first.map { $0.status >= 400 } == true, "\(what)")
                }
            }
            try stage.checkAll("bad chunks")
        }
        try await stage.stop()
    }

    /// Any byte of a good request changed, removed or doubled: it is refused, or it still is the same request.
    @Test(arguments: FuzzSeeds.all) func anyChangeOfAHead(seed: UInt64) async throws {
        let stage = try await HostileStage()
        try await onThread {
            var random = SeededRandom(seed: seed)
            var request = stage.get()
            request.headers = [("x-amz-meta-a", "b"), ("range", "bytes=0-99")]
            let good = request.bytes()
            for _ in 0..<150 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...3, using: &random) {
                    let place = Int.random(in: bytes.indices, using: &random)
                    switch Int.random(in: 0..<4, using: &random) {
                    case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
                    case 1: bytes.remove(at: place)
                    case 2: bytes.insert(bytes[place], at: place)
                    default:
                        let text =
                            ["\r\n", "\r", "\n", "\0", ":", " ", "%", "\r\n "]
                            .randomElement(using: &random) ?? ""
                        bytes.insert(contentsOf: Array(text.utf8), at: place)
                    }
                }
                // A line end in the right place makes two requests of one: each has its answer.
                let what =
                    "seed \(seed): \(String(decoding: bytes, as: UTF8.self).debugDescription)"
                for answer in try stage.pour(bytes, most: 2, what) where answer.status < 300 {
                    #expect(answer.body == HostileStage.sentinel, "\(what)")
                }
            }
            try stage.checkAll("seed \(seed)")
        }
        try await stage.stop()
    }

    /// A client may send its requests without waiting: the answers come in their order, also to very many.
    @Test func requestsWithoutWaitingAreAnsweredInOrder() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let wire = try Wire(port: stage.server.port)
            let missing = stage.get("/bucket/missing").bytes()
            let put = SignedRequest(
                "PUT", "/bucket/sentinel", body: HostileStage.sentinel, time: HostileStage.now)
            for _ in 0..<20 {
                wire.send(stage.get().bytes() + missing + put.bytes() + stage.get().bytes())
                #expect(try wire.answer()?.body == HostileStage.sentinel)
                #expect(try wire.answer()?.code == "NoSuchKey")
                #expect(try wire.answer()?.status == 200)
                #expect(try wire.answer()?.body == HostileStage.sentinel)
            }
            let flood = try Wire(port: stage.server.port)
            flood.send(
                Array(repeating: Array("GET / HTTP/1.1\r\n\r\n".utf8), count: 3_000).joined())
            for _ in 0..<3_000 { #expect(try flood.answer()?.code == "AccessDenied") }
            try stage.checkAll("pipelining")
        }
        try await stage.stop()
    }

    /// What waits for the disk holds up what comes after it; far more than any client has outstanding is not kept.
    @Test func aFloodOfRequestsIsCutOff() async throws {
        let stage = try await HostileStage(durable: true)
        try await onThread {
            let wire = try Wire(port: stage.server.port)
            let delete = SignedRequest("DELETE", "/bucket/none", time: HostileStage.now).bytes()
            wire.send(Array(repeating: delete, count: 2_000).joined())
            var count = 0
            do {
                while let answer = try wire.answer() {
                    #expect(answer.status == 204)
                    count += 1
                }
            } catch Wire.Failure.cut {}
            #expect(count < 2_000)
            try stage.checkAll("flood")
        }
        try await stage.stop()
    }

    @Test func anUpgradeIsTheLastRequestOfItsConnection() async throws {
        let stage = try await HostileStage()
        try await onThread {
            var request = stage.get()
            request.headers = [("connection", "upgrade, http2-settings"), ("upgrade", "h2c")]
            let answer = try stage.attempt(request, "upgrade")
            #expect(answer.body == HostileStage.sentinel)
            #expect(answer.header("connection") == "close")
        }
        try await stage.stop()
    }
}
