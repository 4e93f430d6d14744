import Signing
import TestSupport
import Testing

@testable import LocalS3

/// Every ceiling: what is just below it is taken, what is above it is refused with the code that S3 has for it.
@Suite(.serialized) struct CeilingTests {
    @Test func heads() async throws {
        let stage = try await HostileStage()
        try await onThread {
            func get(_ headers: [(name: String, value: String)], query: String = "") throws
                -> Wire.Answer
            {
                var request = stage.get()
                request.headers = headers
                if !query.isEmpty { request.query = [("x", query)] }
                return try stage.attempt(request, "\(headers.count) headers")
            }
            let long = String(repeating: "h", count: 30_000)
            #expect(try get([("a", long)]).status == 200)
            #expect(try get([("a", long + long)]).code == "RequestHeaderSectionTooLarge")
            #expect(
                try get((0..<4).map { ("a\($0)", String(long.prefix(10_000))) }).code
                    == "RequestHeaderSectionTooLarge")
            #expect(try get([], query: long).status == 200)
            #expect(try get([], query: long + long).code == "RequestHeaderSectionTooLarge")
            #expect(try get((0..<590).map { ("a\($0)", "") }).status == 200)
            #expect(
                try get((0..<700).map { ("a\($0)", "") }).code == "RequestHeaderSectionTooLarge")
            // Without an end; the answer comes at the ceiling.
            for start in ["GET /", "GET / HTTP/1.1\r\na", "GET / HTTP/1.1\r\na: "] {
                let wire = try Wire(port: stage.server.port)
                wire.send(start)
                for _ in 0..<100 {
                    if !wire.send(Array(repeating: UInt8(ascii: "a"), count: 10_000)) { break }
                }
                #expect(try wire.answer()?.code == "RequestHeaderSectionTooLarge", "\(start)")
            }
            try stage.checkAll("heads")
        }
        try await stage.stop()
    }

    @Test func whatAnObjectCarries() async throws {
        let stage = try await HostileStage()
        try await onThread {
            func put(_ headers: [(name: String, value: String)], key: String = "object") throws
                -> String?
            {
                var request = SignedRequest(
                    "PUT", "/bucket/\(key)", body: [1], time: HostileStage.now)
                request.headers = headers
                let answer = try stage.attempt(request, key)
                if answer.status == 200 { stage.acknowledge(key, [1]) }
                return answer.code
            }
            #expect(try put([("x-amz-meta-a", String(repeating: "v", count: 2_047))]) == nil)
            #expect(
                try put([("x-amz-meta-a", String(repeating: "v", count: 2_048))])
                    == "MetadataTooLarge")
            #expect(try put((0..<512).map { ("x-amz-meta-\(100 + $0)", "v") }) == nil)
            #expect(
                try put((0..<513).map { ("x-amz-meta-\(100 + $0)", "v") }) == "MetadataTooLarge")
            #expect(try put([], key: String(repeating: "k", count: 1_024)) == nil)
            #expect(try put([], key: String(repeating: "k", count: 1_025)) == "KeyTooLongError")
            let tags = (0..<11).map { "k\($0)=v" }
            #expect(try put([("x-amz-tagging", tags.dropLast().joined(separator: "&"))]) == nil)
            #expect(try put([("x-amz-tagging", tags.joined(separator: "&"))]) == "BadRequest")
            #expect(
                try put([
                    (
                        "x-amz-tagging",
                        String(repeating: "k", count: 128) + "="
                            + String(repeating: "v", count: 256)
                    )
                ]) == nil)
            #expect(
                try put([("x-amz-tagging", String(repeating: "k", count: 129) + "=v")])
                    == "InvalidArgument")
            #expect(
                try put([("x-amz-tagging", "k=" + String(repeating: "v", count: 257))])
                    == "InvalidArgument")
            try stage.checkAll("objects")
        }
        try await stage.stop()
    }

    @Test func bodies() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let most = Int(HostileStage.objectBytesMaximum)
            let id = try stage.beginUpload("/bucket/upload")
            for part in [nil, "1"] {
                for framing in [SignedRequest.Framing.length, .chunked] {
                    for (size, code) in [
                        (most, nil), (most + 1, "EntityTooLarge"), (most * 4, "EntityTooLarge"),
                    ] as [(Int, String?)] {
                        var request = SignedRequest(
                            "PUT", "/bucket/body", body: Array(repeating: 7, count: size),
                            time: HostileStage.now)
                        request.framing = framing
                        if let part { request.query = [("partNumber", part), ("uploadId", id)] }
                        let answer = try stage.attempt(request, "\(size) bytes")
                        if answer.code == "NoSuchUpload" { continue }
                        #expect(answer.code == code, "\(size)")
                        if code == nil, part == nil { stage.acknowledge("body", request.body) }
                    }
                }
            }
            // Without an end.
            for framing in [SignedRequest.Framing.none, .chunked] {
                var request = SignedRequest("PUT", "/bucket/body", time: HostileStage.now)
                request.payload = .unsigned
                request.framing = framing
                var head = SignedRequest.head(
                    "PUT", request.target,
                    request.fields()
                        + (framing == .none ? [("Content-Length", "9000000000000000000")] : []))
                let wire = try Wire(port: stage.server.port)
                head += Array("fffffff\r\n".utf8)
                wire.send(head)
                for _ in 0..<500 { if !wire.send(Array(repeating: 65, count: 100_000)) { break } }
                #expect(try wire.answer()?.code == "EntityTooLarge")
            }
            try stage.checkAll("bodies")
        }
        try await stage.stop()
    }

    @Test func parts() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let id = try stage.beginUpload("/bucket/parts")
            func part(_ number: String, upload: String) throws -> String? {
                var request = SignedRequest(
                    "PUT", "/bucket/parts", body: [1], time: HostileStage.now)
                request.query = [("partNumber", number), ("uploadId", upload)]
                return try stage.attempt(request, "part \(number)").code
            }
            for number in ["1", "10000"] { #expect(try part(number, upload: id) == nil) }
            for number in ["0", "10001", "-1", "x", "", "99999999999999999999", "1.0", "%31"] {
                #expect(
                    try part(number, upload: id) == (number == "%31" ? nil : "InvalidArgument"),
                    "\(number)")
            }
            for upload in [
                "", "x", "..", "..%2f..", String(repeating: "0", count: 32), id.uppercased() + "0",
                id + "%00", "%00",
            ] {
                #expect(try part("1", upload: upload) == "NoSuchUpload", "\(upload)")
            }
            func complete(_ numbers: [Int]) throws -> String? {
                let parts = numbers.map {
                    "<Part><PartNumber>\($0)</PartNumber><ETag>\(Hex.encode(Checksum.of([1], .md5)))</ETag></Part>"
                }
                var request = SignedRequest(
                    "POST", "/bucket/parts",
                    body: Array(
                        "<CompleteMultipartUpload>\(parts.joined())</CompleteMultipartUpload>".utf8),
                    time: HostileStage.now)
                request.query = [("uploadId", id)]
                return try stage.attempt(request, "complete").code
            }
            #expect(try complete([]) == "InvalidRequest")
            #expect(try complete(Array(1...10_001)) == "MalformedXML")
            #expect(try complete([1, 1]) == "InvalidPartOrder")
            #expect(try complete([2, 1]) == "InvalidPartOrder")
            #expect(try complete([1, 2]) == "InvalidPart")
            #expect(try complete([0]) == "MalformedXML")
            try stage.checkAll("parts")
        }
        try await stage.stop()
    }
}
