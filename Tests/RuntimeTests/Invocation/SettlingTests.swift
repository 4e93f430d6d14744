import Testing
import Transport

@testable import Runtime

/// Environments that have given their response and are not free yet.
@Suite struct SettlingTests {
    private func acquire(_ stage: Stage) async throws -> EnvironmentPool.Lease {
        let resolved = try #require(stage.functions.withLock { $0["f"] })
        return try await stage.pool.acquire(resolved)
    }

    /// Else its last invocation would throttle a caller who asks again at once.
    @Test(arguments: [nil, 1]) func theNextEventWaitsForIt(reserved: Int?) async throws {
        let stage = try Stage(limits: ScalingLimits(environmentBurst: 1))
        stage.add("f", reserved: reserved) { _ in Stage.success() }
        let first = try await acquire(stage)
        stage.pool.isSettling(first)
        async let second = acquire(stage)
        // Whether it is given back before the other waits or after: both get it, warm.
        await Task.yield()
        stage.pool.giveBack(first)
        let lease = try await second
        #expect(!lease.isCold)
        #expect(stage.pool.running == 1)
        await stage.pool.release(lease)
        #expect(stage.pool.running == 0)
    }

    /// One that would be throttled has more patience than one that could have another environment.
    @Test func whoHasNoOtherWaitsLonger() async throws {
        let stage = try Stage()
        stage.add("f", reserved: 1) { _ in Stage.success() }
        let first = try await acquire(stage)
        stage.pool.isSettling(first)
        async let second = acquire(stage)
        try await Task.sleep(for: EnvironmentPool.settlingPatience * 8)
        stage.pool.giveBack(first)
        #expect(try await !second.isCold)
    }

    @Test func nobodyWaitsLongForIt() async throws {
        let stage = try Stage()
        stage.add("f") { _ in Stage.success() }
        let first = try await acquire(stage)
        stage.pool.isSettling(first)
        let second = try await acquire(stage)
        #expect(second.isCold)
        await stage.pool.release(first)
        await stage.pool.release(second)
        #expect(stage.pool.running == 0)
    }

    @Test func oneThatDoesNotComeIsNoRoom() async throws {
        let stage = try Stage()
        stage.add("f", reserved: 1) { _ in Stage.success() }
        let first = try await acquire(stage)
        stage.pool.isSettling(first)
        await #expect {
            _ = try await acquire(stage)
        } throws: {
            ($0 as? LambdaServiceError)?.reason == .reservedConcurrentInvocations
        }
        await stage.pool.release(first)
    }

    /// Those who wait look again when what they wait for is of an older code.
    @Test func aRetiredOneIsNotHandedOn() async throws {
        let stage = try Stage()
        stage.add("f") { _ in Stage.success() }
        let first = try await acquire(stage)
        stage.pool.isSettling(first)
        async let second = acquire(stage)
        await Task.yield()
        await stage.pool.retire("f")
        await stage.pool.release(first)
        let lease = try await second
        #expect(lease.isCold)
        #expect(stage.stopped.withLock { $0 } == 1)
        await stage.pool.release(lease)
    }

    /// As many callers as can be, over and over: all are served, none twice at once, and nothing is left over.
    @Test func manyCallers() async throws {
        let stage = try Stage()
        stage.add("f", reserved: 3) { _ in Stage.success() }
        let (inside, most, served, throttled) = (Locked(0), Locked(0), Locked(0), Locked(0))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<12 {
                group.addTask {
                    for _ in 0..<50 {
                        guard let lease = try? await acquire(stage) else {
                            // Throttled, which three environments for twelve callers may be.
                            throttled.withLock { $0 += 1 }
                            continue
                        }
                        let now = inside.withLock { count in
                            count += 1
                            return count
                        }
                        most.withLock { $0 = max($0, now) }
                        served.withLock { $0 += 1 }
                        stage.pool.isSettling(lease)
                        await Task.yield()
                        inside.withLock { $0 -= 1 }
                        stage.pool.giveBack(lease)
                    }
                }
            }
        }
        #expect(most.withLock { $0 } <= 3)
        #expect(served.withLock { $0 } + throttled.withLock { $0 } == 600)
        #expect(served.withLock { $0 } >= 50)
        #expect(stage.pool.running == 0)
        #expect(stage.started.withLock { $0 } == 0)
    }
}
