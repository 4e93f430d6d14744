/// A connection or a location that cannot be used as it was written. Never holds a secret.
public struct ConnectionError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Where it was written: "BRIGADE_CONNECTION_MINIO", "brigade.yaml line 4", "s3://bucket".
    public let origin: String
    /// What is wrong, and what would be right.
    public let problem: String
    /// The way out, when it is not said in `problem`.
    public let advice: String?

    public init(origin: String, problem: String, advice: String? = nil) {
        self.origin = origin
        self.problem = problem
        self.advice = advice
    }

    public var description: String { "\(origin): \(problem)" }
}
