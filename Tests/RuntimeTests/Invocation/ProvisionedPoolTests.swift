import Testing

@testable import Runtime

/// What the pool keeps warm, and what it lets go.
@Suite struct ProvisionedPoolTests {
    private func version(_ stage: Stage, _ number: String) throws -> ResolvedFunction {
        stage.add("f") { _ in Stage.success() }
        var resolved = try #require(stage.functions.withLock { $0["f"] })
        resolved.version.version = number
        return resolved
    }

    @Test func retiringOneVersionLeavesTheOthers() async throws {
        let stage = try Stage(limits: ScalingLimits(idleLifetime: .seconds(10)))
        let (first, second) = (try version(stage, "1"), try version(stage, "2"))
        #expect(await stage.pool.provision(first.version, count: 1) == 1)
        #expect(await stage.pool.provision(second.version, count: 2) == 2)
        let busy = try await stage.pool.acquire(second)
        await stage.pool.retire("f", version: "1")
        #expect(stage.stopped.withLock { $0 } == 1)
        await stage.pool.release(busy)
        _ = await stage.pool.reap(now: .now + .seconds(60))
        #expect(stage.stopped.withLock { $0 } == 1)
        await stage.pool.retire("f")
        #expect(stage.stopped.withLock { $0 } == 3)
    }

    @Test func aRunningEnvironmentOfARetiredVersionIsStoppedAfterItsEvent() async throws {
        let stage = try Stage()
        let (first, second) = (try version(stage, "1"), try version(stage, "2"))
        let leases = [try await stage.pool.acquire(first), try await stage.pool.acquire(second)]
        await stage.pool.retire("f", version: "1")
        for lease in leases { await stage.pool.release(lease) }
        #expect(stage.stopped.withLock { $0 } == 1)
        #expect(try await stage.pool.acquire(second).isCold == false)
    }

    @Test func whatIsNoLongerAskedForIsStoppedAtOnce() async throws {
        let stage = try Stage()
        let resolved = try version(stage, "1")
        #expect(await stage.pool.provision(resolved.version, count: 3) == 3)
        #expect(await stage.pool.provision(resolved.version, count: 1) == 1)
        #expect(stage.stopped.withLock { $0 } == 2)
        #expect(await stage.pool.provision(resolved.version, count: 0) == 0)
        #expect(stage.stopped.withLock { $0 } == 3)
        #expect(stage.started.withLock { $0 } == 3)
    }

    @Test func onesThatRunAnEventCount() async throws {
        let stage = try Stage()
        let resolved = try version(stage, "1")
        #expect(await stage.pool.provision(resolved.version, count: 2) == 2)
        let busy = try await stage.pool.acquire(resolved)
        #expect(await stage.pool.provision(resolved.version, count: 2) == 2)
        #expect(stage.started.withLock { $0 } == 2)
        #expect(await stage.pool.provision(resolved.version, count: 3) == 3)
        #expect(stage.started.withLock { $0 } == 3)
        await stage.pool.release(busy)
        #expect(stage.stopped.withLock { $0 } == 0)
    }
}
