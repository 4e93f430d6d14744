/// A key pair that was written down: it is never refreshed.
public struct GivenCredentials: CredentialsProvider {
    private let value: Credentials
    public let origin: String

    /// - Parameter origin: where it was written, for messages. Never a secret.
    public init(_ value: Credentials, origin: String) {
        self.value = value
        self.origin = origin
    }

    public func credentials() async throws -> Credentials { value }
}
