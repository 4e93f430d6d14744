import Glibc
import Signing
import TestSupport
import Testing
import Transport

@testable import S3

/// What the client does about answers that are not what was asked for, over real sockets.
@Suite(.serialized) struct RecoveryTests {
    private let object = ObjectAddress(bucket: "bucket", key: "k")

    private static func error(
        _ status: Int, _ code: String, _ more: String = "", _ headers: [(String, String)] = []
    ) -> ScriptedServer.Answer {
        .respond(
            status, headers,
            Array("<Error><Code>\(code)</Code><Message>words</Message>\(more)</Error>".utf8))
    }

    private static let written = ScriptedServer.Answer.respond(200, [("ETag", "\"e\"")], [])

    @Test func unavailableThenGood() async throws {
        let server = try ScriptedServer { number, _ in
            number < 2 ? Self.error(503, "SlowDown") : Self.written
        }
        let meter = UsageMeter()
        let client = TestClients.client(server.authority, meter: meter)
        let result = try await client.putObject(object, body: [1, 2, 3])
        #expect(result.eTag == ETag("e"))
        #expect(server.requests.count == 3)
        #expect(server.requests.allSatisfy { $0.body == [1, 2, 3] })
        let line = try #require(meter.lines.first)
        #expect(line.connection == "test")
        #expect(line.requestClass == .put)
        #expect(line.requests == 3)
        #expect(line.bytesOut == 9)
        #expect(client.concurrencyLimit < ConcurrencyGate.limitMaximum)
    }

    @Test func attemptsAreCountedInTheError() async throws {
        let server = try ScriptedServer { _, _ in
            Self.error(500, "InternalError", "<RequestId>R7</RequestId>")
        }
        let client = TestClients.client(server.authority, attempts: 3)
        let error = await failure { () throws(S3Error) in
            try await client.putObject(object, body: [])
        }
        #expect(error?.kind == .unavailable)
        #expect(error?.attempts == 3)
        #expect(error?.status == 500)
        #expect(error?.code == "InternalError")
        #expect(error?.message == "words")
        #expect(error?.requestID == "R7")
        #expect(error?.operation == "PutObject")
        #expect(error?.key == "k")
        #expect(server.requests.count == 3)
    }

    @Test func refusalsAreNotRepeated() async throws {
        let server = try ScriptedServer { _, _ in Self.error(403, "AccessDenied") }
        let client = TestClients.client(server.authority)
        let error = await failure { () throws(S3Error) in try await client.deleteObject(object) }
        #expect(error?.kind == .accessDenied)
        #expect(server.requests.count == 1)
    }

