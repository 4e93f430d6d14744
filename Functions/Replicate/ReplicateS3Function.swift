import Lambda
import Replication

/// ``ReplicateFunction`` where the event is the store's own notification.
public struct ReplicateS3Function: LambdaHandler {
    private let rules: RuleBook
    private let replicate: ReplicateFunction

    public init(_ rules: RuleBook) {
        self.rules = rules
        replicate = ReplicateFunction(rules)
    }

    /// One outcome for each rule and record; none for an event that is about no object of ours.
    public func handle(_ event: S3Event, context: LambdaContext) async throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for event in rules.events(for: event) {
            outcomes.append(try await replicate.handle(event, context: context))
        }
        return outcomes
    }
}

/// The function as the wire sees it: takes its own event and a store's notification.
public struct ReplicateRawFunction: RawLambdaHandler {
    private let direct: JSONLambdaHandler<ReplicateFunction>
    private let notified: JSONLambdaHandler<ReplicateS3Function>

    public init(_ rules: RuleBook) {
        direct = JSONLambdaHandler(ReplicateFunction(rules))
        notified = JSONLambdaHandler(ReplicateS3Function(rules))
    }

    /// Only our own event has a member `rule`.
    private struct Shape: Decodable {
        var rule: String?
    }

    public func handle(_ event: [UInt8], context: LambdaContext) async throws -> [UInt8] {
        let shape = try LambdaJSON.decode(Shape.self, from: event, function: context.functionName)
        do {
            return shape.rule == nil
                ? try await notified.handle(event, context: context)
                : try await direct.handle(event, context: context)
        } catch let error as ReplicationError {
            throw ReplicateFailure.telling(error, function: context.functionName)
        }
    }
}
