import NIOCore
import TestSupport
import Testing

@testable import LocalS3

/// Clients that send slowly, take nothing, or only connect: they are given up in the end, and others are served all the time.
@Suite(.serialized) struct SlowClientTests {
    private static let short = ConnectionTimes(
        idle: .seconds(1), head: .seconds(1), linger: .seconds(1))

    @Test func aByteAtATime() async throws {
        let stage = try await HostileStage()
        try await onThread {
            let wire = try Wire(port: stage.server.port)
            let put = SignedRequest(
                "PUT", "/bucket/slow", body: Array("slow".utf8), time: HostileStage.now)
            for (number, byte) in put.bytes().enumerated() {
                wire.send([byte])
                guard number % 8 == 0 else { continue }
                #expect(try stage.send(stage.get()).body == HostileStage.sentinel)
            }
            #expect(try wire.answer()?.status == 200)
            stage.acknowledge("slow", put.body)
            try stage.checkAll("a byte at a time")
        }
        try await stage.stop()
    }

    /// What comes before the end of sending is answered after it, also when the disk is waited for.
    @Test(arguments: [false, true]) func theEndOfSendingIsNotTheEndOfWaiting(isDurable: Bool)
        async throws
    {
        let stage = try await HostileStage(durable: isDurable)
        try await onThread {
            for request in [
                SignedRequest("PUT", "/bucket/half", body: [1], time: HostileStage.now),
                stage.get(), SignedRequest("DELETE", "/bucket/half", time: HostileStage.now),
            ] {
                let wire = try Wire(port: stage.server.port)
                wire.send(request.bytes())
                wire.endSending()
                let answer = try #require(try wire.answer(to: request.method))
                #expect((200..<300).contains(answer.status))
                #expect(try wire.isAtEnd())
            }
            let cut = try Wire(port: stage.server.port)
            cut.send(
                SignedRequest("PUT", "/bucket/cut", body: [1, 2], time: HostileStage.now).bytes()
                    .dropLast())
            cut.endSending()
            #expect(try cut.answer()?.code == "IncompleteBody")
            #expect(try cut.isAtEnd())
            try stage.checkAll("half-closed")
        }
        try await stage.stop()
    }

    @Test func whoTakesNoBytesIsGivenUp() async throws {
        // Long enough that a busy machine sends what is large.
        let times = ConnectionTimes(idle: .seconds(3))
        let stage = try await HostileStage(times: times) { $0.objectBytesMaximum = 64 << 20 }
        try await onThread {
            var large = SignedRequest("PUT", "/bucket/large", time: HostileStage.now)
            large.body = Array(repeating: 3, count: 16 << 20)
            #expect(try stage.send(large).status == 200)
            let wires = try (0..<5).map { _ in
                let wire = try Wire(port: stage.server.port, receiveBuffer: 4 << 10)
                wire.send(stage.get("/bucket/large").bytes())
                return wire
            }
            // Others are served until the five are gone.
            repeat {
                #expect(try stage.send(stage.get()).body == HostileStage.sentinel)
            } while stage.server.connectionCount > 1
            for wire in wires {
                #expect(throws: Wire.Failure.cut) { _ = try wire.answer() }
            }
            #expect(try stage.send(stage.get("/bucket/large")).body == large.body)
            stage.acknowledge("large", large.body)
            try stage.checkAll("not reading")
        }
        try await stage.stop()
    }

    /// A download may take longer than the idle time, as long as some of it is taken.
    @Test func whoTakesBytesSlowlyIsServed() async throws {
        let times = ConnectionTimes(idle: .seconds(3))
        let stage = try await HostileStage(times: times) { $0.objectBytesMaximum = 64 << 20 }
        try await onThread {
            var large = SignedRequest("PUT", "/bucket/large", time: HostileStage.now)
            large.body = Array(repeating: 3, count: 64 << 20)
            #expect(try stage.send(large).status == 200)
            let wire = try Wire(port: stage.server.port, receiveBuffer: 64 << 10)
            wire.send(stage.get("/bucket/large").bytes())
            let started = ContinuousClock.now
            // 1 MiB in a small part of the idle time, and the whole in more than all of it.
            let answer = try wire.answer(pausing: 6_000)
            #expect(answer?.body == large.body)
            #expect(ContinuousClock.now - started > .seconds(3))
            stage.acknowledge("large", large.body)
            try stage.checkAll("slow reader")
        }
        try await stage.stop()
    }

