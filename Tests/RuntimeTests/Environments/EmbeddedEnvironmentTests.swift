import Lambda
import Logging
import Testing

@testable import Runtime

@Suite struct EmbeddedEnvironmentTests {
    private struct Closure: RawLambdaHandler {
        let body: @Sendable ([UInt8], LambdaContext) async throws -> [UInt8]
        func handle(_ event: [UInt8], context: LambdaContext) async throws -> [UInt8] {
            try await body(event, context)
        }
    }

    private struct Broken: Error, CustomStringConvertible { let description = "no \"luck\"" }

    private static func environment(
        _ body: @escaping @Sendable ([UInt8], LambdaContext) async throws -> [UInt8]
    ) -> EmbeddedEnvironment {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return EmbeddedEnvironment(
            FunctionVersion(
                functionName: "f", functionARN: "arn", runtime: FunctionVersion.builtInRuntime,
                handler: "f", timeoutSeconds: 1),
            handler: Closure(body: body),
            invoker: InProcessInvoker(meter: RunMeter(card: .notes), logger: logger), logger: logger
        )
    }

    private static func event(_ timeoutSeconds: Int = 60) -> InvocationEvent {
        EnvironmentBench.event("[1]", id: "one", timeoutSeconds: timeoutSeconds)
    }

    @Test func answersAndReportsUsage() async {
        let line = InvocationUsage.Line(
            connection: "a", requestClass: "GET", requests: 1, bytesIn: 2, bytesOut: 3)
        let environment = Self.environment { event, context in
            context.usage.record(line)
            return event + Array(context.requestID.utf8)
        }
        for _ in 0..<2 {
            let answer = await environment.invoke(Self.event())
            #expect(answer.status == .success)
            #expect(answer.text == "[1]one")
            #expect(answer.usage == [line])
        }
    }

    @Test func whatIsThrownIsADocument() async {
        let answer = await Self.environment { _, _ in throw Broken() }.invoke(Self.event())
        #expect(answer.status == .error)
        #expect(answer.errorType == "Broken")
        #expect(
            answer.text
                == #"{"errorMessage":"no \"luck\"","errorType":"Broken","stackTrace":[]}"#)
    }

    @Test func aTimeoutDoesNotWaitForTheHandler() async {
        let (gate, release) = AsyncStream<Void>.makeStream()
        let (ended, end) = AsyncStream<Bool>.makeStream()
        let environment = Self.environment { event, _ in
            // Heeds no cancellation: a task of its own waits.
            await Task { for await _ in gate {} }.value
            end.yield(Task.isCancelled)
            return event
        }
        let answer = await environment.invoke(Self.event(0))
        #expect(answer.status == .timeout)
        #expect(
            answer.text
                == #"{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: one Error: Task timed out after 1.00 seconds"}"#
        )
        #expect(environment.isUsedUp)
        #expect(await environment.invoke(Self.event()).status == .failure)
        release.finish()
        for await wasCancelled in ended {
            #expect(wasCancelled)
            break
        }
    }
}
