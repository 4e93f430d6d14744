/// Why there are no credentials. `kind` is the only thing code branches on. Never holds a secret.
public struct CredentialsError: Error, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        /// Nothing that the chain looks for is there.
        case notFound
        /// What is there is incomplete, contradicts itself or cannot be read.
        case misconfigured
        /// What is there needs something that this program does not do.
        case unsupported
        /// The source answered, and gave none.
        case refused
        /// The source did not answer or failed; later it may do better.
        case unavailable
        /// The source gave something that is no key pair, or one that had expired.
        case malformedAnswer
    }

    public let kind: Kind
    /// Which source: "profile backup in /home/u/.aws/config".
    public let origin: String
    /// What is wrong.
    public let problem: String
    /// What the operator can do about it, when there is something to say.
    public let advice: String?
    public let cause: (any Error)?

    public init(
        _ kind: Kind, origin: String, problem: String, advice: String? = nil,
        cause: (any Error)? = nil
    ) {
        self.kind = kind
        self.origin = origin
        self.problem = problem
        self.advice = advice
        self.cause = cause
    }

    public var description: String { "\(origin): \(problem)" }
}
