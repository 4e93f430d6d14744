import Signing
import Testing

@testable import Runtime

/// Requests whose signature is another's, of another time, or not of what was sent: refused in Lambda's words, and never run.
struct APISignatureTests {
    private static let mismatch =
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

    private func expectRefused(
        _ call: SignedCall, _ code: String, _ message: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let stage = try await APIStage()
        let answer = try await stage.exchange(call)
        #expect(answer.status == 403, sourceLocation: sourceLocation)
        #expect(answer.code == code, sourceLocation: sourceLocation)
        #expect(answer.message == message, sourceLocation: sourceLocation)
        #expect(stage.isUntouched, sourceLocation: sourceLocation)
        try await stage.stop()
    }

    @Test(arguments: [false, true])
    func aGoodSignatureIsLetIn(namesPayload: Bool) async throws {
        let stage = try await APIStage()
        var call = SignedCall(query: "Qualifier=%24LATEST", body: Array("[1]".utf8))
        call.namesPayload = namesPayload
        call.headers = [("x-amz-invocation-type", "Event")]
        #expect(try await stage.exchange(call).status == 202)
        let request = try #require(stage.service.requests.withLock { $0 }.first)
        #expect(request.type == .event && request.qualifier == "$LATEST")
        try await stage.stop()
    }

    @Test(arguments: [-300, 300])
    func fiveMinutesAreAllowed(seconds: Int64) async throws {
        let stage = try await APIStage()
        #expect(try await stage.exchange(SignedCall(time: APIStage.now + seconds)).status == 200)
        try await stage.stop()
    }

    @Test func anOldRequestHasExpired() async throws {
        try await expectRefused(
            SignedCall(time: APIStage.now - 301), "InvalidSignatureException",
            "Signature expired: 20261125T135459Z is now earlier than 20261125T135500Z (20261125T140000Z - 5 min.)"
        )
    }

    @Test func aRequestOfTheFutureIsNotYetCurrent() async throws {
        try await expectRefused(
            SignedCall(time: APIStage.now + 301), "InvalidSignatureException",
            "Signature not yet current: 20261125T140501Z is still later than 20261125T140500Z (20261125T140000Z + 5 min.)"
        )
    }

    @Test func anUnsignedRequestIsRefused() async throws {
        let stage = try await APIStage()
        let answer = try await stage.client().exchange(
            Array(
                "POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"
                    .utf8))
        #expect(answer.status == 403 && answer.code == "MissingAuthenticationTokenException")
        #expect(answer.message == "Missing Authentication Token")
        #expect(stage.isUntouched)
        try await stage.stop()
    }

    @Test func aWrongSecretIsRefused() async throws {
        var call = SignedCall()
        call.credentials = Credentials(accessKeyID: "KEYOFTHETEST", secretAccessKey: "other")
        try await expectRefused(call, "InvalidSignatureException", Self.mismatch)
    }

    @Test func anUnknownKeyIsRefused() async throws {
        var call = SignedCall()
        call.credentials = Credentials(accessKeyID: "KEYOFNOBODY", secretAccessKey: "secret")
        try await expectRefused(
            call, "UnrecognizedClientException",
            "The security token included in the request is invalid.")
    }

    @Test(arguments: [false, true])
    func anotherBodyIsRefused(namesPayload: Bool) async throws {
        var call = SignedCall(body: Array("[1]".utf8), sentBody: Array("[2]".utf8))
        call.namesPayload = namesPayload
        try await expectRefused(call, "InvalidSignatureException", Self.mismatch)
    }

    @Test func anotherQueryIsRefused() async throws {
        try await expectRefused(
            SignedCall(query: "Qualifier=1", sentQuery: "Qualifier=2"),
            "InvalidSignatureException", Self.mismatch)
        try await expectRefused(
            SignedCall(sentQuery: "Qualifier=2"), "InvalidSignatureException", Self.mismatch)
    }

    @Test func anotherScopeIsRefused() async throws {
        try await expectRefused(
            SignedCall(region: "us-east-1"), "InvalidSignatureException",
            "Credential should be scoped to a valid region. ")
        try await expectRefused(
            SignedCall(service: "s3"), "InvalidSignatureException",
            "Credential should be scoped to correct service: 'lambda'. ")
    }

    @Test(arguments: ["UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "x"])
    func aBodyMustBeSigned(word: String) async throws {
        try await expectRefused(
            SignedCall(headers: [("x-amz-content-sha256", word)]), "InvalidSignatureException",
            Self.mismatch)
    }

    @Test(arguments: [
        "X-Amz-Invocation-Type", "x-amz-client-context", "X-AMZ-LOG-TYPE", "x-amz-tenant-id",
    ])
    func aHeaderThatChangesWhatIsAskedMustBeSigned(name: String) async throws {
        try await expectRefused(
            SignedCall(unsigned: [(name, "DryRun")]), "InvalidSignatureException",
            "'\(name)' must be a 'SignedHeader' in the AWS Authorization.")
    }

    /// Proxies and AWS's own clients add this after signing.
    @Test func aTraceHeaderNeedNotBeSigned() async throws {
        let stage = try await APIStage()
        let call = SignedCall(unsigned: [
            ("x-amzn-trace-id", "Root=1-5759e988-bd862e3fe1be46a994272793")
        ])
        #expect(try await stage.exchange(call).status == 200)
        try await stage.stop()
    }

    @Test(arguments: [
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host",
            "Authorization header requires 'Signature' parameter. Authorization=AWS4-HMAC-SHA256"
        ),
        ("Basic YTpi", "Authorization header requires 'AWS4-HMAC-SHA256'."),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c, SignedHeaders=host, Signature=0",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256"
        ),
    ])
    func aMalformedHeaderIsRefused(header: String, message: String) async throws {
        let stage = try await APIStage()
        let answer = try await stage.client().exchange(
            Array(
                "POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nhost: x\r\nauthorization: \(header)\r\ncontent-length: 0\r\n\r\n"
                    .utf8))
        #expect(answer.status == 403 && answer.code == "IncompleteSignatureException")
        #expect(answer.message == message)
        #expect(stage.isUntouched)
        try await stage.stop()
    }
}
