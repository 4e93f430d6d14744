import Runtime
import S3
import Testing
import Transport

@testable import brigade

struct ConnectionBookTests {
    private static let transport = HTTPTransport(TransportConfiguration())

    private func book(
        _ environment: [String: String] = [:], _ yaml: String? = nil
    ) throws -> ConnectionBook {
        ConnectionBook(
            environment: environment,
            file: try yaml.map { try ConfigurationFile(yaml: $0, path: "brigade.yaml") })
    }

    private func connection(_ book: ConnectionBook, _ name: String?) throws -> S3Connection {
        try book.connection(name, transport: Self.transport)
    }

    private func failure(_ book: ConnectionBook, _ name: String?) throws -> CommandFailure {
        try #require(throws: CommandFailure.self) { try connection(book, name) }
    }

    private static func yaml(_ endpoint: String, _ more: String = "") -> String {
        "connections:\n  off-site:\n    endpoint: \(endpoint)\n\(more)"
    }

    @Test func theEnvironmentComesBeforeTheFile() async throws {
        let yaml = Self.yaml("http://file:1", "    prices: s3-standard\n")
        let both = try book(
            ["BRIGADE_CONNECTION_OFF_SITE": "http://A:secret@variable:2"], yaml)
        let found = try connection(both, "off-site")
        #expect(found.authority == "variable:2")
        #expect(found.origin == "BRIGADE_CONNECTION_OFF_SITE")
        // The file's prices belong to the file's connection.
        #expect(both.prices(found) == .free)
        let file = try book(["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"], yaml)
        #expect(try connection(file, "off-site").authority == "file:1")
        #expect(file.prices(try connection(file, "off-site")) == .s3Standard)
    }

    @Test func everyKeyOfTheFileArrives() async throws {
        let book = try book(
            [
                "K_ACCESS_KEY_ID": "a/b+c", "K_SECRET_ACCESS_KEY": "s:/@%+?&",
                "K_SESSION_TOKEN": "t=&",
            ],
            Self.yaml(
                "https://s3.example.net:8443",
                "    region: eu-1\n    style: virtual\n    list: 1\n    credentials: { environment: K }\n"
            ))
        let found = try connection(book, "off-site")
        #expect(found.name == "off-site")
        #expect(found.scheme == "https")
        #expect(found.authority == "s3.example.net:8443")
        #expect(found.region == "eu-1")
        #expect(found.style == .virtual)
        #expect(found.dialect.listVersion == 1)
        #expect(found.origin == "brigade.yaml line 3")
        let credentials = try await found.credentials.credentials()
        #expect(credentials.accessKeyID == "a/b+c")
        #expect(credentials.secretAccessKey == "s:/@%+?&")
        #expect(credentials.sessionToken == "t=&")
    }

    @Test func anEmptySessionTokenIsNone() async throws {
        let book = try book(
            ["K_ACCESS_KEY_ID": "a", "K_SECRET_ACCESS_KEY": "s", "K_SESSION_TOKEN": ""],
            Self.yaml("http://h", "    credentials: { environment: K }\n"))
        let found = try connection(book, "off-site")
        #expect(try await found.credentials.credentials().sessionToken == nil)
    }

    @Test func anUnknownNameSuggestsTheNearest() throws {
        let book = try book(
            ["BRIGADE_CONNECTION_MINIO": "http://A:hidden@h"], Self.yaml("http://h"))
        let near = try failure(book, "mino")
        #expect(near.status == .usage)
        #expect(near.message == "there is no connection \"mino\"; did you mean \"minio\"?")
        #expect(near.rendered.contains("Known: minio, off-site."))
        #expect(near.rendered.contains("BRIGADE_CONNECTION_MINO="))
        #expect(near.rendered.contains("in brigade.yaml under connections"))
        #expect(!near.rendered.contains("hidden"))
        let none = try failure(ConnectionBook(environment: [:], file: nil), "elsewhere")
        #expect(none.rendered.contains("No connection is known."))
        #expect(!none.message.contains("did you mean"))
    }

    @Test(
        arguments: [
            ([:], "K_ACCESS_KEY_ID"), (["K_ACCESS_KEY_ID": "a"], "K_SECRET_ACCESS_KEY"),
            (["K_SECRET_ACCESS_KEY": "hidden"], "K_ACCESS_KEY_ID"),
            (["K_ACCESS_KEY_ID": "", "K_SECRET_ACCESS_KEY": "hidden"], "K_ACCESS_KEY_ID"),
            (["K_ACCESS_KEY_ID": "a", "K_SECRET_ACCESS_KEY": ""], "K_SECRET_ACCESS_KEY"),
        ] as [([String: String], String)])
    func namesTheMissingHalf(_ environment: [String: String], _ missing: String) throws {
        let book = try book(
            environment, Self.yaml("http://h", "    credentials: { environment: K }\n"))
        let failure = try failure(book, "off-site")
        #expect(failure.message == "connection off-site has no credentials: \(missing) is not set")
        #expect(failure.rendered.contains("brigade.yaml line 3"))
        #expect(!failure.rendered.contains("hidden"))
    }

    @Test(arguments: [
        ("http://KEY:hidden@host:9000", "holds no credentials"),
        ("KEY:hidden@host:9000", "must begin with http:// or https://"),
        ("https://host?token=hidden", "holds no options"),
        ("ftp://host", "http"), ("https://host/hidden/path", "no path"), ("https://", "host"),
    ])
    func refusesAnEndpointThatIsMore(_ endpoint: String, _ words: String) throws {
        let failure = try failure(try book([:], Self.yaml("\"\(endpoint)\"")), "off-site")
        #expect(failure.status == .usage)
        #expect(failure.message.hasPrefix("brigade.yaml line 3: "))
        #expect(failure.message.contains(words), "\(failure.message)")
        #expect(!failure.rendered.contains("hidden"))
    }

    @Test(arguments: [
        "minio", "http://h", "http://KEY@h", "http://KEY:@h", "http://:hidden@h",
        "http://KEY:hidden%@h", "http://KEY:hidden@", "http://KEY:hidden@h?style=round",
        "ftp://KEY:hidden@h", "http://KEY:hidden@h/path", "",
    ])
    func aBadVariableIsNamedAndItsSecretIsNot(_ url: String) throws {
        let failure = try failure(try book(["BRIGADE_CONNECTION_ONE": url]), "one")
        #expect(failure.status == .usage)
        #expect(failure.message.hasPrefix("BRIGADE_CONNECTION_ONE: "), "\(failure.message)")
        #expect(!failure.rendered.contains("hidden"))
    }

    @Test(arguments: [
        ("s3.amazonaws.com", true), ("s3.eu-west-1.amazonaws.com:443", true),
        ("s3.cn-north-1.amazonaws.com.cn", true), ("127.0.0.1:9000", false),
        ("amazonaws.com.example.net", false), ("notamazonaws.com", false),
    ])
    func pricesAreAmazonsAtAmazonOnly(_ authority: String, _ isCharged: Bool) throws {
        let book = try book(["BRIGADE_CONNECTION_ONE": "https://A:s@\(authority)"])
        let found = try connection(book, "one")
        #expect(book.prices(found) == (isCharged ? .s3Standard : .free))
    }
}
