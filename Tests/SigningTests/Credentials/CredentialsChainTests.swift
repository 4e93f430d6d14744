import Testing

@testable import Signing

/// Which source is chosen, and what is said when there is none.
@Suite struct CredentialsChainTests {
    private static let keys = [
        "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "envsecret",
    ]
    private static let web = [
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "AWS_ROLE_ARN": "arn:aws:iam::1:role/web",
    ]
    private static let container = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost/x"]
    private static let profileKeys = "aws_access_key_id = AKIAFILE\naws_secret_access_key = f"
    private static let role = """
        role_arn = arn:aws:iam::1:role/file
        credential_source = EcsContainer
        """

    /// The order of the AWS CLI.
    @Test(arguments: [
        ([keys, web, container], role, "AWS_ACCESS_KEY_ID in the environment"),
        ([web, container], role, "role arn:aws:iam::1:role/file of profile default"),
        ([web, container], profileKeys, "role arn:aws:iam::1:role/web by the web identity"),
        ([container], profileKeys, "profile default in "),
        ([container], "credential_process = x", "credential_process of profile default"),
        ([container], "region = eu-west-1", "the container endpoint of AWS_CONTAINER"),
        ([], profileKeys + "\ncredential_process = x", "credential_process of profile default"),
    ])
    func order(variables: [[String: String]], profile: String, origin: String) throws {
        let folder = try AWSFolder(config: "[default]\n" + profile)
        let environment = variables.reduce(folder.environment()) { $0.merging($1) { $1 } }
        let found = try Sources.chain(environment).origin
        #expect(found.hasPrefix(origin), "\(found)")
    }

