import TestSupport
import Testing

@testable import Signing

@Suite struct ContainerCredentialsTests {
    private static let relative = ContainerCredentials.relativeVariable
    private static let full = ContainerCredentials.fullVariable

    private func server(_ clock: ManualClock) throws -> ScriptedServer {
        try ScriptedServer { number, _ in
            .respond(
                200, Sources.keysJSON(key: "ASIA\(number)", expiration: clock.text(in: 3600)))
        }
    }

    @Test func theTasksRelativePath() async throws {
        let clock = ManualClock()
        let server = try server(clock)
        let provider = try Sources.chain(
            [Self.relative: "/v2/credentials/topsecret-id?a=b", Self.full: "http://evil.example"],
            Sources.context(clock, container: server.url))
        #expect(provider.origin == "the container endpoint of \(Self.relative)")
        #expect(
            try await provider.credentials()
                == Credentials(
                    accessKeyID: "ASIA0", secretAccessKey: "boxsecret",
                    sessionToken: "boxtoken", expiration: clock.now + 3600))
        #expect(server.requests[0].method == "GET")
        #expect(server.requests[0].target == "/v2/credentials/topsecret-id?a=b")
        #expect(server.requests[0].header("authorization") == nil)
        #expect(server.requests[0].header("accept") == "application/json")
        clock.advance(3600)
        #expect(try await provider.credentials().accessKeyID == "ASIA1")
    }

    /// The real address is ECS's; nobody asks it here.
    @Test func theRealAddress() {
        #expect(
            CredentialsContext(transport: Sources.transport).containerURL
                == "http://169.254.170.2")
    }

    @Test func theTokenOfTheEnvironment() async throws {
        let clock = ManualClock()
        let server = try server(clock)
        let provider = try Sources.chain(
            [Self.full: server.url + "/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "Basic abc"],
            Sources.context(clock))
        _ = try await provider.credentials()
        #expect(server.requests[0].target == "/x")
        #expect(server.requests[0].header("authorization") == "Basic abc")
    }

    /// The file comes first, and is read for each request.
    @Test func theTokenOfTheFile() async throws {
        let clock = ManualClock()
        let server = try server(clock)
        let folder = try AWSFolder()
        let file = try folder.write("one\n", to: "token")
        let provider = try Sources.chain(
            [
                Self.full: server.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other",
                "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file,
            ], Sources.context(clock))
        _ = try await provider.credentials()
        try folder.write("two", to: "token")
        clock.advance(3600)
        _ = try await provider.credentials()
        #expect(server.requests.map { $0.header("authorization") } == ["one", "two"])
    }

    @Test func aTokenOfTwoLinesIsNotSent() async throws {
        let server = try server(ManualClock())
        let provider = try Sources.chain([
            Self.full: server.url, "AWS_CONTAINER_AUTHORIZATION_TOKEN": "topsecret\r\nX-Evil: 1",
        ])
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(error.origin == "AWS_CONTAINER_AUTHORIZATION_TOKEN")
        #expect(!error.everything.contains("topsecret"))
        #expect(server.requests.isEmpty)
    }

    /// Over http only this machine and the link-local addresses of ECS and EKS.
    @Test(arguments: [
        ("http://127.0.0.1/a", true), ("http://127.8.9.10:80/", true), ("http://localhost:1", true),
        ("HTTP://LOCALHOST/", true), ("http://[::1]:5/a", true), ("http://[0:0::1]/", true),
        ("http://169.254.170.2/x", true), ("http://169.254.170.23/x", true),
        ("http://[fd00:ec2::23]/v1", true), ("http://[FD00:EC2:0::23]:80/v1", true),
        ("https://any.example/x", true), ("https://10.0.0.1", true),
        ("http://169.254.170.3/", false), ("http://169.254.169.254/latest", false),
        ("http://10.0.0.1/", false), ("http://128.0.0.1/", false),
        ("http://127.0.0.1.evil/", false),
        ("http://localhost.evil/", false), ("http://evil/#127.0.0.1", false),
        ("http://evil?localhost", false), ("http://127.1/", false), ("http://0x7f.0.0.1/", false),
        ("http://[fd00:ec2::24]/", false), ("http://[::ffff:10.0.0.1]/", false),
        ("http://localhost@evil/", false), ("http://127.0.0.1:80@evil/", false),
        ("https://u:p@h/", false), ("http:///x", false), ("https:///x", false), ("http://", false),
        ("ftp://localhost/", false), ("localhost/x", false), ("", false), ("file:///etc", false),
    ])
    func hosts(url: String, isAllowed: Bool) throws {
        let problem = ContainerCredentials.problem(with: url)
        #expect((problem == nil) == isAllowed, "\(problem ?? "allowed")")
        guard !isAllowed, !url.isEmpty else { return }
        let error = #expect(throws: CredentialsError.self) {
            try Sources.chain([Self.full: url])
        }
        #expect(error?.kind == .misconfigured)
        #expect(error?.origin == "the container endpoint of \(Self.full)")
    }

    @Test(arguments: ["@evil.example/", ".evil.example/", "path"])
    func aRelativePathStaysAPath(path: String) {
        let error = #expect(throws: CredentialsError.self) {
            try Sources.chain([Self.relative: path])
        }
        #expect(error?.problem.contains("slash") == true)
    }

    @Test(arguments: [
        (404, "{}", CredentialsError.Kind.refused, 1, "HTTP 404"),
        (403, #"{"message":"topsecret"}"#, .refused, 1, "HTTP 403"),
        (500, "", .unavailable, 3, "HTTP 500"), (429, "", .unavailable, 3, "HTTP 429"),
        (200, "", .malformedAnswer, 1, "no JSON"),
        (200, "topsecret", .malformedAnswer, 1, "no JSON"),
        (200, "{}", .malformedAnswer, 1, "AccessKeyId"),
        (200, #"{"AccessKeyId":"A"}"#, .malformedAnswer, 1, "SecretAccessKey"),
        (
            200, #"{"AccessKeyId":"","SecretAccessKey":"topsecret"}"#, .malformedAnswer, 1,
            "AccessKeyId"
        ),
        (200, #"{"AccessKeyId":1,"SecretAccessKey":"topsecret"}"#, .malformedAnswer, 1, "no JSON"),
        (
            200, #"{"AccessKeyId":"A","SecretAccessKey":"topsecret","Expiration":"soon"}"#,
            .malformedAnswer, 1, "Expiration"
        ),
        (302, "", .refused, 1, "HTTP 302"),
    ])
    func refusals(
        status: Int, body: String, kind: CredentialsError.Kind, attempts: Int, expected: String
    ) async throws {
        let server = try ScriptedServer { _, _ in .respond(status, body) }
        let provider = try Sources.chain([
            Self.full: server.url + "/topsecret-path",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN": "topsecret",
        ])
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(error.kind == kind)
        #expect(error.problem.contains(expected), "\(error)")
        #expect(server.requests.count == attempts)
        #expect(!error.everything.contains("topsecret"), "\(error.everything)")
    }
}
