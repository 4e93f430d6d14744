import Foundation
import Signing
import TestSupport
import Testing
import Transport

@testable import S3

@Suite struct AWSConnectionTests {
    private static let keys = ["AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "topsecret"]
    private static let transport = HTTPTransport()

    /// Calls `body` with the environment of a home that has this configuration.
    private func withHome<Result>(
        config: String, _ more: [String: String] = [:],
        _ body: ([String: String]) async throws -> Result
    ) async throws -> Result {
        let home = NSTemporaryDirectory() + "/aws-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: home + "/.aws", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: home) }
        try Data(config.utf8).write(to: URL(filePath: home + "/.aws/config"))
        return try await body(more.merging(["HOME": home]) { mine, _ in mine })
    }

    private func connect(
        _ environment: [String: String], profile: String? = nil
    ) throws(ConnectionError) -> S3Connection {
        try S3Connection.awsDefault(
            environment: environment, transport: Self.transport, profile: profile)
    }

    private static let config = """
        [default]
        region = eu-west-3
        endpoint_url = http://default.example
        [profile served]
        region = eu-central-1
        services = mine
        endpoint_url = http://all.example
        s3 =
          addressing_style = virtual
        [profile path]
        ignore_configured_endpoint_urls = true
        endpoint_url = http://ignored.example
        s3 =
          addressing_style = path
        [profile auto]
        s3 =
          addressing_style = auto
        [profile odd]
        s3 =
          addressing_style = sideways
        [profile china]
        region = cn-north-1
        [services mine]
        s3 =
          endpoint_url = https://S3.Mine.example:443/
        """

    @Test(arguments: [
        ([:], "http://default.example", "eu-west-3", "path"),
        (["AWS_REGION": "r1", "AWS_DEFAULT_REGION": "r2"], "http://default.example", "r1", "path"),
        (["AWS_DEFAULT_REGION": "r2"], "http://default.example", "r2", "path"),
        (["AWS_ENDPOINT_URL": "http://a:9000"], "http://a:9000", "eu-west-3", "path"),
        (
            ["AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_S3": "https://[::1]:9/"],
            "https://[::1]:9", "eu-west-3", "path"
        ),
        (
            ["AWS_ENDPOINT_URL": "http://a", "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"],
            "https://s3.eu-west-3.amazonaws.com", "eu-west-3", "virtual"
        ),
        (["AWS_PROFILE": "served"], "https://s3.mine.example", "eu-central-1", "virtual"),
        (
            ["AWS_PROFILE": "served", "AWS_ENDPOINT_URL": "http://a"], "http://a", "eu-central-1",
            "virtual"
        ),
        (["AWS_PROFILE": "path"], "https://s3.us-east-1.amazonaws.com", "us-east-1", "path"),
        (["AWS_PROFILE": "auto"], "https://s3.us-east-1.amazonaws.com", "us-east-1", "virtual"),
        (["AWS_PROFILE": "auto", "AWS_ENDPOINT_URL": "http://a"], "http://a", "us-east-1", "path"),
        (
            ["AWS_PROFILE": "china"], "https://s3.cn-north-1.amazonaws.com.cn", "cn-north-1",
            "virtual"
        ),
    ])
    func places(
        variables: [String: String], endpoint: String, region: String, style: String
    ) async throws {
        let environment = variables.merging(Self.keys) { mine, _ in mine }
        try await withHome(config: Self.config, environment) { environment in
            let connection = try connect(environment)
            #expect("\(connection.scheme)://\(connection.authority)" == endpoint)
            #expect(connection.region == region)
            #expect(connection.style.rawValue == style)
            #expect(connection.name == "aws")
            #expect(
                connection.origin.contains("credentials: AWS_ACCESS_KEY_ID in the environment"))
            #expect(!"\(connection)".contains("topsecret"))
        }
    }

