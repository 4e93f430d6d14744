import TestSupport
import Testing

@testable import Signing

@Suite struct WebIdentityTests {
    private func environment(_ folder: AWSFolder, _ server: ScriptedServer) -> [String: String] {
        folder.environment([
            "AWS_WEB_IDENTITY_TOKEN_FILE": folder.path + "/token",
            "AWS_ROLE_ARN": "arn:aws:iam::1:role/pod", "AWS_ENDPOINT_URL_STS": server.url,
        ])
    }

    /// Not signed, and the token is read anew each time: whoever wrote it renews it.
    @Test func theTokenOfTheMoment() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer { number, _ in
            .respond(
                200,
                Sources.stsAnswer(
                    "AssumeRoleWithWebIdentity", key: "ASIA\(number)",
                    expiration: clock.text(in: 900)))
        }
        let folder = try AWSFolder()
        try folder.write("eyJ.first/+=\n", to: "token")
        var environment = environment(folder, server)
        environment["AWS_ROLE_SESSION_NAME"] = "pod-7"
        let provider = try Sources.chain(environment, Sources.context(clock))
        #expect(
            provider.origin
                == "role arn:aws:iam::1:role/pod by the web identity token of "
                + "AWS_WEB_IDENTITY_TOKEN_FILE")
        #expect(try await provider.credentials().accessKeyID == "ASIA0")
        try folder.write("eyJ.second", to: "token")
        clock.advance(900)
        #expect(try await provider.credentials().accessKeyID == "ASIA1")
        #expect(
            server.requests.map(\.text)
                == ["eyJ.first%2F%2B%3D", "eyJ.second"].map {
                    "Action=AssumeRoleWithWebIdentity&Version=2011-06-15"
                        + "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fpod&RoleSessionName=pod-7"
                        + "&WebIdentityToken=\($0)"
                })
        #expect(server.requests[0].header("authorization") == nil)
    }

    @Test func aProfilesToken() async throws {
        let clock = ManualClock()
        let server = try ScriptedServer { _, _ in
            .respond(
                200,
                Sources.stsAnswer("AssumeRoleWithWebIdentity", expiration: clock.text(in: 900)))
        }
        let folder = try AWSFolder()
        let token = try folder.write("tok", to: "token")
        try folder.write(
            """
            [default]
            role_arn = arn:aws:iam::1:role/p
            web_identity_token_file = \(token)
            role_session_name = n
            """, to: ".aws/config")
        let provider = try Sources.chain(
            folder.environment(["AWS_ENDPOINT_URL_STS": server.url]), Sources.context(clock))
        #expect(try await provider.credentials().accessKeyID == "ASIAROLE")
        #expect(server.requests[0].text.hasSuffix("&RoleSessionName=n&WebIdentityToken=tok"))
    }

    /// The identity provider may be slow to answer STS; a token that is wrong stays wrong.
    @Test(arguments: [
        ("IDPCommunicationError", 3), ("InvalidIdentityToken", 1), ("ExpiredToken", 1),
    ])
    func refusals(code: String, attempts: Int) async throws {
        let server = try ScriptedServer { _, _ in
            .respond(400, Sources.stsError(code, "the token eyJtopsecret is bad"))
        }
        let folder = try AWSFolder()
        try folder.write("eyJtopsecret", to: "token")
        let provider = try Sources.chain(environment(folder, server))
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(server.requests.count == attempts)
        #expect(error.problem.contains("\(code): the token … is bad"))
        #expect(!error.everything.contains("topsecret"))
    }

    @Test(
        arguments: [
            (nil, "no such token file"), ("", "one token"), ("a b", "one token"),
            ("a\nb", "one token"),
        ] as [(String?, String)])
    func filesWithoutAToken(text: String?, expected: String) async throws {
        let server = try ScriptedServer { _, _ in .close }
        let folder = try AWSFolder()
        if let text { try folder.write(text, to: "token") }
        let provider = try Sources.chain(environment(folder, server))
        let error = try #require(await credentialsError { try await provider.credentials() })
        #expect(error.origin == folder.path + "/token")
        #expect(error.problem.contains(expected))
        #expect(server.requests.isEmpty)
    }

    @Test func aTokenWithoutARole() throws {
        let error = #expect(throws: CredentialsError.self) {
            try Sources.chain(["AWS_WEB_IDENTITY_TOKEN_FILE": "/t"])
        }
        #expect("\(error!)" == "AWS_WEB_IDENTITY_TOKEN_FILE: AWS_ROLE_ARN is not set")
    }
}
