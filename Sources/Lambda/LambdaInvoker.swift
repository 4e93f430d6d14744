/// How a function invokes another and waits for its answer.
public protocol LambdaInvoker: Sendable {
    /// - Parameter parent: the invoking invocation: the new one joins its trace. nil begins at the run's root.
    /// - Throws: ``FunctionError`` for whatever went wrong in the function or on the way to it;
    ///   `CancellationError` when the caller was cancelled before the function had answered.
    func invoke<Event: Codable & Sendable, Output: Codable & Sendable>(
        _ functionName: String, _ event: Event, returning: Output.Type, parent: LambdaContext?
    ) async throws -> Output
}
