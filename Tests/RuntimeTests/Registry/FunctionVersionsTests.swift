import Testing

@testable import Runtime

/// Numbers, states and names of functions, across deletion and restarts.
@Suite struct FunctionVersionsTests {
    @Test func numbersAreNeverUsedAgain() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f", code: "1")
        #expect(try await stage.publish("f") == "1")
        #expect(try await stage.publish("f", code: "2") == "2")
        try await stage.registry.delete("f", qualifier: "2")
        try await stage.registry.delete("f", qualifier: nil)
        try await stage.create("f", code: "1")
        #expect(try await stage.publish("f") == "3")
        try await stage.registry.delete("f", qualifier: nil)

        let next = try await RegistryStage(folder: stage.folder)
        var settings = RegistryStage.settings("f")
        settings.Publish = true
        #expect(try await next.registry.create(settings).Version == "4")
        try await next.create("g")
        #expect(try await next.publish("g") == "1")
    }

    @Test func aBuiltInFunctionsNumbersGoOnToo() async throws {
        let stage = try await RegistryStage()
        try await stage.registerBuiltIn("f")
        #expect(try await stage.publish("f") == "1")
        try await stage.registry.delete("f", qualifier: nil)
        try await stage.registerBuiltIn("f")
        #expect(try await stage.publish("f") == "2")
    }

    @Test func aFunctionOfTheUsersStaysWhenOneOfItsNameIsCompiledIn() async throws {
        let stage = try await RegistryStage()
        try await stage.create("Replicate")
        let before = try stage.registry.configuration("Replicate", qualifier: nil)
        #expect(try await stage.registerBuiltIn("Replicate") == false)
        let after = try stage.registry.configuration("Replicate", qualifier: nil)
        #expect(after.Runtime == "python3.12" && after.CodeSha256 == before.CodeSha256)
        #expect(await stage.packageNames().count == 1)
        try await stage.registry.delete("Replicate", qualifier: nil)
        #expect(try await stage.registerBuiltIn("Replicate"))
        #expect(try await stage.registerBuiltIn("Replicate"))
    }

    /// The moment of a function that was deleted is not that of the next one of its name.
    @Test func onlyTheChangeThatBeganAMomentEndsIt() async throws {
        let stage = try await RegistryStage()
        let first = try await stage.registry.create(RegistryStage.settings("f"))
        try await stage.registry.delete("f", qualifier: nil)
        let second = try await stage.registry.create(RegistryStage.settings("f"))
        await stage.registry.settleNow("f", first.RevisionId)
        #expect(try stage.registry.record("f").latest.isPending)
        await stage.registry.settleNow("f", second.RevisionId)
        #expect(try stage.registry.record("f").latest.isPending == false)
    }

    @Test func aSettledFunctionIsSettledWhenItCannotBeWrittenEither() async throws {
        let stage = try await RegistryStage()
        let made = try await stage.registry.create(RegistryStage.settings("f"))
        try stage.database.close()
        await stage.registry.settleNow("f", made.RevisionId)
        #expect(try stage.registry.record("f").latest.isPending == false)
    }

    @Test func deletingAVersionRetiresItAlone() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f", code: "1")
        try await stage.publish("f")
        _ = try await stage.publish("f", code: "2")
        stage.changed.withLock { $0 = [] }
        try await stage.registry.delete("f", qualifier: "1")
        try await stage.update("f", code: "3")
        try await stage.registry.delete("f", qualifier: nil)
        #expect(stage.changed.withLock { $0 } == ["f:1", "f:$LATEST", "f:*"])
    }

    @Test func whatBelongsToAVersionGoesWithIt() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f")
        try await stage.publish("f")
        _ = try await stage.registry.permit(
            stage.target("f", "1"), .init(StatementId: "s", Action: "lambda:*", Principal: "*"))
        _ = try await stage.registry.putEventInvoke(
            stage.target("f", "1"), .init(MaximumRetryAttempts: 1), merges: false)
        _ = try await stage.registry.provision(stage.target("f", "1"), 1)
        try await stage.registry.delete("f", qualifier: "1")
        let record = try stage.registry.record("f")
        #expect(record.policies.isEmpty && record.policyRevisions.isEmpty)
        #expect(record.eventInvoke.isEmpty && record.provisioned.isEmpty)
    }

    @Test func whatBelongsToAnAliasGoesWithIt() async throws {
        let stage = try await RegistryStage()
        try await stage.create("f")
        try await stage.publish("f")
        _ = try await stage.registry.createAlias("f", .init(Name: "live", FunctionVersion: "1"))
        _ = try await stage.registry.permit(
            stage.target("f", "live"), .init(StatementId: "s", Action: "lambda:*", Principal: "*"))
        _ = try await stage.registry.createURL(stage.target("f", "live"), .init(AuthType: "NONE"))
        let refused = await refusal { try await stage.registry.delete("f", qualifier: "1") }
        #expect(
            refused?.message
                == "Unable to delete version because the following aliases reference it: [live]")
        try await stage.registry.deleteAlias("f", "live")
        let record = try stage.registry.record("f")
        #expect(record.policies.isEmpty && record.policyRevisions.isEmpty && record.urls.isEmpty)
    }

    /// Else a page might leave out what stands behind its marker.
    @Test func listsAreInTheOrderOfTheirKeys() async throws {
        let stage = try await RegistryStage()
        for name in ["a", "a-b", "aB", "a_b", "a0"] { try await stage.create(name) }
        for number in 0..<11 { _ = try await stage.publish("a", code: "\(number)") }
        let keys = stage.registry.list(allVersions: true).map(FunctionRegistry.key)
        #expect(keys.count == 16 && keys == keys.sorted() && Set(keys).count == 16)
        #expect(try stage.registry.versions("a").map(\.Version).last == "11")
    }

    /// A name is never taken for that of another region's or account's function: it may be about to be deleted.
    @Test func whatIsAnothersIsNotFound() async throws {
        let stage = try await RegistryStage()
        for arn in [
            "arn:aws:lambda:us-east-1:999999999999:function:f", "999999999999:function:f:1",
            "arn:aws:lambda:eu-west-1:000000000000:function:f",
        ] {
            let refused = await refusal { try stage.registry.reference(arn, qualifier: nil) }
            #expect(refused?.kind == .resourceNotFound)
        }
        let own = "arn:aws:lambda:us-east-1:000000000000:function:f:1"
        #expect(try stage.registry.reference(own, qualifier: nil) == stage.target("f", "1"))
    }

    @Test func listsAreCutIntoPages() async throws {
        let items = Array(100..<220)
        func page(
            _ items: [Int], _ marker: String?, _ maximum: Int?
        ) throws(LambdaServiceError) -> FunctionRegistry.Page<Int> {
            try FunctionRegistry.page(items, marker: marker, maximum: maximum, limit: 50) {
                "\($0)"
            }
        }
        let first = try page(items, nil, nil)
        #expect(first.items == Array(100..<150) && first.next != nil)
        // What a page has shown may be gone by the next.
        let second = try page(Array(150..<220), first.next, 50)
        #expect(second.items == Array(150..<200))
        let last = try page(items, second.next, 50)
        #expect(last.items == Array(200..<220) && last.next == nil)
        #expect(try page([], second.next, nil).items.isEmpty)
        #expect(await refusal { try page(items, "-", nil) }?.message == "Invalid marker")
        for (maximum, words) in [
            (0, "greater than or equal to 1"), (51, "less than or equal to 50"),
        ] {
            let refused = await refusal {
                try page(items, nil, maximum)
            }
            #expect(refused?.kind == .validation)
            #expect(refused?.message.hasSuffix("Member must have value \(words)") == true)
        }
    }
}

extension RegistryStage {
    @discardableResult
    func registerBuiltIn(_ name: String) async throws -> Bool {
        try await registry.registerBuiltIn(
            name, description: "", memoryMB: 128, timeoutSeconds: 3, codeSHA256: "built-in")
    }
}
