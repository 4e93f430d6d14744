import Signing
import TestSupport
import Testing

@testable import LocalS3

/// Signatures with every field missing, doubled, out of order, changed, of another day or place.
@Suite(.serialized) struct HostileSignatureTests {
    private typealias Fields = [(name: String, value: String)]

    private static func replacing(_ fields: Fields, _ name: String, _ value: String?) -> Fields {
        fields.compactMap { field in
            guard field.name.lowercased() == name else { return field }
            return value.map { (field.name, $0) }
        }
    }

    @Test func everyFieldOfTheHeader() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let request = SignedRequest(
                "PUT", "/bucket/forged", body: Array("forged".utf8), time: HostileStage.now)
            let fields = request.fields()
            let good = fields.first { $0.name == "Authorization" }?.value ?? ""
            let pieces = good.dropFirst("AWS4-HMAC-SHA256 ".count).components(", ")
            var headers: [String] = [
                "", " ", "AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 ,,,",
                "AWS4-HMAC-SHA256 =,=,=",
                "AWS4-HMAC-SHA512 " + pieces.joined(separator: ", "),
                "AWS \(SignedRequest.key):abc", "Basic YTpi",
                "Bearer x", good.lowercased(), good.uppercased(), good + "0",
                String(good.dropLast()),
                good.replacing("aws4_request", with: "aws4_reply"),
                good.replacing("/s3/", with: "/ec2/"),
                good.replacing("us-east-1", with: "eu-west-1"),
                good.replacing("us-east-1", with: ""),
                good.replacing(SignedRequest.key, with: "NOBODY"),
                good.replacing(SignedRequest.key, with: ""),
                good.replacing("/", with: "//"), good.replacing("/20", with: "/19"),
                good.replacing("host;", with: ""),
                good.replacing("SignedHeaders=", with: "SignedHeaders=;;;"),
                good.replacing("SignedHeaders=host", with: "SignedHeaders=HOST"),
                good.replacing("SignedHeaders=host", with: "SignedHeaders=host;host"),
                good.replacing(
                    "SignedHeaders=host;x-amz-content-sha256;x-amz-date",
                    with: "SignedHeaders=x-amz-date;x-amz-content-sha256;host;missing"),
            ]
            for index in pieces.indices {
                var without = pieces
                without.remove(at: index)
                headers.append("AWS4-HMAC-SHA256 " + without.joined(separator: ", "))
                var changed = pieces
                changed[index] = String(changed[index].prefix { $0 != "=" }) + "="
                headers.append("AWS4-HMAC-SHA256 " + changed.joined(separator: ", "))
            }
            for header in headers {
                let bytes = request.bytes(fields: Self.replacing(fields, "authorization", header))
                let answer = try stage.attempt(bytes, method: "PUT", header)
                #expect(answer.status == 400 || answer.status == 403, "\(header): \(answer.text)")
            }
            // Order and doubled fields do not matter as long as the last of each is right.
            let reversed = "AWS4-HMAC-SHA256 " + pieces.reversed().joined(separator: ",")
            let bytes = request.bytes(fields: Self.replacing(fields, "authorization", reversed))
            #expect(try stage.attempt(bytes, method: "PUT", reversed).status == 200)
            stage.acknowledge("forged", request.body)
            try stage.checkAll("authorization")
        }
        try await stage.stop()
    }

    @Test func everyOtherHeaderOfTheSignature() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let request = SignedRequest(
                "PUT", "/bucket/forged", body: Array("forged".utf8), time: HostileStage.now)
            let fields = request.fields()
            let day = Timestamps.amzDate(HostileStage.now + 86_400)
            let changes: [(String, [String?])] = [
                (
                    "x-amz-date",
                    [
                        nil, "", "x", "20260101", "20260101T000000Z", "99991231T235959Z",
                        "20261399T999999Z", day,
                    ]
                ),
                (
                    "x-amz-content-sha256",
                    [
                        nil, "", "x", "UNSIGNED", "UNSIGNED-PAYLOAD",
                        String(repeating: "0", count: 64), String(repeating: "G", count: 64),
                        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                        "STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD",
                    ]
                ),
                ("host", [nil, "", "other", "127.0.0.1:1"]),
            ]
            for (name, values) in changes {
                for value in values {
                    let bytes = request.bytes(fields: Self.replacing(fields, name, value))
                    let answer = try stage.attempt(bytes, method: "PUT", "\(name): \(value ?? "-")")
                    #expect(
                        answer.status == 400 || answer.status == 403 || answer.status == 411,
                        "\(name): \(value ?? "-"): \(answer.text)")
                }
                // Two of one: which is meant?
                let double =
                    fields.first { $0.name.lowercased() == name }.map { fields + [$0] } ?? []
                let answer = try stage.attempt(
                    request.bytes(fields: double), method: "PUT", "two of \(name)")
                #expect(answer.status == 400, "\(name): \(answer.text)")
            }
            for extra in [
                "x-amz-copy-source", "X-Amz-Meta-Late", "x-amz-acl", "x-amz-tagging",
                "x-amz-security-token",
            ] {
                let bytes = request.bytes(fields: fields + [(extra, "/bucket/sentinel")])
                #expect(
                    try stage.attempt(bytes, method: "PUT", extra).code == "AccessDenied",
                    "\(extra)")
            }
            let other = request.bytes(fields: fields).replacing(
                Array("forged HTTP".utf8), with: Array("other HTTP".utf8))
            #expect(try stage.attempt(other, method: "PUT", "path").code == "SignatureDoesNotMatch")
            let body = request.bytes(fields: fields).replacing(
                Array("forged".utf8), with: Array("Forged".utf8),
                subrange: request.bytes(fields: fields).count
                    - 6..<request.bytes(fields: fields).count)
            #expect(
                try stage.attempt(body, method: "PUT", "body").code == "XAmzContentSHA256Mismatch")
            for (skew, isRefused) in [(-960, true), (960, true), (-840, false), (840, false)]
                as [(Int64, Bool)]
            {
                var request = stage.get()
                request.time += skew
                let answer = try stage.attempt(request, "skew \(skew)")
                #expect(answer.code == (isRefused ? "RequestTimeTooSkewed" : nil), "\(skew)")
            }
            try stage.checkAll("headers")
        }
        try await stage.stop()
    }

    @Test func everyParameterOfAPresignedURL() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let request = SignedRequest("PUT", "/bucket/presigned", time: HostileStage.now)
            let pairs = request.presignedQuery().components("&").map { pair in
                (
                    name: String(pair.prefix { $0 != "=" }),
                    value: String(pair.drop { $0 != "=" }.dropFirst())
                )
            }
            func send(
                _ query: Fields, _ what: String, body: [UInt8] = Array("x".utf8),
                headers: Fields = []
            ) throws -> Wire.Answer {
                let target =
                    "/bucket/presigned?"
                    + query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
                let head = SignedRequest.head(
                    "PUT", target,
                    [("Host", "127.0.0.1"), ("Content-Length", "\(body.count)")] + headers)
                return try stage.attempt(head + body, method: "PUT", what)
            }
            for index in pairs.indices {
                let name = pairs[index].name
                var without = pairs
                without.remove(at: index)
                let values = [
                    "", "x", "%", "%FF", "%00", pairs[index].value + "0",
                    String(pairs[index].value.dropLast()), "0", "-1", "604801",
                    "99999999999999999999", "%2F%2F%2F%2F%2F",
                ]
                var variants = [
                    ("without", without), ("with a second, wrong", pairs + [(name, "x")]),
                    ("with a first, wrong", [(name, "x")] + pairs),
                ]
                for value in values {
                    var changed = pairs
                    changed[index].value = value
                    variants.append(("with \(value) for", changed))
                }
                var small = pairs
                small[index].name = small[index].name.lowercased()
                variants.append(("in lower case", small))
                for (what, query) in variants {
                    let answer = try send(query, "\(what) \(name)")
                    #expect(
                        answer.status == 400 || answer.status == 403,
                        "\(what) \(name): \(answer.text)")
                }
            }
            for (time, expires) in [(-301, 300), (-2, 1), (1_000, 300)] as [(Int64, Int)] {
                var request = request
                request.time += time
                let target = "/bucket/presigned?" + request.presignedQuery(expires: expires)
                let head = SignedRequest.head(
                    "PUT", target, [("Host", "127.0.0.1"), ("Content-Length", "0")])
                #expect(try stage.attempt(head, method: "PUT", "\(time)").code == "AccessDenied")
            }
            // What a header says of the body is held to.
            let wrong = String(repeating: "0", count: 64)
            for (sum, code) in [
                (wrong, "XAmzContentSHA256Mismatch"),
                ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "InvalidArgument"),
                ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", "MissingContentLength"),
                ("x", "InvalidArgument"),
            ] {
                #expect(try send(pairs, sum, headers: [("x-amz-content-sha256", sum)]).code == code)
            }
            let both = stage.get()
            let double = SignedRequest.head(
                "GET", "/bucket/sentinel?" + both.presignedQuery(), both.fields())
            #expect(try stage.attempt(double, method: "GET", "both").code == "InvalidArgument")
            #expect(try send(pairs.reversed(), "the other way round").status == 200)
            stage.acknowledge("presigned", Array("x".utf8))
            try stage.checkAll("presigned")
        }
        try await stage.stop()
    }

    /// Any byte of the header changed: 4xx, unless the change is one that means nothing.
    @Test(arguments: FuzzSeeds.all) func anyChangeOfTheHeader(seed: UInt64) async throws {
        let stage = try await HostileStage()
        try await onThread {
            var random = SeededRandom(seed: seed)
            let request = SignedRequest("DELETE", "/bucket/sentinel", time: HostileStage.now)
            let fields = request.fields()
            let good = Array((fields.first { $0.name == "Authorization" }?.value ?? "").utf8)
            for _ in 0..<120 {
                var header = good
                let place = Int.random(in: header.indices, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: header[place] = UInt8.random(in: 0x21...0x7E, using: &random)
                case 1: header.remove(at: place)
                default: header.swapAt(place, Int.random(in: header.indices, using: &random))
                }
                guard header != good else { continue }
                let text = String(decoding: header, as: UTF8.self)
                // A space more or less between the fields means nothing.
                guard
                    text.filter({ $0 != " " })
                        != String(decoding: good, as: UTF8.self).filter({ $0 != " " })
                else { continue }
                let bytes = request.bytes(fields: Self.replacing(fields, "authorization", text))
                let answer = try stage.attempt(bytes, method: "DELETE", "seed \(seed): \(text)")
                #expect(answer.status == 400 || answer.status == 403, "seed \(seed): \(text)")
            }
            try stage.checkAll("seed \(seed)")
        }
        try await stage.stop()
    }
}

extension StringProtocol {
    fileprivate func components(_ separator: String) -> [String] {
        split(separator: separator, omittingEmptySubsequences: false).map { String($0) }
    }
}
