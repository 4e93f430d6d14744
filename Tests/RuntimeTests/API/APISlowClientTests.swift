import NIOCore
import Testing

@testable import Runtime

/// Clients that stop, go on for ever, or come in numbers: none of them invokes anything, and none keeps others out.
@Suite(.timeLimit(.minutes(1)))
struct APISlowClientTests {
    private func limits(_ change: (inout ConnectionLimits) -> Void) -> ConnectionLimits {
        var limits = ConnectionLimits()
        change(&limits)
        return limits
    }

    @Test func aHeadThatStopsIsCutOff() async throws {
        let stage = try await APIStage(limits { $0.head = .milliseconds(100) })
        let client = try stage.client()
        await client.send("POST /2015-03-31/functions/f/invocations HTTP/1.1\r\nhost: ")
        #expect(await client.ended())
        #expect(stage.isUntouched)
        try await stage.stop()
    }

    @Test func aBodyThatStopsIsAnsweredAndNotRun() async throws {
        let stage = try await APIStage(limits { $0.body = .milliseconds(100) })
        let client = try stage.client()
        let call = SignedCall(body: Array("[1,2]".utf8))
        await client.send(Array(call.bytes.dropLast()))
        let answer = try #require(await client.answer())
        #expect(answer.status == 408 && answer.code == "RequestTimeoutException")
        // The rest is too late.
        await client.send("]")
        client.finishSending()
        #expect(await client.ended())
        #expect(stage.isUntouched)
        #expect(stage.listener.connections.bufferedBytes == 0)
        try await stage.stop()
    }

    @Test(arguments: [0, 1, 4])
    func aRequestThatEndsEarlyIsNotRun(missing: Int) async throws {
        let stage = try await APIStage()
        let client = try stage.client()
        let call = SignedCall(body: Array("[1,2]".utf8))
        await client.send(Array(call.bytes.dropLast(missing + 1)))
        client.finishSending()
        #expect(await client.ended())
        #expect(stage.isUntouched)
        #expect(stage.listener.connections.bufferedBytes == 0)
        try await stage.stop()
    }

    @Test func whoHasNoKeyIsRefusedBeforeTheBody() async throws {
        let stage = try await APIStage()
        let client = try stage.client()
        var call = SignedCall()
        call.credentials = .init(accessKeyID: "KEYOFNOBODY", secretAccessKey: "secret")
        await client.send(call.head(length: 6_000_000))
        let answer = try #require(await client.answer())
        #expect(answer.status == 403 && answer.code == "UnrecognizedClientException")
        try await stage.stop()
    }

    /// With the digest among the headers the signature can be checked before the body.
    @Test func aWrongSignatureIsRefusedBeforeTheBodyWhereItCanBe() async throws {
        let stage = try await APIStage()
        let client = try stage.client()
        var call = SignedCall(namesPayload: true)
        call.credentials = .init(accessKeyID: "KEYOFTHETEST", secretAccessKey: "other")
        await client.send(call.head(length: 6_000_000))
        let answer = try #require(await client.answer())
        #expect(answer.status == 403 && answer.code == "InvalidSignatureException")
        try await stage.stop()
    }

