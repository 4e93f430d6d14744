/// Where credentials come from. Any task may ask; implementations are `Sendable` and cache what they fetch.
public protocol CredentialsProvider: Sendable {
    /// Valid credentials, refreshed before they expire. Cheap when cached: called for every request.
    func credentials() async throws -> Credentials
    /// Where they come from, for messages: "BRIGADE_CONNECTION_MINIO", "profile backup in ~/.aws/credentials". Never a secret.
    var origin: String { get }
}