    @Test func resetsAndTruncationAreSurvived() async throws {
        let server = try ScriptedServer { number, _ in
            switch number {
            case 0: .reset
            case 1:
                .raw(Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nETag: \"e\"\r\n\r\nhel".utf8))
            default: .respond(200, [("ETag", "\"e\"")], Array("hello".utf8))
            }
        }
        let client = TestClients.client(server.authority)
        let (head, body) = try await client.getObject(object, limitBytes: 100)
        #expect(body == Array("hello".utf8))
        #expect(head.size == 5)
        #expect(server.requests.count == 3)
    }

    @Test func anErrorInAnAnswerOfSuccessIsAnError() async throws {
        let server = try ScriptedServer { number, _ in
            number == 0
                ? .respond(
                    200, [],
                    Array(
                        "  \n\n<?xml version=\"1.0\"?><Error><Code>InternalError</Code></Error>"
                            .utf8))
                : .respond(
                    200, [], Array("<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>".utf8))
        }
        let client = TestClients.client(server.authority)
        let result = try await client.copyObject(
            from: object, to: object, ifMatch: ETag("x"), replace: nil)
        #expect(result.eTag == ETag("e"))
        #expect(server.requests.count == 2)
        #expect(server.requests[1].header("x-amz-copy-source") == "/bucket/k")
        #expect(server.requests[1].header("x-amz-copy-source-if-match") == "\"x\"")
    }

    @Test func aFinalErrorInAnAnswerOfSuccessIsTold() async throws {
        let server = try ScriptedServer { _, _ in Self.error(200, "AccessDenied") }
        let client = TestClients.client(server.authority)
        let error = await failure { () throws(S3Error) in
            try await client.copyObject(from: object, to: object, ifMatch: nil, replace: nil)
        }
        #expect(error?.kind == .accessDenied)
        #expect(error?.status == 200)
    }

    @Test(
        arguments: [
            (400, "AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>", nil),
            (301, "PermanentRedirect", "", "eu-west-1"),
            (400, "IllegalLocationConstraintException", "", "eu-west-1"),
        ] as [(Int, String, String, String?)])
    func theRegionIsLearnt(status: Int, code: String, more: String, header: String?) async throws {
        let server = try ScriptedServer { number, _ in
            number == 0
                ? Self.error(
                    status, code, more, header.map { [("x-amz-bucket-region", $0)] } ?? [])
                : Self.written
        }
        let client = TestClients.client(server.authority)
        _ = try await client.putObject(object, body: [])
        _ = try await client.putObject(object, body: [])
        let scopes = server.requests.map { $0.header("authorization") ?? "" }
        #expect(scopes.count == 3)
        #expect(scopes[0].contains("/us-east-1/s3/aws4_request"))
        #expect(scopes[1].contains("/eu-west-1/s3/aws4_request"))
        #expect(scopes[2].contains("/eu-west-1/s3/aws4_request"))
        // Another bucket may be elsewhere.
        _ = try await client.putObject(ObjectAddress(bucket: "other", key: "k"), body: [])
        #expect(server.requests[3].header("authorization")!.contains("/us-east-1/"))
    }

    @Test func headLearnsTheRegionFromItsHeaderAlone() async throws {
        let server = try ScriptedServer { number, _ in
            number == 0
                ? .respond(400, [("x-amz-bucket-region", "eu-west-1")], [])
                : .respond(200, [("ETag", "e"), ("Content-Length", "0")], [])
        }
        let client = TestClients.client(server.authority)
        _ = try await client.headObject(object)
        #expect(server.requests[1].header("authorization")!.contains("/eu-west-1/"))
    }

    @Test func aRegionThatDoesNotHelpIsTriedOnce() async throws {
        let server = try ScriptedServer { number, _ in
            Self.error(
                400, "AuthorizationHeaderMalformed",
                "<Region>r-\(number)-1</Region>")
        }
        let client = TestClients.client(server.authority)
        let error = await failure { () throws(S3Error) in
            try await client.putObject(object, body: [])
        }
        #expect(error?.kind == .badCredentials)
        #expect(server.requests.count == 2)
    }

    @Test(arguments: [301, 307, 302])
    func noOtherHostGetsCredentials(status: Int) async throws {
        let stranger = try ScriptedServer { _, _ in Self.written }
        let server = try ScriptedServer { _, _ in
            Self.error(
                status, "TemporaryRedirect", "<Endpoint>\(stranger.authority)</Endpoint>",
                [("Location", "http://\(stranger.authority)/bucket/k")])
        }
        let client = TestClients.client(server.authority)
        let error = await failure { () throws(S3Error) in
            try await client.putObject(object, body: [1])
        }
        #expect(error?.kind == .invalidRequest)
        #expect(error?.message.contains(stranger.authority) == true)
        #expect(stranger.requests.isEmpty)
        #expect(server.requests.count == 1)
    }

    @Test func clockSkewIsLearntAndKept() async throws {
        let server = try ScriptedServer { number, request in
            let date = request.header("x-amz-date") ?? ""
            return date.hasPrefix("2030")
                ? Self.written
                : Self.error(
                    403, "RequestTimeTooSkewed", "",
                    [("Date", "Tue, 01 Jan 2030 00:00:00 GMT")])
        }
        let client = TestClients.client(server.authority)
        _ = try await client.putObject(object, body: [])
        #expect(server.requests.count == 2)
        _ = try await client.putObject(object, body: [])
        #expect(server.requests.count == 3)
    }

    /// A store may say the time only in its refusal's document.
    @Test func clockSkewIsLearntFromTheDocument() async throws {
        let server = try ScriptedServer { _, request in
            let date = request.header("x-amz-date") ?? ""
            let refusal =
                "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2030-01-01T00:00:00Z</ServerTime>"
                + "</Error>"
            return date.hasPrefix("2030")
                ? Self.written : .respond(403, [], Array(refusal.utf8))
        }
        let client = TestClients.client(server.authority)
        _ = try await client.putObject(object, body: [])
        #expect(server.requests.count == 2)
    }

    @Test func clocksThatAgreeAreNoReasonToTryAgain() async throws {
        let server = try ScriptedServer { _, _ in
            let now = Timestamps.httpDate(Timestamps.nowMilliseconds() / 1000)
            return Self.error(403, "SignatureDoesNotMatch", "", [("Date", now)])
        }
        let client = TestClients.client(server.authority)
        let error = await failure { () throws(S3Error) in
            try await client.putObject(object, body: [])
        }
        #expect(error?.kind == .badCredentials)
        #expect(server.requests.count == 1)
    }

    @Test func aHeadOfAMissingBucketIsNoMissingObject() async throws {
        let server = try ScriptedServer { _, request in
            request.path == "/gone" || request.path.hasPrefix("/gone/")
                ? .respond(404, [], [])
                : .respond(request.path == "/bucket" ? 200 : 404, [], [])
        }
        let client = TestClients.client(server.authority)
        let missing = await failure { () throws(S3Error) in try await client.headObject(object) }
        #expect(missing?.kind == .noSuchKey)
        let again = await failure { () throws(S3Error) in try await client.headObject(object) }
        #expect(again?.kind == .noSuchKey)
        #expect(server.requests.map(\.path) == ["/bucket/k", "/bucket", "/bucket/k"])
        let gone = await failure { () throws(S3Error) in
            try await client.headObject(ObjectAddress(bucket: "gone", key: "k"))
        }
        #expect(gone?.kind == .noSuchBucket)
    }

    @Test func anUnreachableEndpointIsToldSoon() async throws {
        let dead = try LoopbackSocket.deadPort()
        defer { close(dead.descriptor) }
        let error = await failure { () throws(S3Error) in
            try await TestClients.client("127.0.0.1:\(dead.port)").headBucket("bucket")
        }
        #expect(error?.kind == .unreachable || error?.kind == .interrupted)
    }

    @Test func cancellationEndsTheRetries() async throws {
        let server = try ScriptedServer { _, _ in
            Self.error(503, "SlowDown", "", [("Retry-After", "30")])
        }
        let client = TestClients.client(server.authority)
        let task = Task { () -> S3Error? in
            await failure { () throws(S3Error) in try await client.headBucket("bucket") }
        }
        while server.requests.isEmpty { await Task.yield() }
        task.cancel()
        #expect(await task.value?.kind == .cancelled)
        #expect(client.state.gate.inside == 0)
    }

    @Test func keysTravelByteForByte() async throws {
        let server = try ScriptedServer { _, _ in Self.written }
        let client = TestClients.client(server.authority)
        for key in ["a//b", "/lead", "../up", "a/./b", "a b+%?#", "\u{1}\n\r", "\u{FC}"] {
            _ = try await client.putObject(
                ObjectAddress(bucket: "bucket", key: ObjectKey(key)), body: [])
        }
        #expect(
            server.requests.map(\.target) == [
                "/bucket/a//b", "/bucket//lead", "/bucket/../up", "/bucket/a/./b",
                "/bucket/a%20b%2B%25%3F%23", "/bucket/%01%0A%0D", "/bucket/%C3%BC",
            ])
    }

    @Test func virtualStylePutsTheBucketInTheHost() async throws {
        var connection = TestClients.connection("s3.example.com")
        connection.style = .virtual
        let client = S3Client(connection, transport: HTTPTransport())
        let url = try await client.presignedURL(method: "GET", object, expires: 60)
        #expect(url.hasPrefix("http://bucket.s3.example.com/k?"))
        #expect(url.contains("X-Amz-Signature="))
        let tooLong = await failure { () throws(S3Error) in
            try await client.presignedURL(method: "GET", object, expires: 604_801)
        }
        #expect(tooLong?.kind == .invalidRequest)
    }
}
