import Logging

/// A function: one event in, one answer out. Called for one event at a time per execution environment; must be Sendable because environments may share it.
public protocol LambdaHandler: Sendable {
    associatedtype Event: Codable & Sendable
    associatedtype Output: Codable & Sendable
    func handle(_ event: Event, context: LambdaContext) async throws -> Output
}

public struct LambdaContext: Sendable {
    public var requestID: String
    /// "Root=1-8hex-24hex;Parent=16hex;Sampled=1"
    public var traceID: String
    public var invokedFunctionARN: String
    public var functionName: String
    public var functionVersion: String
    public var memoryLimitMB: Int
    public var deadline: ContinuousClock.Instant
    public var logger: Logger
    public var invoker: any LambdaInvoker

}

/// How a function invokes another. Errors of the function come back as `FunctionError`.
public protocol LambdaInvoker: Sendable {
    func invoke<Event: Codable & Sendable, Output: Codable & Sendable>(_ functionName: String, _ event: Event, returning: Output.Type, parent: LambdaContext?) async throws -> Output
}
