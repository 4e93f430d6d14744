import Testing

@testable import brigade

/// What is told when the demo's script fails, when its clean-up does, and when both do.
struct DemoEndingTests {
    private let script = CommandFailure(.storeRefused, "the store said no", advice: "Ask it.")
    private let leftovers = CommandFailure(
        .someFailed, "could not remove its bucket b: not empty", advice: "Delete it.")

    private func failure(_ error: (any Error)?) throws -> CommandFailure {
        try #require(error as? CommandFailure)
    }

    @Test func nothingWentWrong() {
        #expect(DemoStage.ending(nil, nil) == nil)
    }

    @Test func theScriptComesFirst() throws {
        #expect(try failure(DemoStage.ending(script, nil)) == script)
        let both = try failure(DemoStage.ending(script, leftovers))
        #expect(both.status == .storeRefused && both.message == script.message)
        #expect(
            both.advice == [
                "Ask it.", "Besides, the demo could not remove its bucket b: not empty",
                "Delete it.",
            ])
    }

    /// The script's failure was printed where it happened.
    @Test func aStatusThatWasToldIsKept() throws {
        #expect(DemoStage.ending(ExitStatus.someFailed, nil) as? ExitStatus == .someFailed)
        let both = try failure(DemoStage.ending(ExitStatus.guardStopped, leftovers))
        #expect(both.status == .guardStopped && both.message == "the demo " + leftovers.message)
    }

    @Test func whatIsLeftAloneIsAFailure() throws {
        let alone = try failure(DemoStage.ending(nil, leftovers))
        #expect(alone.status == .someFailed)
        #expect(alone.message == "the demo could not remove its bucket b: not empty")
    }

    /// Only what is true is promised.
    @Test func anInterruptionTellsWhetherAllIsRemoved() throws {
        let removed = try failure(DemoStage.ending(DemoStage.interrupted, nil))
        #expect(removed.advice == ["What the demo had made is removed again."])
        let left = try failure(DemoStage.ending(DemoStage.interrupted, leftovers))
        #expect(left.status == .interrupted)
        #expect(!left.advice.contains("What the demo had made is removed again."))
    }
}
