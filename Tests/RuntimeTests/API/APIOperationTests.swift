import Signing
import Testing

@testable import Runtime

/// What each operation takes at most, and what the invocations answer.
struct APIOperationTests {
    private static let invoke = "/2015-03-31/functions/f/invocations"
    private static let stream = "/2021-11-15/functions/f/response-streaming-invocations"
    private static let asynchronous = "/2014-11-13/functions/f/invoke-async"

    /// A refusal needs the head alone.
    @Test(
        arguments: [
            (
                invoke, nil, 6_291_457, "RequestTooLargeException",
                "Request must be smaller than 6291456 bytes for the InvokeFunction operation"
            ),
            (
                invoke, "Event", 1_048_577, "RequestEntityTooLargeException",
                "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
            ),
            (
                stream, nil, 6_291_457, "RequestTooLargeException",
                "Request must be smaller than 6291456 bytes for the InvokeWithResponseStream operation"
            ),
            (
                asynchronous, nil, 262_145, "RequestEntityTooLargeException",
                "262145 byte payload is too large for the Event invocation type (limit 262144 bytes)"
            ),
        ] as [(String, String?, Int, String, String)])
    func whatIsTooLargeIsRefused(
        path: String, type: String?, size: Int, code: String, message: String
    ) async throws {
        let stage = try await APIStage()
        var call = SignedCall(path: path)
        if let type { call.headers = [("x-amz-invocation-type", type)] }
        let client = try stage.client()
        await client.send(call.head(length: size))
        let answer = try #require(await client.answer())
        #expect(answer.status == 413 && answer.code == code && answer.message == message)
        #expect(stage.isUntouched)
        try await stage.stop()
    }

    /// The same when it is found on the way.
    @Test func whatGrowsTooLargeIsRefused() async throws {
        let stage = try await APIStage()
        let client = try stage.client()
        var call = SignedCall(path: Self.asynchronous)
        call.unsigned = [("transfer-encoding", "chunked")]
        let head = call.head.replacing("content-length: 0\r\n", with: "")
        let chunk = String(repeating: "1", count: 64 << 10)
        await client.send(head)
        for _ in 0..<5 { await client.send("10000\r\n\(chunk)\r\n") }
        let answer = try #require(await client.answer())
        #expect(answer.status == 413 && answer.code == "RequestEntityTooLargeException")
        #expect(stage.isUntouched && stage.listener.connections.bufferedBytes == 0)
        try await stage.stop()
    }

    @Test(arguments: [invoke, stream, asynchronous])
    func theLargestIsTaken(path: String) async throws {
        let stage = try await APIStage()
        let size = path == Self.asynchronous ? 262_144 : 6_291_456
        let body = [UInt8](repeating: 0x20, count: size - 1) + Array("1".utf8)
        let answer = try await stage.exchange(SignedCall(path: path, body: body))
        #expect(answer.status == (path == Self.asynchronous ? 202 : 200))
        try await stage.stop()
    }

    @Test(arguments: [
        ("CreateFunction", BodyLimit.package, 70_167_211),
        ("UpdateFunctionCode", .package, 70_167_211),
        ("UpdateFunctionConfiguration", .configuration, 5_120),
        ("PublishVersion", .document, 1_048_576),
    ])
    func everyOperationIsNamed(operation: String, limit: BodyLimit, bytes: Int) {
        let refusal = limit.refusal(operation, isEvent: false, size: bytes + 1)
        #expect(limit.bytes(isEvent: false) == bytes && refusal.kind == .requestEntityTooLarge)
        #expect(
            refusal.message
                == "Request must be smaller than \(bytes) bytes for the \(operation) operation")
    }

    @Test func aStreamedDryRunRunsNothing() async throws {
        let stage = try await APIStage()
        var call = SignedCall(path: Self.stream)
        call.headers = [("x-amz-invocation-type", "DryRun")]
        let answer = try await stage.exchange(call)
        #expect(answer.status == 204 && answer.headers["x-amzn-requestid"] == "r")
        #expect(stage.service.requests.withLock { $0.map(\.type) } == [.dryRun])
        try await stage.stop()
    }

    @Test func aStreamTakesNoEvents() async throws {
        let stage = try await APIStage()
        var call = SignedCall(path: Self.stream)
        call.headers = [("x-amz-invocation-type", "Event")]
        let answer = try await stage.exchange(call)
        #expect(answer.status == 400 && answer.code == "ValidationException")
        #expect(answer.message?.contains("enum value set: [RequestResponse, DryRun]") == true)
        #expect(stage.isUntouched)
        try await stage.stop()
    }

    /// The version that is told is the one that runs: the same draw decides both.
    @Test func aStreamTellsTheVersionThatRuns() async throws {
        let stage = try await APIStage()
        let answer = try await stage.exchange(SignedCall(path: Self.stream))
        #expect(answer.status == 200 && answer.headers["x-amz-executed-version"] == "7")
        let requests = stage.service.requests.withLock { $0 }
        #expect(requests.map(\.type) == [.dryRun, .requestResponse])
        #expect(requests[0].choice != nil && requests[0].choice == requests[1].choice)
        try await stage.stop()
    }

    @Test func aDryRunTellsNoVersion() async throws {
        let stage = try await APIStage()
        var call = SignedCall()
        call.headers = [("x-amz-invocation-type", "DryRun")]
        let answer = try await stage.exchange(call)
        #expect(answer.status == 204 && answer.headers["x-amz-executed-version"] == nil)
        try await stage.stop()
    }

    @Test func theRuntimeIsInTheFunctionsRegion() {
        let snapshot = FunctionRecord.Snapshot(
            runtime: "python3.12", role: "r", handler: "h", logGroup: "g", codeSHA256: "s",
            codeSize: 1, codeDirectory: nil, modifiedAt: 0, revisionID: "i")
        let document = FunctionRegistry.document(
            snapshot, "f", "arn:aws:lambda:eu-west-1:000000000000:function:f")
        let arn = document.RuntimeVersionConfig.RuntimeVersionArn
        #expect(arn.hasPrefix("arn:aws:lambda:eu-west-1::runtime:") && arn.count == 98)
    }
}