    /// Closing at once would reset the connection, and take the answer with it.
    @Test func aRefusalCanBeReadByAClientThatIsStillSending() async throws {
        let stage = try await APIStage()
        let client = try stage.client()
        var call = SignedCall()
        call.body = [UInt8](repeating: 0x20, count: 8 << 20)
        await client.send(call.bytes)
        let answer = try #require(await client.answer())
        #expect(answer.status == 413 && answer.code == "RequestTooLargeException")
        #expect(
            answer.message
                == "Request must be smaller than 6291456 bytes for the InvokeFunction operation")
        try await stage.stop()
    }

    @Test func connectionsThatSayNothingMakeRoom() async throws {
        let stage = try await APIStage(limits { $0.connections = 2 })
        let idle = try [stage.client(), stage.client()]
        #expect(try await stage.exchange(SignedCall()).status == 200)
        #expect(await idle[0].ended())
        try await stage.stop()
    }

    @Test func whereAllAreBusyTheNextIsRefusedAndItIsSaidOnce() async throws {
        let stage = try await APIStage(limits { $0.connections = 2 })
        let call = SignedCall(body: Array("[1,2]".utf8))
        let busy = try [stage.client(), stage.client()]
        for client in busy {
            // The answer to the one before tells that the connection is known.
            _ = try await client.exchange(call.bytes)
            await client.send(call.head + "[")
        }
        while stage.listener.connections.bufferedBytes < 2 { await Task.yield() }
        var refused = 0
        for _ in 0..<3 {
            let client = try stage.client()
            if let answer = await client.answer() {
                #expect(answer.status == 503 && answer.code == "ServiceUnavailableException")
                refused += 1
            }
        }
        #expect(refused == 3)
        #expect(stage.lines.withLock { $0 }.count == 1)
        for client in busy {
            await client.send("1,2]")
            #expect(try #require(await client.answer()).status == 200)
        }
        #expect(try await stage.exchange(call).status == 200)
        try await stage.stop()
    }

    @Test func whatUnfinishedBodiesHoldIsBounded() async throws {
        let stage = try await APIStage(limits { $0.bufferedBytes = 1_000 })
        let body = [UInt8](repeating: 0x20, count: 700) + Array("1".utf8)
        let call = SignedCall(body: body)
        let (first, second) = try (stage.client(), stage.client())
        await first.send(Array(call.bytes.dropLast()))
        while stage.listener.connections.bufferedBytes == 0 { await Task.yield() }
        await second.send(Array(call.bytes.dropLast()))
        #expect(try #require(await second.answer()).status == 503)
        await first.send("1")
        #expect(try #require(await first.answer()).status == 200)
        // Now there is room.
        #expect(try await stage.exchange(call).status == 200)
        #expect(stage.listener.connections.bufferedBytes == 0)
        try await stage.stop()
    }

    @Test func aConnectionIsUsedAgain() async throws {
        let stage = try await APIStage()
        let client = try stage.client()
        for number in 0..<3 {
            let call = SignedCall(body: Array("\(number)".utf8))
            #expect(try await client.exchange(call.bytes).status == 200)
        }
        // Several at once are answered in turn.
        let calls = (3..<6).map { SignedCall(body: Array("\($0)".utf8)).bytes }
        await client.send(Array(calls.joined()))
        for _ in calls { #expect(try #require(await client.answer()).status == 200) }
        let payloads = stage.service.requests.withLock { $0.map(\.payload) }
        #expect(payloads == (0..<6).map { Array("\($0)".utf8) })
        try await stage.stop()
    }

    /// Its function would be held up by it for ever.
    @Test func aStreamThatIsNotTakenIsGivenUp() async throws {
        let stage = try await APIStage(limits { $0.idle = .milliseconds(200) })
        stage.service.parts.withLock { $0 = 64 }
        let client = try stage.client()
        await client.send(
            SignedCall(path: "/2021-11-15/functions/f/response-streaming-invocations").bytes)
        var ends = stage.service.streamed.stream.makeAsyncIterator()
        #expect(await ends.next() != nil)
        try await stage.stop()
    }

    /// A function may take longer than a client may.
    @Test func whoWaitsForAFunctionIsNotCutOff() async throws {
        let stage = try await APIStage(limits { $0.idle = .milliseconds(50) })
        stage.service.pause.withLock { $0 = .milliseconds(400) }
        #expect(try await stage.exchange(SignedCall()).status == 200)
        try await stage.stop()
    }

    @Test func aRequestMayComeInPieces() async throws {
        let stage = try await APIStage(limits { $0.head = .seconds(20) })
        let call = SignedCall(body: Array("1".utf8))
        let client = try stage.client()
        // In pieces, of which none is a whole part of a request.
        let bytes = call.bytes
        for start in stride(from: 0, to: bytes.count, by: 40) {
            await client.send(Array(bytes[start..<min(start + 40, bytes.count)]))
        }
        #expect(try #require(await client.answer()).status == 200)
        try await stage.stop()
    }
}
