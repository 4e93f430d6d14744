import Transport

/// AWS's order of looking for credentials, as its CLI has it, without EC2 instance metadata and without signing in.
///
/// Source: <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-quickstart.html#cli-configure-quickstart-precedence>
enum CredentialsChain {
    static let instanceAdvice =
        "EC2 instance metadata is not asked: on an instance, let credential_process in a profile fetch them."

    /// Chooses once; nobody is asked yet.
    static func choose(
        _ settings: AWSSettings, _ context: CredentialsContext
    ) throws(CredentialsError) -> any CredentialsProvider {
        let environment = settings.environment
        if !settings.isProfileGiven {
            if let found = try GivenCredentials(environment: environment) { return found }
            // A role of the profile comes before the token in the environment, all else of the profile after it.
            if !(settings.profile?.assumesRole ?? false),
                let found = try webIdentity(settings, context)
            {
                return found
            }
        }
        if let found = try ProfileCredentials(settings, context) { return found }
        if !settings.isProfileGiven,
            let found = try ContainerCredentials.provider(environment: environment, context)
        {
            return found
        }
        throw notFound(settings)
    }

    private static func webIdentity(
        _ settings: AWSSettings, _ context: CredentialsContext
    ) throws(CredentialsError) -> (any CredentialsProvider)? {
        let environment = settings.environment
        let variable = "AWS_WEB_IDENTITY_TOKEN_FILE"
        guard let file = environment.value(variable) else { return nil }
        guard let arn = environment.value("AWS_ROLE_ARN") else {
            throw CredentialsError(
                .misconfigured, origin: variable, problem: "AWS_ROLE_ARN is not set")
        }
        let role = STSClient.Role(
            arn: arn, sessionName: environment.value("AWS_ROLE_SESSION_NAME"))
        return RoleCredentials.webIdentity(
            role, tokenFile: file, try settings.sts(context), place: variable)
    }

    private static func notFound(_ settings: AWSSettings) -> CredentialsError {
        let place = "profile \(settings.profileName) in \(settings.configuration.place)"
        let problem = settings.profile == nil ? " (there is none)" : " (it has none)"
        if settings.isProfileGiven {
            return CredentialsError(
                .notFound, origin: place, problem: "the profile has no credentials",
                advice: "It needs keys, a role, or a credential_process. " + instanceAdvice)
        }
        return CredentialsError(
            .notFound, origin: "the AWS chain",
            problem: "no credentials; looked for AWS_ACCESS_KEY_ID and "
                + "AWS_WEB_IDENTITY_TOKEN_FILE in the environment, for \(place)\(problem), for "
                + "\(ContainerCredentials.relativeVariable) and "
                + "\(ContainerCredentials.fullVariable) in the environment",
            advice: instanceAdvice)
    }
}

extension AWSSettings {
    /// The provider of the credentials that these settings lead to.
    ///
    /// Asks nobody yet: the first call of its `credentials()` does.
    ///
    /// - Throws: ``CredentialsError``; `notFound` lists what was looked for.
    public func credentials(
        transport: HTTPTransport
    ) throws(CredentialsError) -> any CredentialsProvider {
        try CredentialsChain.choose(self, CredentialsContext(transport: transport))
    }

    /// STS as configured, else that of the region.
    ///
    /// Source: <https://docs.aws.amazon.com/general/latest/gr/sts.html>
    func sts(_ context: CredentialsContext) throws(CredentialsError) -> STSClient {
        let region = region
        guard Self.isRegion(region.value) else {
            throw CredentialsError(
                .misconfigured, origin: region.origin,
                problem: "a region has letters, digits and dashes only")
        }
        let given = endpointURL(service: "sts")
        let domain = Self.domain(region: region.value)
        let url = given?.value ?? "https://sts.\(region.value).\(domain)"
        guard let endpoint = ServiceEndpoint(url) else {
            throw CredentialsError(
                .misconfigured, origin: given?.origin ?? region.origin,
                problem: "an endpoint is http(s)://host[:port]")
        }
        return STSClient(endpoint: endpoint, region: region.value, context: context)
    }
}
