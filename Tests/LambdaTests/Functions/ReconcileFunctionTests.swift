import Lambda
import Replication
import Runtime
import S3
import Testing

@testable import Functions

struct ReconcileFunctionTests {
    /// Converges as the function does, but fails for some keys.
    private struct Failing: LambdaHandler {
        let rules: RuleBook
        let error: @Sendable (ObjectKey) -> (any Error)?

        func handle(_ event: ReplicateEvent, context: LambdaContext) async throws -> Outcome {
            if let error = error(event.key) { throw error }
            return try await ReplicateFunction(rules).handle(event, context: context)
        }
    }

    private static func store(_ kind: S3Error.Kind, _ key: ObjectKey) -> ReplicationError {
        ReplicationError(
            kind: .store, key: key, message: "\(key): refused",
            cause: S3Error(
                kind: kind, operation: "PutObject", connection: "there", message: "refused"))
    }

    @Test func copiesWhatDiffersAndOnlyThat() async throws {
        let stage = try await Stage()
        try await stage.source.put("one", "a")
        try await stage.source.put("two", "b/c")
        try await stage.destination.put("old!", "b/c")
        try await stage.destination.put("extra", "z")
        let result = try await stage.reconcile()
        #expect(result.ending == .completed)
        #expect(result.copied == 2)
        #expect(result.copiedNew == 1)
        #expect(result.bytes == 6)
        #expect(result.proofs.eTag + result.proofs.checksum + result.proofs.readBack == 2)
        #expect(result.extras == 1)
        #expect(result.deletes == .notAsked)
        #expect(result.tally.sourceObjects == 2)
        #expect(
            try await stage.destination.contents == ["a": "one", "b/c": "two", "z": "extra"])
        let again = try await stage.reconcile()
        #expect(again.copied == 0)
        #expect(again.unchanged == 2)
    }

    @Test func everyKeyIsAnInvocationAndEveryRequestIsOnTheBill() async throws {
        let stage = try await Stage()
        for number in 0..<5 { try await stage.source.put("body", ObjectKey("k\(number)")) }
        _ = try await stage.reconcile()
        let statement = stage.meter.statement(run: "r", prices: ["there": .s3Standard])
        let counts = Dictionary(
            uniqueKeysWithValues: statement.functions.map {
                ($0.tally.function, $0.tally.invocations)
            })
        #expect(counts == ["reconcile": 1, "replicate": 5])
        func requests(_ connection: String, _ requestClass: String) -> Int {
            statement.requests.first {
                $0.usage.connection == connection && $0.usage.requestClass == requestClass
            }?.usage.requests ?? 0
        }
        #expect(requests("here", "LIST") == 1)
        #expect(requests("there", "LIST") == 1)
        #expect(requests("there", "PUT") + requests("there", "COPY") == 5)
        #expect(statement.requestCost == .zero)
        #expect(statement.total > .zero)
    }

    @Test func whatIsNotKeptIsCounted() async throws {
        let stage = try await Stage()
        for number in 0..<20 { try await stage.source.put("x", ObjectKey("k\(number)")) }
        let lossy = Closure { (event: ReplicateEvent, _: LambdaContext) -> Outcome in
            Outcome(
                action: .copied, reason: "",
                notKept: [
                    NotKept(.storageClass, "C\(event.key.bytes.count)"), NotKept(.encryption, "E"),
                ])
        }
        let result = try await stage.reconcile(replicate: lossy)
        #expect(result.notKept.map(\.objects) == [20, 20])
        let values = result.notKept.map { ($0.kind, $0.values.sorted()) }
        #expect(values.contains { $0 == (.storageClass, ["C2", "C3"]) })
        #expect(values.contains { $0 == (.encryption, ["E"]) })
    }

    @Test func aDryRunWritesNothing() async throws {
        let stage = try await Stage().propagating
        try await stage.source.put("one", "a")
        try await stage.source.put("two", "b")
        try await stage.destination.put("old!", "b")
        try await stage.destination.put("extra", "z")
        let before = try await stage.destination.contents
        let result = try await stage.reconcile(dryRun: true)
        #expect(result.copied == 2)
        #expect(result.copiedNew == 1)
        #expect(result.bytes == 6)
        #expect(result.deleted == 1)
        #expect(result.deletes == .allowed)
        #expect(result.proofs == .init())
        #expect(try await stage.destination.contents == before)
        let done = try await stage.reconcile()
        #expect(done.copied == result.copied)
        #expect(done.deleted == result.deleted)
        #expect(try await stage.destination.contents == ["a": "one", "b": "two"])
    }

    @Test(arguments: [(3, DeleteGuard.Verdict.allowed), (2, .overCap), (0, .overCap)])
    func deletesAreCapped(_ maxDelete: Int, _ verdict: DeleteGuard.Verdict) async throws {
        let stage = try await Stage().propagating
        try await stage.source.put("kept", "a")
        for key in ["x", "y", "z"] as [ObjectKey] { try await stage.destination.put("gone", key) }
        let result = try await stage.reconcile(maxDelete: maxDelete)
        #expect(result.deletes == verdict)
        #expect(result.extras == 3)
        #expect(result.deleted == (verdict == .allowed ? 3 : 0))
        let left = try await stage.destination.contents.keys.sorted()
        #expect(left == (verdict == .allowed ? ["a"] : ["a", "x", "y", "z"]))
    }

    @Test func anEmptySourceDeletesNothing() async throws {
        let stage = try await Stage().propagating
        try await stage.destination.put("precious", "a")
        let result = try await stage.reconcile()
        #expect(result.ending == .completed)
        #expect(result.deletes == .emptySource)
        #expect(try await stage.destination.contents == ["a": "precious"])
    }

    @Test func oneFailureHoldsEveryDelete() async throws {
        let stage = try await Stage().propagating
        try await stage.source.put("good", "a")
        try await stage.source.put("bad", "b")
        try await stage.destination.put("extra", "z")
        let rules = RuleBook([stage.rule])
        let result = try await stage.reconcile(
            replicate: Failing(rules: rules) { key in
                key == "b" ? ReplicationError(kind: .notProven, key: key, message: "no proof") : nil
            })
        #expect(result.ending == .completed)
        #expect(result.copied == 1)
        #expect(result.failed == 1)
        #expect(result.failures.map(\.key) == ["b"])
        #expect(result.failures.first?.kind == "notProven")
        #expect(result.failures.first?.message == "no proof")
        #expect(result.deletes == .heldByFailures)
        #expect(try await stage.destination.contents == ["a": "good", "z": "extra"])
    }

    @Test func aFailedListingNeverDeletes() async throws {
        let whole = try await Stage().propagating
        try await whole.destination.put("precious", "a")
        let stage = whole.withoutSource
        let result = try await stage.reconcile()
        guard case .storeFailed(let failure) = result.ending else {
            Issue.record("\(result.ending)")
            return
        }
        #expect(failure.kind == .noSuchBucket)
        #expect(failure.connection == "here")
        #expect(result.deletes == .notCompared)
        #expect(result.deleted == 0)
        #expect(try await stage.destination.contents == ["a": "precious"])
    }

    @Test func aStoreThatRefusesEveryKeyEndsTheRun() async throws {
        let stage = try await Stage().propagating
        for number in 0..<40 { try await stage.source.put("x", ObjectKey("k\(number)")) }
        let rules = RuleBook([stage.rule])
        let result = try await stage.reconcile(
            replicate: Failing(rules: rules) { Self.store(.accessDenied, $0) })
        guard case .storeFailed(let failure) = result.ending else {
            Issue.record("\(result.ending)")
            return
        }
        #expect(failure.kind == .accessDenied)
        // Eight, and what was on the way beside the eighth.
        #expect((8..<12).contains(result.failed))
        #expect(result.deletes == .notCompared)
    }

    /// Workers that are deaf to cancellation end well; the run must still not look whole, and not go on to
    /// the deletes.
    @Test(arguments: [false, true])
    func anInterruptedRunSaysSo(_ hasExtras: Bool) async throws {
        let stage = try await Stage().propagating
        for number in 0..<40 { try await stage.source.put("x", ObjectKey("k\(number)")) }
        if hasExtras { try await stage.destination.put("extra", "z") }
        let gate = Gate()
        let handled = Collected<ObjectKey>()
        let deaf = Closure { (event: ReplicateEvent, _: LambdaContext) -> Outcome in
            await gate.pass()
            handled.append(event.key)
            return Outcome(action: .copied, reason: "")
        }
        let listed = Listed()
        let invoker = stage.invoker(observer: listed, replicate: deaf)
        let task = Task {
            try await invoker.invoke(
                ReconcileFunction.name, ReconcileEvent(rule: "test", concurrency: 4),
                returning: ReconcileResult.self, parent: nil)
        }
        await gate.arrival(of: 4)
        await listed.end.pass()
        task.cancel()
        // The queue is closed by a task that the cancellation started: before the workers go on.
        for _ in 0..<500 { await Task.yield() }
        await gate.open()
        // What was cancelled answers with how far it came, or not at all.
        do {
            let result = try await task.value
            #expect(result.ending == .cancelled)
            #expect(result.deleted == 0)
        } catch {
            #expect(error is CancellationError)
        }
        #expect(handled.all.count < 40)
        #expect(!handled.all.contains("z"))
    }

    /// Tells when both listings have ended.
    private final class Listed: ReconcileObserver {
        let end = Gate()
        func compared(_ tally: Comparison.Tally, extras: Int) { Task { await end.open() } }
        func scanned(_ tally: Comparison.Tally) {}
        func found(_ key: ObjectKey, bytes: Int64) {}
        func willDelete(_ count: Int) {}
        func began(_ key: ObjectKey, bytes: Int64) {}
        func ended(_ key: ObjectKey, bytes: Int64, _ result: Result<Outcome, ReconcileFailure>) {}
        func gaveUp(_ key: ObjectKey, bytes: Int64) {}
    }

    @Test func aFilterThatCannotBeReadIsNoStoresFault() async throws {
        var stage = try await Stage()
        stage.rule.filter.include = ["[z-"]
        guard case .failed(let message) = try await stage.reconcile().ending else {
            Issue.record("the filter was read")
            return
        }
        #expect(message.contains("[z-"))
    }

    @Test(arguments: [ReplicateFunction.name, ReconcileFunction.name, VerifyFunction.name])
    func anUnknownRuleIsNamed(_ function: String) async throws {
        let stage = try await Stage()
        let error = try await #require(throws: FunctionError.self) {
            switch function {
            case ReplicateFunction.name:
                _ = try await stage.invoker().invoke(
                    function, ReplicateEvent(rule: "other", key: "k"), returning: Outcome.self,
                    parent: nil)
            case ReconcileFunction.name:
                _ = try await stage.invoker().invoke(
                    function, ReconcileEvent(rule: "other"), returning: ReconcileResult.self,
                    parent: nil)
            default:
                _ = try await stage.invoker().invoke(
                    function, VerifyEvent(rule: "other"), returning: VerifyResult.self, parent: nil)
            }
        }
        #expect((error.cause as? RuleBook.UnknownRule)?.name == "other")
        #expect(error.message.contains("no rule has the name other"))
    }

    /// The answer travels as JSON where the types are not shared.
    @Test func anAnswerComesBackFromJSON() async throws {
        var result = ReconcileResult()
        result.failures = [
            ReconcileFailure(key: ObjectKey([0xFF]), Self.store(.noSpace, "k"))
        ]
        for ending in [
            ReconcileResult.Ending.completed, .cancelled, .failed(message: "m"),
            .storeFailed(StoreFailure(Self.store(.throttled, "k").cause!)),
        ] {
            result.ending = ending
            let json = try LambdaJSON.encode(result)
            let back = try LambdaJSON.decode(ReconcileResult.self, from: json, function: "f")
            #expect(back.ending == ending)
            #expect(back.failures.first?.key == ObjectKey([0xFF]))
            #expect(back.failures.first?.store?.kind == .noSpace)
        }
    }
}
