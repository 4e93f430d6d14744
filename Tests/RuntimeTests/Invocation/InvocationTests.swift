import GRDB
import Lambda
import TestSupport
import Testing
import Transport

@testable import Runtime

@Suite struct InvocationTests {
    private func request(
        _ name: String, _ type: InvocationRequest.InvocationType = .requestResponse,
        trace: String? = nil
    ) -> InvocationRequest {
        InvocationRequest(
            functionName: name, type: type, payload: Array(#"{"n":1}"#.utf8), wantsLogTail: true,
            traceHeader: trace)
    }

    @Test func anAnswerComesBackMeteredFromOneWarmEnvironment() async throws {
        let stage = try Stage()
        stage.add("f") { event in
            InvocationAnswer(status: .success, payload: event.payload, duration: .milliseconds(1))
        }
        for _ in 0..<3 {
            let answer = try await stage.invoker.invoke(request("f"))
            #expect(String(decoding: answer.payload, as: UTF8.self) == #"{"n":1}"#)
            #expect(answer.executedVersion == "$LATEST")
            let tail = String(decoding: try #require(answer.logTail), as: UTF8.self)
            #expect(tail.hasPrefix("START RequestId: \(answer.requestID) Version: $LATEST\n"))
        }
        let entries = stage.entries.withLock { $0 }
        #expect(entries.map(\.isColdStart) == [true, false, false])
        #expect(entries.map(\.initNanoseconds) == [5_000_000, 0, 0])
        #expect(stage.started.withLock { $0 } == 1)
        await stage.pool.close(grace: .seconds(5))
        #expect(stage.stopped.withLock { $0 } == 1)
    }

    /// Stopping it takes a moment, which is not its caller's to pay.
    @Test func aTimeoutIsBilledAsTheTimeout() async throws {
        let stage = try Stage()
        stage.add("f") { _ in
            InvocationAnswer(status: .timeout, payload: [], duration: .milliseconds(3007))
        }
        _ = try await stage.invoker.invoke(request("f"))
        #expect(stage.entries.withLock { $0.map(\.durationNanoseconds) } == [3_000_000_000])
        #expect(
            stage.log.lines.withLock { $0 }.contains {
                $0.contains("Duration: 3000.00 ms\tBilled Duration: 3000 ms")
            })
    }

    /// What follows the response changes the report, and not the answer.
    @Test(arguments: [true, false]) func whoAsksForTheTailIsAnsweredTheSame(tail: Bool) async throws
    {
        let stage = try Stage()
        let reported = Signal()
        stage.add("f") { event in
            guard let afterwards = event.afterwards else { return Stage.success("1") }
            Task {
                afterwards(InvocationAnswer(status: .failure, payload: [], duration: .zero))
                reported.raise()
            }
            var answer = Stage.success("1")
            answer.isFinal = false
            return answer
        }
        var request = request("f")
        request.wantsLogTail = tail
        let answer = try await stage.invoker.invoke(request)
        await reported.wait(atMost: nil)
        #expect(String(decoding: answer.payload, as: UTF8.self) == "1")
        #expect(answer.functionError == nil)
        #expect(stage.entries.withLock { $0.map(\.status) } == [.failure])
        if tail {
            let lines = String(decoding: try #require(answer.logTail), as: UTF8.self)
            #expect(lines.contains("REPORT") && lines.contains("Status: error"))
        }
    }

    @Test func eachEventAtOnceHasAnEnvironmentUpToWhatIsReserved() async throws {
        let stage = try Stage()
        let gates = [Signal(), Signal(), Signal()]
        let inside = Locked(0)
        let full = Signal()
        stage.add("f", reserved: 3) { _ in
            let number = inside.withLock { count in
                count += 1
                return count
            }
            if number == 3 { full.raise() }
            await gates[number - 1].wait(atMost: nil)
            return Stage.success()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<3 {
                group.addTask { _ = try await stage.invoker.invoke(self.request("f")) }
            }
            await full.wait(atMost: nil)
            await #expect {
                try await stage.invoker.invoke(self.request("f"))
            } throws: { error in
                let error = error as? LambdaServiceError
                return error?.kind == .tooManyRequests
                    && error?.reason == .reservedConcurrentInvocations
                    && error?.message == "Rate Exceeded."
            }
            for gate in gates { gate.raise() }
            try await group.waitForAll()
        }
        #expect(stage.started.withLock { $0 } == 3)
    }

    @Test func accountAndRateBoundThePool() async throws {
        let stage = try Stage(limits: ScalingLimits(accountConcurrency: 5, environmentBurst: 2))
        stage.add("f") { _ in Stage.success() }
        let resolved = try #require(stage.functions.withLock { $0["f"] })
        let first = try await stage.pool.acquire(resolved)
        _ = try await stage.pool.acquire(resolved)
        do {
            _ = try await stage.pool.acquire(resolved)
            Issue.record("a third environment was made")
        } catch { #expect(error.reason == .invocationRate) }
        await stage.pool.release(first)
        #expect(try await stage.pool.acquire(resolved).isCold == false)
    }

    @Test func idleEnvironmentsAreReapedAndOldOnesRetired() async throws {
        let stage = try Stage(limits: ScalingLimits(idleLifetime: .seconds(10)))
        stage.add("f") { _ in Stage.success() }
        _ = try await stage.invoker.invoke(request("f"))
        _ = await stage.pool.reap(now: .now + .seconds(9))
        #expect(stage.stopped.withLock { $0 } == 0)
        _ = await stage.pool.reap(now: .now + .seconds(11))
        #expect(stage.stopped.withLock { $0 } == 1)
        let resolved = try #require(stage.functions.withLock { $0["f"] })
        let busy = try await stage.pool.acquire(resolved)
        await stage.pool.retire("f")
        await stage.pool.release(busy)
        #expect(stage.stopped.withLock { $0 } == 2)
        #expect(await stage.pool.provision(resolved.version, count: 2) == 2)
        _ = await stage.pool.reap(now: .now + .seconds(60))
        #expect(stage.stopped.withLock { $0 } == 2)
        #expect(try await stage.pool.acquire(resolved).isCold == false)
    }

    @Test func aLoopIsStoppedAfterSixteenPasses() async throws {
        let stage = try Stage()
        let passes = Locked(0)
        stage.add("f") { [weak stage] event in
            passes.withLock { $0 += 1 }
            guard let stage else { return Stage.failure }
            do {
                _ = try await stage.invoker.invoke(
                    self.request("f", trace: event.traceHeader))
                return Stage.success()
            } catch { return Stage.failure }
        }
        _ = try await stage.invoker.invoke(request("f"))
        #expect(passes.withLock { $0 } == Lineage.maximum)
        let entries = stage.entries.withLock { $0 }
        #expect(Set(entries.map(\.run)).count == 1)
    }
}
