import Lambda
import Testing

@testable import Runtime

struct InProcessInvokerTests {
    private let invoker = InProcessInvoker(meter: RunMeter(card: .notes), logger: testLogger)

    struct Question: Codable, Sendable { var number: Int }
    struct Answer: Codable, Sendable, Equatable { var number: Int }
    /// The same JSON, another type: what another module may have.
    struct OtherQuestion: Codable, Sendable { var number: Int }
    struct OtherAnswer: Codable, Sendable { var number: Int }
    struct Failure: Error, Equatable { var why: String }

    private func tally(_ function: String) -> InvocationTally? {
        invoker.meter.statement(run: "r", prices: [:]).functions.map(\.tally)
            .first { $0.function == function }
    }

    private func error(
        _ function: String, _ event: some Codable & Sendable = Question(number: 1)
    ) async throws -> FunctionError {
        try await #require(throws: FunctionError.self) {
            try await invoker.invoke(function, event, returning: Answer.self, parent: nil)
        }
    }

    private func double() {
        invoker.register(
            "double", memoryMB: 128,
            Closure { (event: Question, context: LambdaContext) in
                context.usage.record(
                    InvocationUsage.Line(
                        connection: "c", requestClass: "GET", requests: 1, bytesIn: 0, bytesOut: 0))
                return Answer(number: event.number * 2)
            })
    }

    @Test func typesThatMatchAreADirectCall() async throws {
        double()
        let answer = try await invoker.invoke(
            "double", Question(number: 4), returning: Answer.self, parent: nil)
        #expect(answer == Answer(number: 8))
        #expect(tally("double")?.invocations == 1)
        #expect(tally("double")?.errors == 0)
        #expect(
            invoker.meter.statement(run: "r", prices: [:]).requests.map(\.usage.requests) == [1])
    }

    @Test func otherTypesGoThroughJSON() async throws {
        double()
        let answer = try await invoker.invoke(
            "double", OtherQuestion(number: 4), returning: OtherAnswer.self, parent: nil)
        #expect(answer.number == 8)
        #expect(tally("double")?.invocations == 1)
    }

    @Test func whatCannotBeReadIsNamedAsThat() async throws {
        double()
        let event = try await error("double", ["no": "number"])
        #expect(event.kind == .invalidEvent)
        #expect(event.function == "double")
        let answer = try await #require(throws: FunctionError.self) {
            try await invoker.invoke(
                "double", Question(number: 1), returning: [String].self, parent: nil)
        }
        #expect(answer.kind == .invalidEvent)
        // It ran, so it is billed.
        #expect(tally("double")?.invocations == 1)
    }

    @Test func anUnknownNameIsNoInvocation() async throws {
        let error = try await error("missing")
        #expect(error.kind == .noSuchFunction)
        #expect(error.errorType == "ResourceNotFoundException")
        #expect(error.description.hasPrefix("missing: "))
        #expect(tally("missing") == nil)
    }

    @Test func aSecondOfTheSameNameReplacesTheFirst() async throws {
        double()
        invoker.register(
            "double", memoryMB: 128, Closure { (_: Question, _) in Answer(number: 0) })
        #expect(
            try await invoker.invoke(
                "double", Question(number: 4), returning: Answer.self, parent: nil)
                == Answer(number: 0))
    }

    @Test func anErrorKeepsItsCauseAndIsMetered() async throws {
        invoker.register(
            "fail", memoryMB: 256,
            Closure { (_: Question, _) -> Answer in throw Failure(why: "because") })
        let error = try await error("fail")
        #expect(error.kind == .failed)
        #expect(error.errorType == "Failure")
        #expect(error.message.contains("because"))
        #expect(error.cause as? Failure == Failure(why: "because"))
        #expect(tally("fail")?.errors == 1)
        #expect(tally("fail")?.memoryMB == 256)
    }

    @Test func anInnerFunctionsErrorPassesThrough() async throws {
        invoker.register(
            "inner", memoryMB: 128,
            Closure { (_: Question, _) -> Answer in throw Failure(why: "inside") })
        invoker.register(
            "outer", memoryMB: 128,
            Closure { (event: Question, context: LambdaContext) -> Answer in
                try await context.invoker.invoke(
                    "inner", event, returning: Answer.self, parent: context)
            })
        let error = try await error("outer")
        #expect(error.function == "inner")
        #expect(error.cause as? Failure == Failure(why: "inside"))
        #expect(tally("outer")?.errors == 1)
        #expect(tally("inner")?.errors == 1)
    }

    @Test func aTreeSharesItsRoot() async throws {
        let seen = Collected<LambdaContext>()
        invoker.register(
            "leaf", memoryMB: 128,
            Closure { (event: Question, context: LambdaContext) -> Answer in
                seen.append(context)
                return Answer(number: event.number)
            })
        invoker.register(
            "root", memoryMB: 512, timeout: .seconds(60),
            Closure { (event: Question, context: LambdaContext) -> Answer in
                seen.append(context)
                return try await context.invoker.invoke(
                    "leaf", event, returning: Answer.self, parent: context)
            })
        _ = try await invoker.invoke(
            "root", Question(number: 1), returning: Answer.self, parent: nil)
        let contexts = seen.all
        #expect(contexts.map(\.functionName) == ["root", "leaf"])
        #expect(
            contexts.map { TraceID.root(of: $0.traceID) } == [invoker.run[...], invoker.run[...]])
        #expect(Set(contexts.map(\.traceID)).count == 2)
        #expect(Set(contexts.map(\.requestID)).count == 2)
        #expect(
            contexts[0].invokedFunctionARN == "arn:aws:lambda:us-east-1:000000000000:function:root")
        #expect(contexts[0].memoryLimitMB == 512)
        #expect(contexts[0].remaining <= .seconds(60))
        #expect(contexts[1].remaining > .seconds(86_400))
        #expect(contexts[0].logger[metadataKey: "request.id"] == .string(contexts[0].requestID))
    }

    @Test func aTimeoutCancelsTheFunctionAndNotItsCaller() async throws {
        invoker.register(
            "slow", memoryMB: 128, timeout: .milliseconds(10),
            Closure { (_: Question, _) -> Answer in
                try await forever()
                return Answer(number: 0)
            })
        let error = try await error("slow")
        #expect(error.kind == .timedOut)
        #expect(error.errorType == "Sandbox.Timedout")
        #expect(error.message == "Task timed out after 0.01 seconds")
        #expect(!Task.isCancelled)
        #expect(tally("slow")?.errors == 1)
    }

    @Test func anInvocationWithinItsTimeoutIsLeftAlone() async throws {
        invoker.register(
            "quick", memoryMB: 128, timeout: .seconds(600),
            Closure { (event: Question, _) in Answer(number: event.number) })
        for number in 0..<50 {
            let answer = try await invoker.invoke(
                "quick", Question(number: number), returning: Answer.self, parent: nil)
            #expect(answer.number == number)
        }
    }

    @Test(arguments: [nil, .seconds(600)] as [Duration?])
    func theCallersCancellationReachesTheFunction(_ timeout: Duration?) async throws {
        let started = Gate()
        invoker.register(
            "wait", memoryMB: 128, timeout: timeout,
            Closure { (_: Question, _) -> Answer in
                await started.open()
                try await forever()
                return Answer(number: 0)
            })
        let invoker = invoker
        let task = Task {
            try await invoker.invoke(
                "wait", Question(number: 1), returning: Answer.self, parent: nil)
        }
        await started.pass()
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(tally("wait")?.invocations == 1)
    }

    @Test func aCancelledCallerBeginsNothing() async throws {
        double()
        let invoker = invoker
        let task = Task {
            try? await forever()  // The cancellation is the point.
            return try await invoker.invoke(
                "double", Question(number: 1), returning: Answer.self, parent: nil)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(tally("double") == nil)
    }

    @Test func noMoreRunAtOnceThanAllowed() async throws {
        let running = Collected<Int>()
        let gate = Gate()
        invoker.register(
            "narrow", memoryMB: 128, concurrency: 3,
            Closure { (event: Question, _) -> Answer in
                running.append(event.number)
                await gate.pass()
                return Answer(number: event.number)
            })
        let invoker = invoker
        try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<10 {
                group.addTask {
                    try await invoker.invoke(
                        "narrow", Question(number: number), returning: Answer.self, parent: nil
                    ).number
                }
            }
            await gate.arrival(of: 3)
            // As many turns as would let a fourth in, if there were a way.
            for _ in 0..<1000 { await Task.yield() }
            #expect(running.all.count == 3)
            await gate.open()
            var answers: [Int] = []
            for try await answer in group { answers.append(answer) }
            #expect(answers.sorted() == Array(0..<10))
        }
        #expect(tally("narrow")?.invocations == 10)
    }

    @Test(
        arguments: [
            (.seconds(1), "1.00"), (.milliseconds(50), "0.05"), (.milliseconds(1500), "1.50"),
            (.seconds(900), "900.00"), (.milliseconds(9), "0.00"),
        ] as [(Duration, String)])
    func printsSecondsAsLambdaDoes(_ duration: Duration, _ text: String) {
        #expect(InProcessInvoker.seconds(duration) == text)
    }
}
