/// Builds the providers of roles: what is assumed, by whom, and how it is told.
enum RoleCredentials {
    /// A role assumed by other credentials.
    static func assumed(
        _ role: STSClient.Role, by source: any CredentialsProvider, _ sts: STSClient,
        place: String
    ) -> RefreshingCredentials {
        let origin = "role \(role.arn) of \(place)"
        return RefreshingCredentials(origin: origin, now: sts.context.now) {
            () async throws(CredentialsError) in
            try await sts.assumeRole(role, source: source, origin: origin)
        }
    }

    /// A role assumed by a token in a file, which is read each time: whoever wrote it renews it.
    static func webIdentity(
        _ role: STSClient.Role, tokenFile: String, _ sts: STSClient, place: String
    ) -> RefreshingCredentials {
        let origin = "role \(role.arn) by the web identity token of \(place)"
        return RefreshingCredentials(origin: origin, now: sts.context.now) {
            () async throws(CredentialsError) in
            let token = try Self.token(tokenFile)
            return try await sts.assumeRole(role, webIdentityToken: token, origin: origin)
        }
    }

    /// The one word of a file.
    static func token(_ path: String) throws(CredentialsError) -> String {
        guard let bytes = try SharedFiles.read(path, limitBytes: 64 << 10) else {
            throw CredentialsError(
                .misconfigured, origin: path, problem: "there is no such token file")
        }
        let token = String(validating: bytes, as: UTF8.self).map { Substring($0).trimmed } ?? ""
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw CredentialsError(
                .misconfigured, origin: path, problem: "the file does not hold one token")
        }
        return String(token)
    }
}
