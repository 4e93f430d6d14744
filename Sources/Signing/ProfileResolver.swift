/// Turns what a profile says into the provider of its credentials. Asks nobody: that is the provider's part.
struct ProfileResolver: Sendable {
    let settings: AWSSettings
    let configuration: SharedConfiguration
    let context: CredentialsContext

    /// - Returns: nil when the profile has nothing about credentials.
    /// - Throws: ``CredentialsError`` for what is incomplete or in a circle.
    func provider(_ name: String) throws(CredentialsError) -> (any CredentialsProvider)? {
        try provider(name, after: [])
    }

    private func provider(
        _ name: String, after visited: [String]
    ) throws(CredentialsError) -> (any CredentialsProvider)? {
        guard let profile = configuration.profile(name) else { return nil }
        let place = "profile \(name) in \(configuration.place)"
        // A role comes first, but a profile that others name as their source gives its keys: so may a role's
        // profile name itself, and hold the keys that assume it.
        if profile.assumesRole, visited.isEmpty || !profile.hasKeys {
            return try role(profile, place, after: visited)
        }
        if let tokenFile = profile.value("web_identity_token_file") {
            guard let role = try session(profile, place) else {
                throw CredentialsError(
                    .misconfigured, origin: place,
                    problem: "it has a web_identity_token_file, but no role_arn")
            }
            return RoleCredentials.webIdentity(
                role, tokenFile: tokenFile, try settings.sts(context), place: place)
        }
        if let keys = try keys(profile.credentialsValues, place) { return keys }
        if let command = profile.value("credential_process") {
            return try ProcessCredentials.provider(
                command: command, place: place, environment: settings.environment, context)
        }
        if let keys = try keys(profile.values, place) { return keys }
        if let setting = profile.signIn {
            throw CredentialsError(
                .unsupported, origin: place,
                problem: "it signs in through a browser (\(setting)), which only the AWS CLI does",
                advice: "Add a profile with credential_process = aws configure export-credentials "
                    + "--profile \(name)")
        }
        return nil
    }

    private func keys(
        _ values: [String: String], _ place: String
    ) throws(CredentialsError) -> GivenCredentials? {
        let accessKeyID = values.value("aws_access_key_id")
        let secret = values.value("aws_secret_access_key")
        if accessKeyID == nil, secret == nil { return nil }
        guard let accessKeyID, let secret else {
            let missing = secret == nil ? "aws_secret_access_key" : "aws_access_key_id"
            throw CredentialsError(
                .misconfigured, origin: place, problem: "it has half a key pair: no \(missing)")
        }
        return GivenCredentials(
            Credentials(
                accessKeyID: accessKeyID, secretAccessKey: secret,
                sessionToken: values.value("aws_session_token")),
            origin: place)
    }

    private func role(
        _ profile: SharedConfiguration.Profile, _ place: String, after visited: [String]
    ) throws(CredentialsError) -> any CredentialsProvider {
        func refused(
            _ problem: String, _ kind: CredentialsError.Kind = .misconfigured,
            advice: String? = nil
        ) -> CredentialsError {
            CredentialsError(kind, origin: place, problem: problem, advice: advice)
        }
        guard let role = try session(profile, place) else { throw refused("it has no role_arn") }
        if profile.value("mfa_serial") != nil {
            throw refused(
                "its role asks for a code of a device (mfa_serial), and nobody is here to type it",
                .unsupported,
                advice: "Let credential_process = aws configure export-credentials do it.")
        }
        let sourceName = profile.value("source_profile")
        let sourceKind = profile.value("credential_source")
        let source: any CredentialsProvider
        switch (sourceName, sourceKind) {
        case (let name?, nil):
            guard configuration.profile(name) != nil else {
                throw refused("its source_profile \"\(name)\" is not there")
            }
            let isOwn = name == profile.name && profile.hasKeys
            guard isOwn || !(visited + [profile.name]).contains(name) else {
                throw refused("its source_profile \"\(name)\" leads back to itself")
            }
            guard let found = try provider(name, after: visited + [profile.name]) else {
                throw refused("its source_profile \"\(name)\" has no credentials")
            }
            source = found
        case (nil, let kind?): source = try self.source(kind, place)
        case (nil, nil):
            throw refused("it has a role_arn, but neither source_profile nor credential_source")
        case (_?, _?):
            throw refused("it has both source_profile and credential_source")
        }
        return RoleCredentials.assumed(role, by: source, try settings.sts(context), place: place)
    }

    private func source(
        _ kind: String, _ place: String
    ) throws(CredentialsError) -> any CredentialsProvider {
        let found: (any CredentialsProvider)?
        switch kind {
        case "Environment": found = try GivenCredentials(environment: settings.environment)
        case "EcsContainer":
            found = try ContainerCredentials.provider(
                environment: settings.environment, context)
        case "Ec2InstanceMetadata":
            throw CredentialsError(
                .unsupported, origin: place,
                problem: "its credential_source is EC2 instance metadata, which is not asked",
                advice: CredentialsChain.instanceAdvice)
        default:
            throw CredentialsError(
                .misconfigured, origin: place,
                problem: "its credential_source is none of Environment and EcsContainer")
        }
        guard let found else {
            throw CredentialsError(
                .misconfigured, origin: place,
                problem: "its credential_source \(kind) has no credentials")
        }
        return found
    }

    private func session(
        _ profile: SharedConfiguration.Profile, _ place: String
    ) throws(CredentialsError) -> STSClient.Role? {
        guard let arn = profile.value("role_arn") else { return nil }
        var role = STSClient.Role(
            arn: arn, sessionName: profile.value("role_session_name"),
            externalID: profile.value("external_id"))
        if let text = profile.value("duration_seconds") {
            guard let seconds = Int(text), seconds > 0 else {
                throw CredentialsError(
                    .misconfigured, origin: place,
                    problem: "its duration_seconds is no number of seconds")
            }
            role.durationSeconds = seconds
        }
        return role
    }
}
