import Foundation
import Lambda
import Testing
import Transport

@testable import Runtime

/// A response is given to the caller when it comes; the invocation lasts until the runtime asks for the next event.
@Suite struct EarlyAnswerTests {
    /// Answers, waits for a file in the folder that the event names, and goes on as the event says.
    private static let lingering = EnvironmentBench.bootstrap(
        """
        def handle(id, headers, body):
            event = json.loads(body)
            respond(id, json.dumps("done"))
            while not os.path.exists(event["until"]): time.sleep(0.005)
            print("after", flush=True)
            if event.get("then") == "exit": os._exit(3)
        """)

    private func event(
        _ bench: EnvironmentBench, then: String = "", timeoutSeconds: Int = 60,
        _ final: Locked<InvocationAnswer?>, _ signal: Signal
    ) throws -> (InvocationEvent, gate: URL) {
        let gate = bench.folder.appending(path: UUID().uuidString)
        let document = try JSONEncoder().encode(["until": gate.path, "then": then])
        var event = EnvironmentBench.event(
            String(decoding: document, as: UTF8.self), id: "one", timeoutSeconds: timeoutSeconds)
        event.afterwards = { answer in
            final.withLock { $0 = answer }
            signal.raise()
        }
        return (event, gate)
    }

    @Test func theCallerNeedNotWaitForTheEnd() async throws {
        try await EnvironmentBench.with(Self.lingering) { bench in
            _ = await bench.environment.initialize()
            let (final, signal) = (Locked<InvocationAnswer?>(nil), Signal())
            let (event, gate) = try event(bench, final, signal)
            let answer = await bench.environment.invoke(event)
            #expect(answer.text == #""done""#)
            #expect(!answer.isFinal)
            // The runtime is held up by the missing file.
            #expect(final.withLock { $0 } == nil)
            try Data().write(to: gate)
            await signal.wait(atMost: .seconds(60))
            let whole = try #require(final.withLock { $0 })
            #expect(whole.isFinal)
            #expect(whole.status == .success)
            #expect(whole.text == #""done""#)
            #expect(whole.duration >= answer.duration)
            #expect((whole.maxMemoryUsedMB ?? 0) > 0)
            #expect(bench.log.lines(of: "one") == ["after"])
        }
    }

    @Test func anEndAfterTheResponseIsTheInvocations() async throws {
        try await EnvironmentBench.with(Self.lingering) { bench in
            _ = await bench.environment.initialize()
            let (final, signal) = (Locked<InvocationAnswer?>(nil), Signal())
            let (event, gate) = try event(bench, then: "exit", final, signal)
            try Data().write(to: gate)
            let answer = await bench.environment.invoke(event)
            #expect(answer.status == .success)
            await signal.wait(atMost: .seconds(60))
            #expect(final.withLock { $0?.status } == .failure)
            #expect(final.withLock { $0?.errorType } == "Runtime.ExitError")
            // And the next begins a process of its own.
            let (again, secondSignal) = (Locked<InvocationAnswer?>(nil), Signal())
            let next = await bench.environment.invoke(
                try self.event(bench, again, secondSignal).0.until(gate))
            #expect(next.text == #""done""#)
            await secondSignal.wait(atMost: .seconds(60))
            #expect(again.withLock { $0?.suppressedInit } != nil)
        }
    }

    @Test func theTimeoutCountsToTheEnd() async throws {
        try await EnvironmentBench.with(Self.lingering) { bench in
            _ = await bench.environment.initialize()
            let (final, signal) = (Locked<InvocationAnswer?>(nil), Signal())
            let answer = await bench.environment.invoke(
                try event(bench, timeoutSeconds: 5, final, signal).0)
            #expect(answer.status == .success)
            await signal.wait(atMost: .seconds(60))
            #expect(final.withLock { $0?.status } == .timeout)
        }
    }

    @Test func whoAsksForTheEndGetsTheEnd() async throws {
        try await EnvironmentBench.with(Self.lingering) { bench in
            _ = await bench.environment.initialize()
            var (event, gate) = try event(bench, Locked(nil), Signal())
            event.afterwards = nil
            try Data().write(to: gate)
            let answer = await bench.environment.invoke(event)
            #expect(answer.isFinal)
            #expect(bench.log.lines(of: "one") == ["after"])
        }
    }
}

extension InvocationEvent {
    /// The same, held up by another file.
    fileprivate func until(_ gate: URL) throws -> InvocationEvent {
        var event = self
        event.payload = Array(try JSONEncoder().encode(["until": gate.path]))
        return event
    }
}