    @Test func withoutAnyFile() async throws {
        let connection = try connect(Self.keys)
        #expect(connection.authority == "s3.us-east-1.amazonaws.com")
        #expect(
            connection.origin == "the AWS settings (endpoint: AWS's own; region: the default; "
                + "credentials: AWS_ACCESS_KEY_ID in the environment)")
        #expect(try await connection.credentials.credentials().accessKeyID == "AKIA")
    }

    @Test(arguments: [
        (["AWS_ENDPOINT_URL_S3": "a.example"], "AWS_ENDPOINT_URL_S3: it must begin with http"),
        (["AWS_ENDPOINT_URL": "http://u:topsecret@h"], "AWS_ENDPOINT_URL: an endpoint holds no"),
        (["AWS_ENDPOINT_URL": "http://h/bucket"], "AWS_ENDPOINT_URL: an endpoint has no path"),
        (["AWS_ENDPOINT_URL": "http://h?a=b"], "AWS_ENDPOINT_URL: an endpoint has no path"),
        (["AWS_ENDPOINT_URL": "http://h:0"], "AWS_ENDPOINT_URL: the port"),
        (["AWS_REGION": "a.evil.example/"], "AWS_REGION: a region has letters"),
        (["AWS_PROFILE": "gone"], "AWS_PROFILE: there is no profile \"gone\""),
        (["AWS_PROFILE": "odd"], "addressing_style must be"),
        (["AWS_PROFILE": "served", "AWS_ENDPOINT_URL": "http://127.0.0.1:9"], "no subdomains"),
        (["AWS_SECRET_ACCESS_KEY": ""], "AWS_SECRET_ACCESS_KEY is not set"),
    ])
    func refusals(variables: [String: String], expected: String) async throws {
        let environment = variables.merging(Self.keys) { mine, _ in mine }
        try await withHome(config: Self.config, environment) { environment in
            let error = #expect(throws: ConnectionError.self) { try connect(environment) }
            #expect("\(error!)".contains(expected), "\(error!)")
            #expect(!"\(error!)".contains("topsecret"))
        }
    }

    @Test func noCredentialsAtAll() async throws {
        try await withHome(config: Self.config) { environment in
            let error = try #require(
                #expect(throws: ConnectionError.self) { try connect(environment) })
            #expect(error.description.hasPrefix("the AWS chain: no credentials; looked for AWS_"))
            #expect(error.advice?.contains("EC2 instance metadata") == true)
        }
    }

    /// One message, one look at the source, and the store is not bothered.
    @Test func aSourceThatFailsIsToldOnce() async throws {
        let store = try ScriptedServer { _, _ in .respond(200, [], []) }
        let source = try ScriptedServer { _, _ in .respond(404, [], []) }
        let connection = try connect([
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://\(source.authority)/topsecret",
            "AWS_ENDPOINT_URL": "http://\(store.authority)",
        ])
        #expect(source.requests.isEmpty, "it was asked before anyone needed it")
        let client = S3Client(connection, transport: Self.transport)
        for _ in 0..<3 {
            let error = try #require(
                await failure { () throws(S3Error) in
                    try await client.putObject(
                        ObjectAddress(bucket: "b", key: ObjectKey("k")), body: [])
                })
            #expect(error.kind == .noCredentials)
            #expect(error.attempts == 1)
            #expect(
                error.message
                    == "the container endpoint of AWS_CONTAINER_CREDENTIALS_FULL_URI: "
                    + "it answered HTTP 404")
            #expect("\(error)".hasPrefix("PutObject s3://aws@b/k: no credentials: the container"))
            #expect(!"\(error) \(error.hint ?? "")".contains("topsecret"))
        }
        #expect(source.requests.count == 1)
        #expect(store.requests.isEmpty)
    }

    /// A wildcard in a certificate does not cover `my.bucket.s3...`.
    @Test(arguments: [
        ("https", "plain", "virtual"), ("https", "my.bucket", "path"),
        ("http", "my.bucket", "virtual"),
    ])
    func bucketsWithDots(scheme: String, bucket: String, style: String) async throws {
        var connection = TestClients.connection("s3.example.com")
        connection.scheme = scheme
        connection.style = .virtual
        #expect(connection.style(bucket: bucket).rawValue == style)
        let target = ConnectionState(connection).target(bucket: bucket)
        let client = S3Client(connection, transport: Self.transport)
        let request = S3Request(
            "GetObject", .get, .get, ObjectAddress(bucket: bucket, key: ObjectKey("k")))
        if style == "path" {
            #expect(target.host == "s3.example.com")
            #expect(client.path(of: request) == "/my.bucket/k")
        } else {
            #expect(target.host == "\(bucket).s3.example.com")
            #expect(client.path(of: request) == "/k")
        }
        #expect(target.urlPrefix == "\(scheme)://\(target.host)")
    }
}