    @Test func headsWithoutEndAreCut() async throws {
        let stage = try await HostileStage(times: Self.short)
        try await onThread {
            for start in ["GET /", "GET / HTTP/1.1\r\na", "GET / HTTP/1.1\r\na: b"] {
                let wire = try Wire(port: stage.server.port)
                wire.send(start)
                wire.trickle(Array("a".utf8))
                #expect(try wire.answer()?.code == "RequestTimeout", "\(start)")
                #expect(try wire.isAtEnd(), "\(start)")
            }
            // The same after an answered request.
            let wire = try Wire(port: stage.server.port)
            wire.send(stage.get().bytes())
            #expect(try wire.answer()?.body == HostileStage.sentinel)
            wire.send("GET /")
            wire.trickle(Array("a".utf8))
            #expect(try wire.answer()?.code == "RequestTimeout")
            try stage.checkAll("slow heads")
        }
        try await stage.stop()
    }

    @Test func bodiesThatStopAreTimedOut() async throws {
        let stage = try await HostileStage(times: Self.short)
        try await onThread {
            let put = SignedRequest(
                "PUT", "/bucket/stalled", body: Array("stalled".utf8), time: HostileStage.now)
            let wire = try Wire(port: stage.server.port)
            wire.send(put.bytes().dropLast())
            #expect(try wire.answer()?.code == "RequestTimeout")
            #expect(try wire.isAtEnd())
            let silent = try Wire(port: stage.server.port)
            #expect(try silent.isAtEnd())
            try stage.checkAll("stalled")
        }
        try await stage.stop()
    }

    /// Who was refused may send the rest of the body, but not for ever.
    @Test func refusedBodiesEnd() async throws {
        let stage = try await HostileStage(times: Self.short)
        try await onThread {
            for length in [100_000, 100_000_000] {
                let wire = try Wire(port: stage.server.port)
                wire.send(
                    "PUT /bucket/refused HTTP/1.1\r\nHost: x\r\nContent-Length: \(length)\r\n\r\n")
                wire.trickle([65])
                #expect(try wire.answer()?.code == "AccessDenied")
                // It goes on after its answer until it is cut off.
                while wire.send(Array(repeating: 65, count: 1_000)) {}
            }
            try stage.checkAll("refused")
        }
        try await stage.stop()
    }

    @Test func whoConnectsAndSaysNothingKeepsNobodyOut() async throws {
        let stage = try await HostileStage { $0.connectionsMaximum = 8 }
        try await onThread {
            let put = SignedRequest(
                "PUT", "/bucket/busy", body: Array("busy".utf8), time: HostileStage.now)
            let busy = try Wire(port: stage.server.port)
            busy.send(put.bytes().dropLast())
            #expect(try stage.send(stage.get()).body == HostileStage.sentinel)
            var silent: [Wire] = []
            for number in 0..<40 {
                let wire = try Wire(port: stage.server.port)
                if number % 2 == 0 { wire.send("GET / HT") }
                silent.append(wire)
                #expect(try stage.send(stage.get()).body == HostileStage.sentinel)
                #expect(stage.server.connectionCount <= 8)
            }
            #expect(try silent[1].isAtEnd())
            // A request under way is not among those that make room.
            busy.send(put.bytes().suffix(1))
            #expect(try busy.answer()?.status == 200)
            stage.acknowledge("busy", put.body)
            try stage.checkAll("silent")
        }
        try await stage.stop()
    }

    @Test func moreThanCanBeServedAreClosed() async throws {
        let stage = try await HostileStage { $0.connectionsMaximum = 4 }
        try await onThread {
            let put = SignedRequest(
                "PUT", "/bucket/busy", body: Array("busy".utf8), time: HostileStage.now)
            // Each waits for the server's word before its body, so it is known to be under way.
            let busy = try (0..<4).map { _ in
                let wire = try Wire(port: stage.server.port)
                wire.send(
                    put.bytes(fields: put.fields() + [("Expect", "100-continue")]).dropLast(4))
                #expect(try wire.interimStatus() == 100)
                return wire
            }
            let late = try Wire(port: stage.server.port)
            late.send(stage.get().bytes())
            #expect(try late.isAtEnd())
            for wire in busy {
                wire.send(put.body)
                #expect(try wire.answer()?.status == 200)
            }
            stage.acknowledge("busy", put.body)
            try stage.checkAll("full")
        }
        try await stage.stop()
    }
}
