import Signing

/// A key pair that was written down with the connection: it is never refreshed.
struct GivenCredentials: CredentialsProvider {
    private let value: Credentials
    let origin: String

    init(_ value: Credentials, origin: String) {
        self.value = value
        self.origin = origin
    }

    func credentials() async throws -> Credentials { value }
}
