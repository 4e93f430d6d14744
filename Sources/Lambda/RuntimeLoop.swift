import FoundationEssentials
import Glibc
import Logging

/// Runs a handler wherever the Lambda Runtime API is: on AWS as a custom runtime's `bootstrap`, or under `brigade up`.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html>
public struct RuntimeLoop: Sendable {
    private let handler: any RawLambdaHandler
    private let environment: [String: String]
    private let invoker: any LambdaInvoker
    private let write: @Sendable (String) -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - environment: of the process: `AWS_LAMBDA_RUNTIME_API`, `AWS_LAMBDA_FUNCTION_NAME` and so on.
    ///   - invoker: how the handler invokes other functions.
    ///   - write: takes a line for the function's log: what the handler used, as embedded metrics.
    public init(
        _ handler: any RawLambdaHandler, environment: [String: String],
        invoker: any LambdaInvoker, logger: Logger, write: @escaping @Sendable (String) -> Void
    ) {
        self.handler = handler
        self.environment = environment
        self.invoker = invoker
        self.logger = logger
        self.write = write
    }

    /// Serves events for as long as there are any.
    ///
    /// - Throws: when the Runtime API is gone or does not speak its contract: the process should exit with 1.
    public func run() async throws {
        var connection = RuntimeConnection(address: environment["AWS_LAMBDA_RUNTIME_API"] ?? "")
        while true {
            let next = try connection.send("GET", "invocation/next")
            guard next.status == 200, let id = next.headers["lambda-runtime-aws-request-id"] else {
                throw RuntimeConnection.Failure(
                    description: "the Runtime API answered \(next.status) to invocation/next")
            }
            let context = context(id, next.headers)
            setenv("_X_AMZN_TRACE_ID", context.traceID, 1)
            let answer: RuntimeConnection.Answer
            do {
                let result = try await handler.handle(next.body, context: context)
                tell(context.usage, id)
                answer = try connection.send("POST", "invocation/\(id)/response", body: result)
            } catch let failure as RuntimeConnection.Failure {
                throw failure
            } catch {
                tell(context.usage, id)
                answer = try connection.send(
                    "POST", "invocation/\(id)/error",
                    headers: [("Content-Type", "application/json")], body: Self.document(error))
            }
            // 413: too large an answer; the invoker has been told by the service itself.
            guard answer.status == 202 || answer.status == 413 else {
                throw RuntimeConnection.Failure(
                    description: "the Runtime API answered \(answer.status) to what came of \(id)")
            }
        }
    }

    /// Tells why the handler cannot be made; the process should then exit with 1.
    public static func reportInitError(_ error: any Error, environment: [String: String]) {
        var connection = RuntimeConnection(address: environment["AWS_LAMBDA_RUNTIME_API"] ?? "")
        // The process ends with an error anyway, which tells the rest.
        _ = try? connection.send(
            "POST", "init/error", headers: [("Content-Type", "application/json")],
            body: document(error))
    }

    private struct ErrorDocument: Encodable {
        var errorMessage: String
        var errorType: String
        var stackTrace: [String] = []
    }

    static func document(_ error: any Error) -> [UInt8] {
        let type = (error as? FunctionError)?.errorType ?? "\(Swift.type(of: error))"
        let document = ErrorDocument(errorMessage: "\(error)", errorType: type)
        // Strings always encode.
        return (try? LambdaJSON.encode(document)) ?? Array("{}".utf8)
    }

    private func context(_ id: String, _ headers: [String: String]) -> LambdaContext {
        var logger = logger
        logger[metadataKey: "request.id"] = .string(id)
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        let milliseconds = Int64(now.tv_sec) * 1000 + Int64(now.tv_nsec) / 1_000_000
        let deadline = headers["lambda-runtime-deadline-ms"].flatMap { Int64($0) } ?? milliseconds
        return LambdaContext(
            requestID: id, traceID: headers["lambda-runtime-trace-id"] ?? "",
            invokedFunctionARN: headers["lambda-runtime-invoked-function-arn"] ?? "",
            functionName: environment["AWS_LAMBDA_FUNCTION_NAME"] ?? "",
            functionVersion: environment["AWS_LAMBDA_FUNCTION_VERSION"] ?? "$LATEST",
            memoryLimitMB: environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"].flatMap { Int($0) }
                ?? 128,
            deadline: .now + .milliseconds(max(0, deadline - milliseconds)),
            clientContext: headers["lambda-runtime-client-context"].map { Array($0.utf8) },
            logger: logger, invoker: invoker)
    }

    private func tell(_ usage: InvocationUsage, _ id: String) {
        for line in usage.lines {
            write(
                EmbeddedMetric.line(
                    line, requestID: id,
                    functionName: environment["AWS_LAMBDA_FUNCTION_NAME"] ?? "",
                    milliseconds: Int64(time(nil)) * 1000))
        }
    }
}
