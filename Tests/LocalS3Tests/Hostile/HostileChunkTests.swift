import Signing
import TestSupport
import Testing

@testable import LocalS3

/// `aws-chunked` bodies that are not what they say.
@Suite(.serialized) struct HostileChunkTests {
    enum Form: String, CaseIterable {
        case signed, signedTrailer, unsignedTrailer

        var payload: PayloadHash {
            switch self {
            case .signed: .streamingSigned
            case .signedTrailer: .streamingSignedTrailer
            case .unsignedTrailer: .streamingUnsignedTrailer
            }
        }
    }

    private static let data = Array((0..<20).map { UInt8(97 + $0 % 26) })

    private static func request(_ form: Form, trailers: [(name: String, value: String)]? = nil)
        -> SignedRequest
    {
        let sum = Base64.encode(Checksum.of(data, .crc32))
        let usual = form == .signed ? nil : [(name: "x-amz-checksum-crc32", value: sum)]
        return SignedRequest("PUT", "/bucket/chunked", body: data, time: HostileStage.now)
            .streaming(form.payload, chunk: 12, trailers: trailers ?? usual)
    }

    /// After each: nothing was stored, or exactly what was meant.
    private static func attempt(_ stage: HostileStage, _ request: SignedRequest, _ what: String)
        throws -> Wire.Answer
    {
        let answer = try stage.attempt(request, what)
        if answer.status == 200 {
            stage.acknowledge("chunked", data)
            try stage.checkAll(what)
            let deletion = try stage.send(
                SignedRequest("DELETE", "/bucket/chunked", time: HostileStage.now))
            #expect(deletion.status == 204)
            stage.forget("chunked")
        }
        return answer
    }

    @Test(arguments: Form.allCases) func theFormItselfIsTaken(form: Form) async throws {
        let stage = try await HostileStage()
        try await onThread {
            #expect(try Self.attempt(stage, Self.request(form), "good").status == 200)
            var chunked = Self.request(form)
            chunked.framing = .chunked
            #expect(try Self.attempt(stage, chunked, "good, in chunks of HTTP too").status == 200)
            try stage.checkAll("\(form)")
        }
        try await stage.stop()
    }

    @Test(arguments: Form.allCases) func everyByteChangedOrMissing(form: Form) async throws {
        let stage = try await HostileStage()
        try await onThread {
            var random = SeededRandom(seed: 7)
            let good = Self.request(form)
            for place in good.body.indices {
                var changed = good
                changed.body[place] ^= UInt8.random(in: 1...255, using: &random)
                _ = try Self.attempt(stage, changed, "\(form), byte \(place) of \(good.body.count)")
                for kind in 0..<3 where !FuzzSeeds.isShort || place % 3 == kind {
                    var other = good
                    switch kind {
                    case 0: other.body.removeLast(good.body.count - place)
                    case 1: other.body.remove(at: place)
                    default: other.body.insert(good.body[place], at: place)
                    }
                    let what = "\(form), cut, missing or twice (\(kind)) at \(place)"
                    let answer = try Self.attempt(stage, other, what)
                    #expect(answer.status >= 400 || kind > 0, "\(what)")
                }
            }
            try stage.checkAll("\(form)")
        }
        try await stage.stop()
    }

    @Test(arguments: Form.allCases) func lengthsThatLie(form: Form) async throws {
        let stage = try await HostileStage()
        try await onThread {
            for length in [
                "0", "19", "21", "", "-1", "x", "1e2", "99999999999999999999",
                "9223372036854775807", "1048577",
            ] {
                var request = SignedRequest(
                    "PUT", "/bucket/chunked", body: Self.data, time: HostileStage.now)
                request = request.streaming(
                    form.payload, chunk: 12, trailers: form == .signed ? nil : [])
                request.headers = request.headers.map {
                    $0.name == "x-amz-decoded-content-length" ? ($0.name, length) : $0
                }
                let answer = try Self.attempt(stage, request, "\(form), length \(length)")
                #expect(answer.status >= 400, "\(form), length \(length)")
            }
            var none = Self.request(form)
            none.headers.removeAll { $0.name == "x-amz-decoded-content-length" }
            #expect(
                try Self.attempt(stage, none, "\(form), no length").code == "MissingContentLength")
            try stage.checkAll("\(form)")
        }
        try await stage.stop()
    }

    @Test(arguments: [Form.signedTrailer, .unsignedTrailer]) func trailersThatLie(form: Form)
        async throws
    {
        let stage = try await HostileStage()
        try await onThread {
            let name = "x-amz-checksum-crc32"
            let sum = Base64.encode(Checksum.of(Self.data, .crc32))
            func send(
                _ trailers: [(name: String, value: String)], announced: String?, _ what: String
            ) throws -> String? {
                var request = Self.request(form, trailers: trailers)
                if form == .unsignedTrailer {
                    request.headers.removeAll { $0.name == "x-amz-trailer" }
                    if let announced { request.headers.append(("x-amz-trailer", announced)) }
                }
                return try Self.attempt(stage, request, what).code
            }
            #expect(try send([(name, "AAAAAA==")], announced: name, "wrong sum") == "BadDigest")
            for value in ["", "x", "AAAA", sum + sum] {
                #expect(
                    try send([(name, value)], announced: name, "no sum: \(value)") != nil,
                    "\(value)")
            }
            guard form == .unsignedTrailer else { return }
            #expect(try send([], announced: name, "missing") == "MalformedTrailerError")
            #expect(
                try send([(name, sum)], announced: nil, "not announced") == "MalformedTrailerError")
            #expect(
                try send([("x-amz-checksum-crc32c", sum)], announced: name, "another")
                    == "MalformedTrailerError")
            #expect(
                try send([(name, sum), (name, sum)], announced: name, "two")
                    == "MalformedTrailerError")
            #expect(
                try send([(name, sum), ("x", "y")], announced: name, "one more")
                    == "MalformedTrailerError")
            #expect(try send([("x", "y")], announced: "x", "unknown") == "InvalidRequest")
            let long = String(repeating: "y", count: 9_000)
            #expect(try send([(name, sum + long)], announced: name, "long") == "InvalidRequest")
            #expect(
                try send(
                    Array(repeating: (name, long.dropLast(2_000).description), count: 4),
                    announced: name, "many") == "InvalidRequest")
            try stage.checkAll("\(form)")
        }
        try await stage.stop()
    }

    /// Chunks without an end are cut off where the length that was promised is reached.
    @Test(arguments: Form.allCases) func chunksWithoutEnd(form: Form) async throws {
        let stage = try await HostileStage()
        try await onThread {
            for isLine in [true, false] {
                var request = SignedRequest(
                    "PUT", "/bucket/chunked", body: Self.data, time: HostileStage.now)
                request = request.streaming(
                    form.payload, chunk: 12, trailers: form == .signed ? nil : [])
                request.framing = .chunked
                request.body = []
                let wire = try Wire(port: stage.server.port)
                var head = request.bytes()
                head.removeLast(5)
                wire.send(head)
                // One line that never ends, or one byte a chunk for ever.
                let piece =
                    isLine
                    ? String(repeating: "1", count: 1_000)
                    : String(
                        repeating:
                            "1;chunk-signature=\(String(repeating: "0", count: 64))\r\nx\r\n",
                        count: 50)
                let block = Array("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n".utf8)
                // Until the server has had enough of it.
                for _ in 0..<200 { if !wire.send(block) { break } }
                let answer = try #require(try wire.answer())
                #expect((400..<404).contains(answer.status), "\(answer.text)")
            }
            try stage.checkAll("\(form)")
        }
        try await stage.stop()
    }
}
