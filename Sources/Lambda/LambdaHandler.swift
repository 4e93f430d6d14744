/// A function: one event in, one answer out.
///
/// Called for one event at a time per execution environment; `Sendable` because environments may
/// share one value. A timeout cancels the task that `handle` runs on.
public protocol LambdaHandler: Sendable {
    associatedtype Event: Codable & Sendable
    associatedtype Output: Codable & Sendable

    func handle(_ event: Event, context: LambdaContext) async throws -> Output
}

/// A function as the wire sees it: the event's bytes in, the answer's bytes out. At most 6 MiB each way.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
public protocol RawLambdaHandler: Sendable {
    func handle(_ event: [UInt8], context: LambdaContext) async throws -> [UInt8]
}
