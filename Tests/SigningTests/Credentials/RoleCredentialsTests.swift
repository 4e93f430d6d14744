import Glibc
import TestSupport
import Testing
import Transport

@testable import Signing

@Suite struct RoleCredentialsTests {
    static let arn = "arn:aws:iam::123456789012:role/copier"

    private func folder(_ role: String, credentials: String? = nil) throws -> AWSFolder {
        try AWSFolder(
            config: """
                [default]
                region = eu-west-1
                [profile work]
                region = eu-west-1
                role_arn = \(Self.arn)
                \(role)
                """,
            credentials: credentials ?? """
                [base]
                aws_access_key_id = AKIABASE
                aws_secret_access_key = basesecret/+
                """)
    }

    private func assumed(_ clock: ManualClock)
        -> @Sendable (Int, ScriptedServer.Request) ->
        ScriptedServer.Answer
    {
        { number, _ in
            .respond(
                200,
                Sources.stsAnswer(
                    "AssumeRole", key: "ASIA\(number)", expiration: clock.text(in: 3600)))
        }
    }

    @Test func assumesARoleWithASignedRequest() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer(assumed(clock))
        let folder = try folder(
            """
            source_profile = base
            role_session_name = nightly copy
            external_id = a/b+c
            duration_seconds = 900
            """)
        let provider = try Sources.chain(
            folder.environment(["AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": server.url]),
            Sources.context(clock))
        #expect(
            provider.origin
                == "role \(Self.arn) of profile work in "
                + "\(folder.path)/.aws/credentials and \(folder.path)/.aws/config")
        #expect(server.requests.isEmpty, "it was asked before anyone needed it")
        let found = try await provider.credentials()
        #expect(
            found
                == Credentials(
                    accessKeyID: "ASIA0", secretAccessKey: "rolesecret",
                    sessionToken: "roletoken", expiration: clock.now + 3600))

        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/")
        #expect(
            request.text
                == "Action=AssumeRole&Version=2011-06-15&RoleArn="
                + "arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fcopier"
                + "&RoleSessionName=nightly%20copy&ExternalId=a%2Fb%2Bc&DurationSeconds=900")
        let expected = RequestSigner(service: "sts").sign(
            method: "POST", host: "127.0.0.1:\(server.port)", path: "/", query: [],
            headers: [
                ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
            ], payload: .of(request.body),
            credentials: Credentials(accessKeyID: "AKIABASE", secretAccessKey: "basesecret/+"),
            region: "eu-west-1", time: clock.now)
        #expect(request.header("authorization") == expected.last?.value)
        #expect(request.header("authorization")?.contains("/eu-west-1/sts/aws4_request") == true)
        #expect(request.header("x-amz-date") == Timestamps.amzDate(clock.now))
    }

    @Test func aSessionHasANameOfItsOwn() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer(assumed(clock))
        let folder = try folder("source_profile = base")
        let environment = folder.environment([
            "AWS_PROFILE": "work", "AWS_ENDPOINT_URL": server.url,
        ])
        _ = try await Sources.chain(environment, Sources.context(clock)).credentials()
        #expect(server.requests[0].text.contains("&RoleSessionName=brigade-\(clock.now)"))
        #expect(!server.requests[0].text.contains("DurationSeconds"))
    }

    @Test func isAskedAgainWhenTheSessionEnds() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer(assumed(clock))
        let folder = try folder("source_profile = base")
        let provider = try Sources.chain(
            folder.environment(["AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": server.url]),
            Sources.context(clock))
        #expect(try await provider.credentials().accessKeyID == "ASIA0")
        #expect(try await provider.credentials().accessKeyID == "ASIA0")
        clock.advance(3600)
        #expect(try await provider.credentials().accessKeyID == "ASIA1")
        #expect(server.requests.count == 2)
    }

    /// A role that assumes a role: the second is asked for with the first's token.
    @Test func rolesInAChain() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer(assumed(clock))
        let folder = try AWSFolder(
            config: """
                [profile outer]
                role_arn = arn:aws:iam::1:role/outer
                source_profile = inner
                [profile inner]
                role_arn = arn:aws:iam::1:role/inner
                source_profile = base
                [profile base]
                aws_access_key_id = AKIABASE
                aws_secret_access_key = s
                """)
        let environment = folder.environment([
            "AWS_PROFILE": "outer", "AWS_ENDPOINT_URL_STS": server.url,
        ])
        let found = try await Sources.chain(environment, Sources.context(clock)).credentials()
        #expect(found.accessKeyID == "ASIA1")
        #expect(server.requests[0].text.contains("role%2Finner"))
        #expect(server.requests[0].header("x-amz-security-token") == nil)
        #expect(server.requests[1].text.contains("role%2Fouter"))
        #expect(server.requests[1].header("authorization")!.contains("Credential=ASIA0/"))
        #expect(server.requests[1].header("x-amz-security-token") == "roletoken")
    }

    /// The keys that assume the role may stand in the role's own profile.
    @Test func aProfileMayBeItsOwnSource() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer(assumed(clock))
        let folder = try folder(
            """
            source_profile = work
            aws_access_key_id = AKIASELF
            aws_secret_access_key = s
            """)
        let environment = folder.environment([
            "AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": server.url,
        ])
        #expect(
            try await Sources.chain(environment, Sources.context(clock)).credentials()
                .accessKeyID == "ASIA0")
        #expect(server.requests[0].header("authorization")!.contains("Credential=AKIASELF/"))
    }

    /// The environment is the source of a profile that was asked for, also where its own keys would not count.
    @Test func theEnvironmentAsSource() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer(assumed(clock))
        let folder = try folder("credential_source = Environment")
        let environment = folder.environment([
            "AWS_ENDPOINT_URL_STS": server.url, "AWS_ACCESS_KEY_ID": "AKIAENV",
            "AWS_SECRET_ACCESS_KEY": "s",
        ])
        let provider = try Sources.chain(environment, profile: "work", Sources.context(clock))
        #expect(try await provider.credentials().accessKeyID == "ASIA0")
        #expect(server.requests[0].header("authorization")!.contains("Credential=AKIAENV/"))
    }

    @Test func theContainerAsSource() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer { number, request in
            request.method == "GET"
                ? .respond(200, Sources.keysJSON(expiration: clock.text(in: 3600)))
                : .respond(200, Sources.stsAnswer("AssumeRole", expiration: clock.text(in: 3600)))
        }
        let folder = try folder("credential_source = EcsContainer")
        let environment = folder.environment([
            "AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": server.url,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": server.url + "/keys",
        ])
        #expect(
            try await Sources.chain(environment, Sources.context(clock)).credentials()
                .accessKeyID == "ASIAROLE")
        #expect(server.requests[1].header("authorization")!.contains("Credential=ASIABOX/"))
        #expect(server.requests[1].header("x-amz-security-token") == "boxtoken")
    }

    @Test(arguments: [
        (403, "AccessDenied", "not authorized", CredentialsError.Kind.refused, 1),
        (403, "SignatureDoesNotMatch", "the signature\nbasesecret/+", .refused, 1),
        (400, "Throttling", "Rate exceeded", .unavailable, 3),
        (429, "TooMany", "slow", .unavailable, 3),
        (500, "InternalFailure", "oops", .unavailable, 3),
        (503, "", "", .unavailable, 3),
        (400, "ValidationError", "basesecret/+ is wrong", .refused, 1),
    ])
    func refusalsOfSTS(
        status: Int, code: String, message: String, kind: CredentialsError.Kind, attempts: Int
    ) async throws {
        let server = try ScriptedServer { _, _ in
            .respond(status, code.isEmpty ? "<html>down" : Sources.stsError(code, message))
        }
        let folder = try folder("source_profile = base")
        let provider = try Sources.chain(
            folder.environment(["AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": server.url]))
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(error.kind == kind)
        #expect(server.requests.count == attempts)
        #expect(error.description.hasPrefix("role \(Self.arn) of profile work in "))
        #expect(error.problem.contains("STS at 127.0.0.1:\(server.port) answered HTTP \(status)"))
        #expect(code.isEmpty || error.problem.contains(code))
        #expect(!error.everything.contains("basesecret"), "\(error.everything)")
    }

    @Test func aHiccupIsNoFailure() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer { number, _ in
            switch number {
            case 0: .close
            case 1: .respond(500, "")
            default:
                .respond(200, Sources.stsAnswer("AssumeRole", expiration: clock.text(in: 60)))
            }
        }
        let folder = try folder("source_profile = base")
        let provider = try Sources.chain(
            folder.environment(["AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": server.url]),
            Sources.context(clock))
        #expect(try await provider.credentials().accessKeyID == "ASIAROLE")
    }

    @Test(arguments: [
        ("", "no XML"), ("<AssumeRoleResponse/>", "AccessKeyId"), ("{}", "no XML"),
        (Sources.stsAnswer("AssumeRole", secret: "", expiration: "x"), "SecretAccessKey"),
        (Sources.stsAnswer("AssumeRole", token: "", expiration: "x"), "SessionToken"),
        (Sources.stsAnswer("AssumeRole", expiration: "tomorrow"), "Expiration"),
        (Sources.stsAnswer("Other", expiration: "2030-01-01T00:00:00Z"), "AccessKeyId"),
        (Sources.stsAnswer("AssumeRole", expiration: "2020-01-01T00:00:00Z"), "had expired"),
        (
            "<!DOCTYPE a>" + Sources.stsAnswer("AssumeRole", expiration: "2030-01-01T00:00:00Z"),
            "no XML"
        ),
    ])
    func answersThatAreNone(body: String, expected: String) async throws {
        let server = try ScriptedServer { _, _ in .respond(200, body) }
        let folder = try folder("source_profile = base")
        let provider = try Sources.chain(
            folder.environment(["AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": server.url]))
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(error.kind == .malformedAnswer)
        #expect(error.problem.contains(expected), "\(error)")
        #expect(server.requests.count == 1)
        #expect(!error.everything.contains("rolesecret"))
    }

    @Test func nobodyAtTheEndpoint() async throws {
        let dead = try LoopbackSocket.deadPort()
        defer { close(dead.descriptor) }
        let folder = try folder("source_profile = base")
        let provider = try Sources.chain(
            folder.environment([
                "AWS_PROFILE": "work", "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:\(dead.port)",
            ]))
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(error.kind == .unavailable)
        #expect(error.problem.contains("127.0.0.1:\(dead.port)"))
        #expect(error.cause is TransportError)
    }

    /// The endpoint by region, unless another is configured.
    @Test(arguments: [
        ([:], "https://sts.eu-west-1.amazonaws.com/", "eu-west-1"),
        (["AWS_REGION": "cn-north-1"], "https://sts.cn-north-1.amazonaws.com.cn/", "cn-north-1"),
        (["AWS_ENDPOINT_URL": "http://a"], "http://a/", "eu-west-1"),
        (
            ["AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_STS": "https://b:443/x"],
            "https://b/x", "eu-west-1"
        ),
        (
            ["AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"],
            "https://sts.eu-west-1.amazonaws.com/", "eu-west-1"
        ),
        (["AWS_PROFILE": "served"], "http://served.example:8080/", "us-east-1"),
    ])
    func endpoints(variables: [String: String], url: String, region: String) throws {
        let folder = try AWSFolder(
            config: """
                [default]
                region = eu-west-1
                [profile served]
                services = mine
                [services mine]
                sts =
                  endpoint_url = http://Served.example:8080
                """)
        let settings = try AWSSettings(environment: folder.environment(variables))
        let sts = try settings.sts(Sources.context())
        #expect(sts.endpoint.url == url)
        #expect(sts.region == region)
    }

    @Test(arguments: [
        (["AWS_ENDPOINT_URL_STS": "sts.example"], "AWS_ENDPOINT_URL_STS"),
        (["AWS_ENDPOINT_URL_STS": "ftp://a"], "AWS_ENDPOINT_URL_STS"),
        (["AWS_ENDPOINT_URL_STS": "http://u:p@a"], "AWS_ENDPOINT_URL_STS"),
        (["AWS_ENDPOINT_URL_STS": "http://a?b"], "AWS_ENDPOINT_URL_STS"),
        (["AWS_ENDPOINT_URL_STS": "http://"], "AWS_ENDPOINT_URL_STS"),
        (["AWS_REGION": "eu/../evil"], "AWS_REGION"),
        (["AWS_REGION": "evil.example"], "AWS_REGION"),
    ])
    func placesThatAreNone(variables: [String: String], origin: String) throws {
        let error = #expect(throws: CredentialsError.self) {
            try AWSSettings(environment: variables).sts(Sources.context())
        }
        #expect(error?.origin == origin)
    }
}
