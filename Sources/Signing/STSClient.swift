import Transport
import XML

/// The two operations of AWS's Security Token Service that turn one identity into credentials of a role.
///
/// Source: <https://docs.aws.amazon.com/STS/latest/APIReference/welcome.html>
struct STSClient: Sendable {
    /// For a role: what the profile says of the session.
    struct Role: Sendable, Equatable {
        var arn: String
        var sessionName: String?
        var externalID: String?
        /// nil leaves it to STS, which takes an hour.
        var durationSeconds: Int?
    }

    let endpoint: ServiceEndpoint
    let region: String
    let context: CredentialsContext
    private let signer = RequestSigner(service: "sts")

    init(endpoint: ServiceEndpoint, region: String, context: CredentialsContext) {
        self.endpoint = endpoint
        self.region = region
        self.context = context
    }

    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html>
    func assumeRole(
        _ role: Role, source: any CredentialsProvider, origin: String
    ) async throws(CredentialsError) -> Credentials {
        let body = body("AssumeRole", role, [])
        let secrets = Locked<[String]>([])
        return try await context.fetch(origin: origin) { () async throws(CredentialsError) in
            let credentials = try await Self.credentials(of: source)
            secrets.withLock {
                $0 = [credentials.secretAccessKey, credentials.sessionToken ?? ""]
            }
            var request = request(body)
            let fields = signer.sign(
                method: request.method.rawValue, host: endpoint.host, path: endpoint.path,
                query: [], headers: request.headers.map { $0 }, payload: .of(body),
                credentials: credentials, region: region, time: context.now())
            for field in fields { request.headers.append(field.name, field.value) }
            return request
        } read: { response in
            answer(response, "AssumeRole", origin, hiding: secrets.withLock { $0 })
        }
    }

    /// Not signed: the token is what proves the caller.
    /// <https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html>
    func assumeRole(
        _ role: Role, webIdentityToken token: String, origin: String
    ) async throws(CredentialsError) -> Credentials {
        let operation = "AssumeRoleWithWebIdentity"
        let body = body(operation, role, [("WebIdentityToken", token)])
        return try await context.fetch(origin: origin) {
            request(body)
        } read: { response in
            answer(response, operation, origin, hiding: [token])
        }
    }

    private static func credentials(
        of source: any CredentialsProvider
    ) async throws(CredentialsError) -> Credentials {
        do {
            return try await source.credentials()
        } catch let error as CredentialsError {
            throw error
        } catch {
            throw CredentialsError(
                .unavailable, origin: source.origin, problem: "it was not asked to the end",
                cause: error)
        }
    }

    private func body(
        _ operation: String, _ role: Role, _ more: [(String, String)]
    ) -> [UInt8] {
        var fields = [("Action", operation), ("Version", "2011-06-15"), ("RoleArn", role.arn)]
        fields.append(("RoleSessionName", role.sessionName ?? "brigade-\(context.now())"))
        if let externalID = role.externalID { fields.append(("ExternalId", externalID)) }
        if let seconds = role.durationSeconds {
            fields.append(("DurationSeconds", String(seconds)))
        }
        let pairs = (fields + more).map {
            $0.0 + "=" + URIEncoding.encode($0.1.utf8, keepSlash: false)
        }
        return Array(pairs.joined(separator: "&").utf8)
    }

    private func request(_ body: [UInt8]) -> HTTPRequest {
        HTTPRequest(
            .post, endpoint.url,
            headers: ["Content-Type": "application/x-www-form-urlencoded; charset=utf-8"],
            body: body, timeouts: HTTPTimeouts(idle: .seconds(10), total: .seconds(20)))
    }

    private func answer(
        _ response: HTTPResponse, _ operation: String, _ origin: String, hiding secrets: [String]
    ) -> CredentialsContext.Answer {
        do throws(CredentialsError) {
            guard response.head.isSuccess else {
                return .failed(STSAnswer.failure(response, at: endpoint, origin, hiding: secrets))
            }
            return .accepted(try STSAnswer.credentials(response.body, operation, origin: origin))
        } catch {
            return .failed(error)
        }
    }
}
