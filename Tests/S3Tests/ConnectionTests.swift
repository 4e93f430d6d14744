import Foundation
import Signing
import Testing

@testable import S3

@Suite struct ConnectionTests {
    private func parse(_ url: String) throws(ConnectionError) -> S3Connection {
        try S3Connection.parse(url: url, name: "minio", origin: "BRIGADE_CONNECTION_MINIO")
    }

    @Test(arguments: [
        ("http://K:S@host:9000", "http", "host:9000", "us-east-1", "path"),
        ("https://K:S@host:443/", "https", "host", "us-east-1", "path"),
        ("http://K:S@host:80", "http", "host", "us-east-1", "path"),
        ("http://K:S@host:443", "http", "host:443", "us-east-1", "path"),
        ("HTTPS://K:S@S3.Example.com", "https", "s3.example.com", "us-east-1", "path"),
        ("http://K:S@[::1]:9000", "http", "[::1]:9000", "us-east-1", "path"),
        (
            "https://K:S@s3.eu-central-1.amazonaws.com?region=eu-central-1&style=virtual", "https",
            "s3.eu-central-1.amazonaws.com", "eu-central-1", "virtual"
        ),
    ])
    func urls(url: String, scheme: String, authority: String, region: String, style: String) throws
    {
        let connection = try parse(url)
        #expect(connection.scheme == scheme)
        #expect(connection.authority == authority)
        #expect(connection.region == region)
        #expect(connection.style.rawValue == style)
        #expect(connection.name == "minio")
        #expect(connection.origin == "BRIGADE_CONNECTION_MINIO")
    }

    @Test(arguments: [
        ("http://KEY:S%2Bx%2Fy%40%25@h", "KEY", "S+x/y@%"),
        ("http://KEY:S+x/y@z@h", "KEY", "S+x/y@z"),
        ("http://K%3A:a:b:c@h:1", "K:", "a:b:c"), ("http://KEY:%C3%BC@h", "KEY", "\u{FC}"),
    ])
    func secrets(url: String, access: String, secret: String) async throws {
        let credentials = try await parse(url).credentials.credentials()
        #expect(credentials.accessKeyID == access)
        #expect(credentials.secretAccessKey == secret)
        #expect(credentials.sessionToken == nil)
    }

    @Test func options() async throws {
        let connection = try parse("http://K:S@h?list=1&token=a%2Bb")
        #expect(connection.dialect.listVersion == 1)
        #expect(try await connection.credentials.credentials().sessionToken == "a+b")
    }

    @Test(arguments: [
        ("K:topsecret@host", "http"), ("ftp://K:topsecret@host", "http://"),
        ("http://host:9000", "no access key"), ("http://topsecret@host", "without a secret"),
        ("http://:topsecret@host", "empty"), ("http://topsecret:@host", "empty"),
        ("http://K:topsecret%@host", "%25"), ("http://K:topsecret@", "no host"),
        ("http://K:topsecret@host:0", "port"), ("http://K:topsecret@host:99999", "port"),
        ("http://K:topsecret@host:x", "port"), ("http://K:topsecret@host/bucket", "no path"),
        ("http://K:topsecret@ho st", "character"), ("http://K:topsecret@[::1", "bracket"),
        ("http://K:topsecret@h?style=funny", "path or virtual"),
        ("http://K:topsecret@h?list=3", "1 or 2"),
        ("http://K:topsecret@h?region=", "region"), ("http://K:topsecret@h?colour=red", "colour"),
        ("http://K:topsecret@127.0.0.1?style=virtual", "subdomains"), ("", "http"),
        ("KEY:topsecret@http://host", "http"),
    ])
    func refusalsNameTheVariableAndNotTheSecret(url: String, expected: String) {
        let error = #expect(throws: ConnectionError.self) { try parse(url) }
        let text = "\(error!)"
        #expect(text.hasPrefix("BRIGADE_CONNECTION_MINIO: "))
        #expect(text.contains(expected), "\(text)")
        #expect(!text.contains("topsecret"), "\(text)")
    }

    @Test func environment() throws {
        #expect(
            S3Connection.environmentVariable(name: "off-site2") == "BRIGADE_CONNECTION_OFF_SITE2")
        let environment = ["BRIGADE_CONNECTION_OFF_SITE": "http://K:S@h"]
        let connection = try S3Connection.fromEnvironment(
            name: "off-site", environment: environment)
        #expect(connection?.name == "off-site")
        #expect(connection?.origin == "BRIGADE_CONNECTION_OFF_SITE")
        #expect(
            try S3Connection.fromEnvironment(name: "other", environment: environment) == nil)
    }

    @Test func dialectsAreDecodedFromAnyPart() throws {
        let json = Data(#"{"listVersion": 1, "tagging": "no"}"#.utf8)
        let dialect = try JSONDecoder().decode(Dialect.self, from: json)
        var expected = Dialect()
        expected.listVersion = 1
        expected.tagging = .no
        #expect(dialect == expected)
        var full = Dialect()
        full.multipartETag = .wholeMD5
        full.maxDeletesPerRequest = 7
        full.unsignedPayload = .yes
        let coded = try JSONDecoder().decode(Dialect.self, from: JSONEncoder().encode(full))
        #expect(coded == full)
    }
}

@Suite struct LocationTests {
    @Test(
        arguments: [
            ("s3://bucket", nil, "bucket", ""), ("s3://bucket/", nil, "bucket", ""),
            ("s3://bucket/a/b", nil, "bucket", "a/b"),
            ("s3://minio@bucket//x", "minio", "bucket", "/x"),
            ("s3://m_1-x@my.bucket-1/a@b/%20?#", "m_1-x", "my.bucket-1", "a@b/%20?#"),
            ("s3://tenant:bucket/k", nil, "tenant:bucket", "k"),
        ] as [(String, String?, String, String)])
    func locations(text: String, connection: String?, bucket: String, prefix: String) throws {
        let location = try S3Location.parse(text)
        #expect(location.connection == connection)
        #expect(location.bucket == bucket)
        #expect(location.prefix == ObjectKey(prefix))
        #expect(try S3Location.parse(location.description) == location)
    }

    @Test(arguments: [
        ("bucket/key", "s3://"), ("s3:///key", "no bucket"), ("s3://ab", "at least 3"),
        ("s3://bu cket", "lower-case"), ("s3://-bucket", "begins and ends"),
        ("s3://@bucket", "connection"), ("s3://a b@bucket", "connection"), ("", "s3://"),
    ])
    func refusals(text: String, expected: String) {
        let error = #expect(throws: ConnectionError.self) { try S3Location.parse(text) }
        #expect("\(error!)".contains(expected), "\(error!)")
    }

    @Test func aPastedKeyPairIsNotRepeated() {
        let error = #expect(throws: ConnectionError.self) {
            try S3Location.parse("s3://AKIA:topsecret@bucket/x")
        }
        #expect(!"\(error!)".contains("topsecret"))
    }
}
