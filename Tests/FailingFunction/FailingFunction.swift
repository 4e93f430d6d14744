import Glibc
import Lambda
import Logging

/// A custom runtime's `bootstrap`, made with this package's `Lambda`, whose function fails in the way that its event names.
/// For Tests/Conformance.
@main
struct FailingFunction: LambdaHandler {
    struct Event: Codable, Sendable { var what: String? }
    struct Mine: Error, CustomStringConvertible { var description: String }

    func handle(_ event: Event, context: LambdaContext) async throws -> String {
        switch event.what {
        case "exit0": exit(0)
        case "exit5": exit(5)
        case "throw": throw Mine(description: "words")
        case "trap": fatalError("what cannot be")
        case "hang": try await Task.sleep(for: .seconds(60))
        case "memory":
            let count = 600 << 20
            // Touched, so that it is there.
            memset(malloc(count), 1, count)
        case "large": return String(repeating: "x", count: 7_000_000)
        case "memory limit": return "\(context.memoryLimitMB)"
        case "left": return context.deadline > .now ? "some" : "none"
        default: break
        }
        return "fine"
    }

    struct NoInvoker: LambdaInvoker {
        func invoke<Event: Codable & Sendable, Output: Codable & Sendable>(
            _ functionName: String, _ event: Event, returning: Output.Type, parent: LambdaContext?
        ) async throws -> Output { throw Mine(description: "nothing is invoked from here") }
    }

    static func main() async throws {
        var environment: [String: String] = [:]
        for name in [
            "AWS_LAMBDA_RUNTIME_API", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "_HANDLER",
        ] { environment[name] = getenv(name).map { String(cString: $0) } }
        switch environment["_HANDLER"] {
        case "no.start":
            RuntimeLoop.reportInitError(Mine(description: "cannot"), environment: environment)
            exit(1)
        case "no.word": exit(9)
        default: break
        }
        try await RuntimeLoop(
            JSONLambdaHandler(FailingFunction()), environment: environment, invoker: NoInvoker(),
            logger: Logger(label: "function") { _ in SwiftLogNoOpLogHandler() }
        ) { print($0) }.run()
    }
}
