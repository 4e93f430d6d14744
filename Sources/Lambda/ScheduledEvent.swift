/// A schedule's tick, in the shape that EventBridge sends.
///
/// Source: <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-run-lambda-schedule.html>
public struct ScheduledEvent: Codable, Sendable, Equatable {
    public var version: String
    /// A UUID: the same for every delivery of one tick.
    public var id: String
    /// "Scheduled Event".
    public var detailType: String
    /// "aws.events".
    public var source: String
    public var account: String
    /// ISO 8601, UTC: when the tick was due.
    public var time: String
    public var region: String
    /// The schedule's ARN first.
    public var resources: [String]

    public init(
        id: String, time: String, region: String = "us-east-1", account: String = "000000000000",
        resources: [String] = []
    ) {
        version = "0"
        self.id = id
        detailType = "Scheduled Event"
        source = "aws.events"
        self.account = account
        self.time = time
        self.region = region
        self.resources = resources
    }

    enum CodingKeys: String, CodingKey {
        case version, id, source, account, time, region, resources
        case detailType = "detail-type"
    }
}
