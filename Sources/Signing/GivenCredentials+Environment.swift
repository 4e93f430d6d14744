extension GivenCredentials {
    /// The key pair in `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
    ///
    /// - Returns: nil when there is no access key. A variable that is empty is not set.
    /// - Throws: ``CredentialsError`` for an access key without its secret.
    ///
    /// Source: <https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html>
    public init?(environment: [String: String]) throws(CredentialsError) {
        let origin = "AWS_ACCESS_KEY_ID in the environment"
        guard let accessKeyID = environment.value("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = environment.value("AWS_SECRET_ACCESS_KEY") else {
            throw CredentialsError(
                .misconfigured, origin: origin,
                problem: "there is an access key, but AWS_SECRET_ACCESS_KEY is not set")
        }
        self.init(
            Credentials(
                accessKeyID: accessKeyID, secretAccessKey: secret,
                sessionToken: environment.value("AWS_SESSION_TOKEN")),
            origin: origin)
    }
}

extension [String: String] {
    /// What a variable or a setting says; nil when it is empty, which counts as not set.
    func value(_ name: String) -> String? {
        guard let value = self[name], !value.isEmpty else { return nil }
        return value
    }
}
