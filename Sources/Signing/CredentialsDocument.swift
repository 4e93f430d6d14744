import FoundationEssentials

/// The JSON of container endpoints and of `credential_process`.
///
/// Sources: <https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html>,
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html>
struct CredentialsDocument: Decodable {
    var version: Int?
    var accessKeyID: String?
    var secretAccessKey: String?
    /// Of a process.
    var sessionToken: String?
    /// The same, of a container.
    var token: String?
    var expiration: String?

    private enum CodingKeys: String, CodingKey {
        case version = "Version"
        case accessKeyID = "AccessKeyId"
        case secretAccessKey = "SecretAccessKey"
        case sessionToken = "SessionToken"
        case token = "Token"
        case expiration = "Expiration"
    }

    /// - Throws: ``CredentialsError`` `malformedAnswer`, without anything of the document.
    init(_ bytes: [UInt8], origin: String) throws(CredentialsError) {
        do {
            self = try JSONDecoder().decode(CredentialsDocument.self, from: Data(bytes))
        } catch {
            // The decoder's own words may quote the document.
            throw CredentialsError(
                .malformedAnswer, origin: origin, problem: "the answer is no JSON of credentials")
        }
    }

    /// - Throws: ``CredentialsError`` `malformedAnswer` that names the field.
    func credentials(origin: String) throws(CredentialsError) -> Credentials {
        func missing(_ name: String) -> CredentialsError {
            CredentialsError(
                .malformedAnswer, origin: origin, problem: "the answer has no \(name)")
        }
        guard let accessKeyID, !accessKeyID.isEmpty else { throw missing("AccessKeyId") }
        guard let secretAccessKey, !secretAccessKey.isEmpty else {
            throw missing("SecretAccessKey")
        }
        return Credentials(
            accessKeyID: accessKeyID, secretAccessKey: secretAccessKey,
            sessionToken: sessionToken ?? token,
            expiration: try expiration.map { text throws(CredentialsError) in
                try Self.expiration(text, origin: origin)
            })
    }

    /// Unix seconds of an ISO 8601 time.
    static func expiration(_ text: String, origin: String) throws(CredentialsError) -> Int64 {
        guard let milliseconds = Timestamps.parseISO8601Milliseconds(text) else {
            throw CredentialsError(
                .malformedAnswer, origin: origin, problem: "the answer's Expiration is no time")
        }
        return milliseconds / 1000
    }
}