    /// The credentials file's keys come before a process, and the process before the keys in the configuration.
    @Test func keysOfTheCredentialsFileComeFirst() async throws {
        let folder = try AWSFolder(
            config: "[default]\naws_access_key_id = CONFIG\ncredential_process = /nowhere",
            credentials: "[default]\naws_access_key_id = FILE\naws_secret_access_key = s\n"
                + "aws_session_token = t")
        let found = try await Sources.chain(folder.environment()).credentials()
        #expect(
            found
                == Credentials(accessKeyID: "FILE", secretAccessKey: "s", sessionToken: "t"))
    }

    @Test(
        arguments: [
            (keys, "AKIAENV", nil),
            (keys.merging(["AWS_SESSION_TOKEN": "t"]) { $1 }, "AKIAENV", "t"),
            (keys.merging(["AWS_SESSION_TOKEN": ""]) { $1 }, "AKIAENV", nil),
        ] as [([String: String], String, String?)])
    func environmentKeys(variables: [String: String], key: String, token: String?) async throws {
        let found = try await Sources.chain(variables).credentials()
        #expect(found.accessKeyID == key)
        #expect(found.sessionToken == token)
        #expect(found.expiration == nil)
    }

    @Test func halfAPairInTheEnvironment() {
        for secret in [nil, ""] {
            let error = #expect(throws: CredentialsError.self) {
                try Sources.chain(
                    ["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": secret].compactMapValues
                    {
                        $0
                    })
            }
            #expect(error?.problem.contains("AWS_SECRET_ACCESS_KEY is not set") == true)
        }
    }

    /// A profile that the caller asked for is the only place.
    @Test func aGivenProfileIsTheOnlyPlace() async throws {
        let folder = try AWSFolder(
            config: "[profile empty]\nregion = eu-west-1", credentials: "[p]\n" + Self.profileKeys)
        let all = [Self.keys, Self.web, Self.container].reduce(folder.environment()) {
            $0.merging($1) { $1 }
        }
        #expect(
            try await Sources.chain(all, profile: "p").credentials().accessKeyID == "AKIAFILE")
        let error = #expect(throws: CredentialsError.self) {
            try Sources.chain(all, profile: "empty")
        }
        #expect(error?.kind == .notFound)
        #expect(error?.origin.hasPrefix("profile empty in \(folder.path)/.aws/") == true)
    }

    @Test func nothingAnywhereIsToldAsAWhole() throws {
        let folder = try AWSFolder()
        let error = try #require(
            #expect(throws: CredentialsError.self) { try Sources.chain(folder.environment()) })
        #expect(error.kind == .notFound)
        for place in [
            "AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "profile default",
            folder.path + "/.aws/credentials", folder.path + "/.aws/config",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        ] {
            #expect(error.description.contains(place), "\(error) without \(place)")
        }
        #expect(error.advice?.contains("EC2 instance metadata") == true)
        let homeless = #expect(throws: CredentialsError.self) { try Sources.chain([:]) }
        #expect(homeless?.problem.contains("HOME is not set") == true)
    }

    @Test(arguments: [nil, "gone"])
    func aProfileThatIsNotThere(given: String?) throws {
        let folder = try AWSFolder(config: "[profile a]\n[profile b]")
        let environment = folder.environment(["AWS_PROFILE": "gone"])
        let error = #expect(throws: CredentialsError.self) {
            try Sources.chain(environment, profile: given)
        }
        #expect(error?.origin == (given == nil ? "AWS_PROFILE" : "profile gone"))
        #expect(error?.problem.contains("no profile \"gone\" in \(folder.path)/.aws/") == true)
        #expect(error?.advice == "Known: a, b.")
    }

    /// What cannot work is told before anything is asked, with the profile's place.
    @Test(arguments: [
        ("role_arn = r", "neither source_profile nor credential_source"),
        ("role_arn = r\nsource_profile = a\ncredential_source = Environment", "both"),
        ("role_arn = r\nsource_profile = gone", "is not there"),
        ("role_arn = r\nsource_profile = default", "leads back to itself"),
        ("role_arn = r\nsource_profile = loop", "leads back to itself"),
        ("role_arn = r\nsource_profile = empty", "has no credentials"),
        ("role_arn = r\nsource_profile = half", "no aws_secret_access_key"),
        ("role_arn = r\ncredential_source = Environment", "Environment has no credentials"),
        ("role_arn = r\ncredential_source = EcsContainer", "EcsContainer has no credentials"),
        ("role_arn = r\ncredential_source = Ec2InstanceMetadata", "EC2 instance metadata"),
        ("role_arn = r\ncredential_source = environment", "none of Environment"),
        ("role_arn = r\nsource_profile = keys\nmfa_serial = m", "mfa_serial"),
        ("role_arn = r\nsource_profile = keys\nduration_seconds = 1h", "duration_seconds"),
        ("web_identity_token_file = /t", "no role_arn"),
        ("aws_access_key_id = AKIA", "no aws_secret_access_key"),
        ("aws_secret_access_key = topsecret", "no aws_access_key_id"),
        ("credential_process = 'topsecret", "does not end"),
        ("sso_session = s", "sso_session"), ("sso_start_url = u", "sso_start_url"),
        ("login_session = s", "login_session"),
    ])
    func profilesThatCannotWork(profile: String, expected: String) throws {
        let folder = try AWSFolder(
            config: """
                [default]
                \(profile)
                [profile loop]
                role_arn = l
                source_profile = default
                [profile empty]
                region = eu-west-1
                [profile half]
                aws_access_key_id = AKIA
                [profile keys]
                \(Self.profileKeys)
                """)
        let error = try #require(
            #expect(throws: CredentialsError.self) { try Sources.chain(folder.environment()) })
        #expect(error.description.contains(expected), "\(error)")
        #expect(error.origin.contains("profile "))
        #expect(!error.everything.contains("topsecret"))
        #expect(
            error.kind == .misconfigured
                || (error.kind == .unsupported && error.advice?.isEmpty == false))
    }

    /// Keys that a tool has put beside an SSO profile are used; signing in is the AWS CLI's.
    @Test func keysBesideASignIn() async throws {
        let folder = try AWSFolder(
            config: "[default]\nsso_session = s", credentials: "[default]\n" + Self.profileKeys)
        let found = try await Sources.chain(folder.environment()).credentials()
        #expect(found.accessKeyID == "AKIAFILE")
    }
}
