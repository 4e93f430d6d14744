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
