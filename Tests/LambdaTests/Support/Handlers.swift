import Lambda
import Logging

/// A handler of a closure.
struct Closure<Event: Codable & Sendable, Output: Codable & Sendable>: LambdaHandler {
    let call: @Sendable (Event, LambdaContext) async throws -> Output

    init(_ call: @escaping @Sendable (Event, LambdaContext) async throws -> Output) {
        self.call = call
    }

    func handle(_ event: Event, context: LambdaContext) async throws -> Output {
        try await call(event, context)
    }
}

/// Keeps its metadata, and writes nothing as long as nothing is logged.
let testLogger = Logger(label: "tests") { StreamLogHandler.standardError(label: $0) }
