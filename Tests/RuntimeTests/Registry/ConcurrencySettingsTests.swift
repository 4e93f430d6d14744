import TestSupport
import Testing

@testable import Runtime

/// Reserved and provisioned concurrency: what the account can spare, and what is kept warm.
@Suite struct ConcurrencySettingsTests {
    private func stage(_ functions: String..., account: Int = 1000) async throws -> RegistryStage {
        let stage = try await RegistryStage(accountConcurrency: account)
        for name in functions {
            try await stage.create(name)
            try await stage.publish(name)
        }
        return stage
    }

    private let below =
        "decreases account's UnreservedConcurrentExecution below its minimum value of [100]."

    @Test func provisionedConcurrencyIsBoundedByTheAccount() async throws {
        let stage = try await stage("f", "g")
        func provision(_ name: String, _ count: Int) async -> String? {
            await refusal { try await stage.registry.provision(stage.target(name, "1"), count) }?
                .message
        }
        #expect(
            await provision("f", 1001)
                == "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [1000]."
        )
        #expect(
            await provision("f", 901) == "Specified ConcurrentExecutions for function \(below)")
        #expect(await provision("f", 600) == nil)
        #expect(
            await provision("g", 301) == "Specified ConcurrentExecutions for function \(below)")
        #expect(await provision("g", 300) == nil)
        #expect(await provision("f", 599) == nil)
        #expect(stage.registry.accountSettings().AccountLimit.UnreservedConcurrentExecutions == 101)
    }

    @Test func provisionedConcurrencyIsBoundedByWhatIsReserved() async throws {
        let stage = try await stage("f")
        try await stage.registry.reserve("f", 5)
        let refused = await refusal {
            try await stage.registry.provision(stage.target("f", "1"), 6)
        }
        #expect(refused?.kind == .invalidParameterValue)
        #expect(
            refused?.message
                == "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function"
        )
        _ = try await stage.registry.provision(stage.target("f", "1"), 5)
        let lower = await refusal { try await stage.registry.reserve("f", 4) }
        #expect(
            lower?.message
                == "ReservedConcurrentExecutions 4 should not be lower than function's total provisioned concurrency [5]."
        )
        try await stage.registry.reserve("f", nil)
    }

    /// Each could be had alone, and not all of them.
    @Test func changesAtTheSameTimeDoNotTakeTheSameTwice() async throws {
        for _ in 0..<5 {
            let names = (0..<6).map { "f\($0)" }
            let stage = try await RegistryStage()
            for name in names {
                try await stage.create(name)
                try await stage.publish(name)
            }
            let taken = await withTaskGroup(of: Bool.self) { group in
                for (index, name) in names.enumerated() {
                    group.addTask {
                        await refusal {
                            if index.isMultiple(of: 2) {
                                try await stage.registry.reserve(name, 300)
                            } else {
                                _ = try await stage.registry.provision(stage.target(name, "1"), 300)
                            }
                        } == nil
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(taken == 3)
            #expect(stage.registry.totalCommitted == 900)
        }
    }

    @Test func whatIsRefusedClaimsNothing() async throws {
        let stage = try await stage("f", "g")
        #expect(await refusal { try await stage.registry.reserve("f", 901) } != nil)
        try await stage.registry.reserve("g", 900)
        try await stage.registry.reserve("g", 0)
        try await stage.registry.reserve("f", 900)
    }

    @Test func whatAnAliasKeepsWarmMovesWithIt() async throws {
        let stage = try await stage("f")
        #expect(try await stage.publish("f", code: "2") == "2")
        _ = try await stage.registry.createAlias("f", .init(Name: "live", FunctionVersion: "1"))
        _ = try await stage.registry.provision(stage.target("f", "live"), 3)
        try await stage.whenWarm("f", ["1": 3])
        _ = try await stage.registry.updateAlias("f", "live", .init(FunctionVersion: "2"))
        try await stage.whenWarm("f", ["2": 3])
        try await stage.registry.deleteAlias("f", "live")
        try await stage.whenWarm("f", [:])
        #expect(stage.registry.totalCommitted == 0)
    }

    @Test func whatIsKeptWarmOfADeletedVersionGoesAndTheRestStays() async throws {
        let stage = try await stage("f")
        _ = try await stage.publish("f", code: "2")
        _ = try await stage.registry.provision(stage.target("f", "1"), 2)
        _ = try await stage.registry.provision(stage.target("f", "2"), 4)
        try await stage.whenWarm("f", ["1": 2, "2": 4])
        try await stage.registry.delete("f", qualifier: "1")
        try await stage.whenWarm("f", ["2": 4])
        try await stage.update("f", code: "3")
        try await stage.whenWarm("f", ["2": 4])
        try await stage.registry.delete("f", qualifier: nil)
        try await stage.whenWarm("f", [:])
    }

    @Test func whatCannotBeKeptWarmIsRefusedAsRecorded() async throws {
        let stage = try await stage("f")
        _ = try await stage.publish("f", code: "2")
        let registry = stage.registry
        _ = try await registry.createAlias(
            "f",
            .init(
                Name: "split", FunctionVersion: "1",
                RoutingConfig: .init(AdditionalVersionWeights: ["2": 0.5])))
        _ = try await registry.createAlias("f", .init(Name: "latest", FunctionVersion: "$LATEST"))
        _ = try await registry.createAlias("f", .init(Name: "live", FunctionVersion: "1"))
        let unpublished =
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions."
        for (qualifier, message) in [
            ("split", "Alias with weights can not be used with Provisioned Concurrency"),
            ("latest", unpublished), ("$LATEST", unpublished),
        ] {
            let refused = await refusal {
                try await registry.provision(stage.target("f", qualifier), 1)
            }
            #expect(refused?.kind == .invalidParameterValue && refused?.message == message)
        }
        _ = try await registry.provision(stage.target("f", "live"), 1)
        let toLatest = await refusal {
            try await registry.updateAlias("f", "live", .init(FunctionVersion: "$LATEST"))
        }
        #expect(toLatest?.message == unpublished)
        _ = try await registry.provision(stage.target("f", "2"), 1)
        let toProvisioned = await refusal {
            try await registry.updateAlias("f", "live", .init(FunctionVersion: "2"))
        }
        #expect(toProvisioned?.kind == .resourceConflict)
    }

    /// Whatever the order of changes, in the end what is kept warm is what the record asks for.
    @Test func whatIsKeptWarmFollowsManyChangesAtOnce() async throws {
        let stage = try await stage("f")
        let registry = stage.registry
        for code in 2...4 { _ = try await stage.publish("f", code: "\(code)") }
        for alias in ["a", "b"] {
            _ = try await registry.createAlias("f", .init(Name: alias, FunctionVersion: "1"))
        }
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<4 {
                group.addTask {
                    var dice = SeededRandom(seed: UInt64(worker))
                    for _ in 0..<40 {
                        let qualifier = ["a", "b", "2", "3", "4"].randomElement(using: &dice)!
                        let number = Int.random(in: 1...4, using: &dice)
                        // Some are refused: the alias and its version, a version that is gone.
                        _ = await refusal {
                            switch Int.random(in: 0..<8, using: &dice) {
                            case 0: try await registry.unprovision(stage.target("f", qualifier))
                            case 1: try await registry.delete("f", qualifier: "\(number)")
                            case 2...4:
                                _ = try await registry.updateAlias(
                                    "f", ["a", "b"][number % 2],
                                    .init(FunctionVersion: "\(number)"))
                            default:
                                _ = try await registry.provision(
                                    stage.target("f", qualifier), number)
                            }
                        }
                    }
                }
            }
        }
        await registry.whenWarm("f")
        let record = try registry.record("f")
        var wanted: [String: Int] = [:]
        for (qualifier, count) in record.provisioned {
            wanted[record.aliases[qualifier]?.version ?? qualifier, default: 0] += count
        }
        try await stage.whenWarm("f", wanted)
    }

    /// Of a release that left them behind.
    @Test func whatIsLeftOfVersionsThatAreGoneCountsNoMore() async throws {
        let stage = try await stage("f")
        try await stage.registry.change("f") { record throws(LambdaServiceError) in
            record?.provisioned["7"] = 500
        }
        #expect(stage.registry.totalCommitted == 500)
        let next = try await RegistryStage(folder: stage.folder)
        #expect(next.registry.totalCommitted == 0)
    }
}

extension RegistryStage {
    /// Returns when exactly this is kept warm of a function, by version, and nothing is being started.
    func whenWarm(_ name: String, _ wanted: [String: Int]) async throws {
        await registry.whenWarm(name)
        let told = provisioned.withLock { $0.filter { $0.value > 0 } }
        let expected = Dictionary(uniqueKeysWithValues: wanted.map { ("\(name):\($0)", $1) })
        #expect(told == expected)
        let qualifiers = registry.state.withLock { $0.functions[name]?.provisioned.keys.sorted() }
        for qualifier in qualifiers ?? [] {
            #expect(try registry.provisioned(target(name, qualifier)).Status == "READY")
        }
    }
}
