import Testing

@testable import brigade

struct AlertsTests {
    private func read(_ yaml: String) throws(CommandFailure) -> ConfigurationFile {
        try ConfigurationFile(yaml: yaml, path: "brigade.yaml")
    }

    @Test(arguments: [
        ("127.0.0.1:0", "127.0.0.1", 0), (":9010", "127.0.0.1", 9010), ("\"[::1]:80\"", "::1", 80),
    ])
    func listensWhereItSays(_ text: String, _ host: String, _ port: Int) throws {
        #expect(try read("listen: \(text)").listen == ListenAddress(host: host, port: port))
        #expect(try read("").listen == nil)
    }

    @Test(arguments: [
        ("9010", ", not \"9010\""), ("host", ", not \"host\""), ("[a]", ""), ("", ""),
        ("127.0.0.1:99999", ", not \"127.0.0.1:99999\""),
    ])
    func refusesNoPlace(_ text: String, _ end: String) throws {
        let failure = try #require(throws: CommandFailure.self) { try read("listen: \(text)") }
        #expect(
            failure.message
                == "brigade.yaml line 1: listen must be HOST:PORT, as in 127.0.0.1:9010" + end)
    }

    @Test(arguments: [
        "http://127.0.0.1:8080", "https://hooks.example.net/services/T/B/x?key=1#a",
        "HTTPS://h/", "http://[::1]", "http://[::1]:80/x:y@z",
    ])
    func takesAWebhook(_ url: String) throws {
        let alerts = try #require(try read("\nalerts:\n  webhook: \"\(url)\"").alerts)
        #expect(alerts == ConfiguredAlerts(webhook: url, origin: "brigade.yaml line 3"))
        #expect(try alerts.readToken(["A": "b"]) == nil)
    }

    private static let reference = "write token: { environment: NAME } or"
    private static let form = ", as in https://host:8443/alerts"

    @Test(arguments: [
        ("7", "alerts must be a mapping of names to values"),
        ("{}", "alerts: webhook is missing; add webhook: https://host/path"),
        ("{ webhok: hidden }", "there is no key of alerts \"webhok\"; did you mean \"webhook\"?"),
        ("{ url: hidden }", "there is no key of alerts \"url\": write webhook: https://…"),
        (
            "{ credentials: { access: hidden, secret: hidden } }",
            "there is no key of alerts \"credentials\": a secret never stands in the file: \(reference) { file: PATH }"
        ),
        (
            "{ password: hidden }",
            "there is no key of alerts \"password\": a secret never stands in the file: \(reference) { file: PATH }"
        ),
        ("{ webhook: [hidden] }", "alerts: webhook must be a text"),
        (
            "{ webhook: \"ftp://hidden\" }",
            "alerts: webhook must begin with http:// or https://" + form
        ),
        ("{ webhook: hidden }", "alerts: webhook must begin with http:// or https://" + form),
        (
            "{ webhook: \"http://a:hidden@h\" }",
            "alerts: webhook holds a name or a password; \(reference) { file: PATH } beside it"
        ),
        (
            "{ webhook: \"http://a:hid/den@h\" }",
            "alerts: webhook must name a host, and a port from 1 to 65535 or none" + form
        ),
        (
            "{ webhook: \"http://h/hidden x\" }",
            "alerts: webhook must be printable ASCII without spaces" + form
        ),
        (
            "{ webhook: \"http://h/hidden\\r\\nx: y\" }",
            "alerts: webhook must be printable ASCII without spaces" + form
        ),
        (
            "{ webhook: \"http:///hidden\" }",
            "alerts: webhook must name a host, and a port from 1 to 65535 or none" + form
        ),
        (
            "{ webhook: \"http://:80/hidden\" }",
            "alerts: webhook must name a host, and a port from 1 to 65535 or none" + form
        ),
        (
            "{ webhook: \"http://h:0/hidden\" }",
            "alerts: webhook must name a host, and a port from 1 to 65535 or none" + form
        ),
        (
            "{ webhook: \"http://::1/hidden\" }",
            "alerts: webhook must name a host, and a port from 1 to 65535 or none" + form
        ),
        (
            "{ webhook: \"http://h\", token: hidden }",
            "alerts: a token never stands in the file; \(reference) token: { file: PATH }"
        ),
        (
            "{ webhook: \"http://h\", token: [hidden] }",
            "alerts: a token never stands in the file; \(reference) token: { file: PATH }"
        ),
        (
            "{ webhook: \"http://h\", token: {} }",
            "alerts: token is kept in one place: \(reference) token: { file: PATH }"
        ),
        (
            "{ webhook: \"http://h\", token: { file: a, environment: B } }",
            "alerts: token is kept in one place: \(reference) token: { file: PATH }"
        ),
        (
            "{ webhook: \"http://h\", token: { value: hidden } }",
            "alerts: there is no key of token \"value\": a secret never stands in the file: \(reference) { file: PATH }"
        ),
        (
            "{ webhook: \"http://h\", token: { environment: hidden+/= } }",
            "alerts: token.environment must be a variable's name: letters, digits and \"_\", not beginning with a digit"
        ),
        (
            "{ webhook: \"http://h\", token: { environment: 1A } }",
            "alerts: token.environment must be a variable's name: letters, digits and \"_\", not beginning with a digit"
        ),
        ("{ webhook: \"http://h\", token: { file: } }", "alerts: token.file must be a text"),
    ])
    func refusesAndNeverRepeatsASecret(_ text: String, _ message: String) throws {
        let failure = try #require(throws: CommandFailure.self) { try read("alerts: \(text)") }
        #expect(failure.status == .usage)
        #expect(failure.message == "brigade.yaml line 1: " + message)
        #expect(!failure.rendered.contains("hidden"))
    }

    @Test(arguments: [
        (
            "{ access: hidden, secret: hidden }",
            "\"access\": a key never stands in the file; say where it is kept with one of environment, profile, file"
        ),
        (
            "{ secretAccessKey: hidden }",
            "\"secretAccessKey\": a key never stands in the file; say where it is kept with one of environment, profile, file"
        ),
    ])
    func aConnectionsKeysNeitherStandInTheFile(_ text: String, _ message: String) throws {
        let failure = try #require(throws: CommandFailure.self) {
            try read("connections:\n  a: { endpoint: \"http://h\", credentials: \(text) }")
        }
        #expect(
            failure.message == "brigade.yaml line 2: there is no key of credentials " + message)
        #expect(!failure.rendered.contains("hidden"))
        let beside = try #require(throws: CommandFailure.self) {
            try read("connections:\n  a: { endpoint: \"http://h\", secret: hidden }")
        }
        #expect(beside.message.contains("NAME_SECRET_ACCESS_KEY"))
        #expect(!beside.rendered.contains("hidden"))
    }

    /// The parser would show the line.
    @Test(arguments: [
        "alerts: { token: hidden", "alerts: [hidden", "token: \"hidden", "a: hidden: hidden",
        "a: @hidden", "a: 1\n---\nb: hidden", "a: *hidden-",
    ])
    func whatIsNoYAMLIsNotRepeated(_ yaml: String) throws {
        let failure = try #require(throws: CommandFailure.self) { try read(yaml) }
        #expect(failure.message.hasPrefix("brigade.yaml line "), "\(failure.message)")
        #expect(failure.message.contains(" is not YAML: "), "\(failure.message)")
        #expect(!failure.rendered.contains("hidden"), "\(failure.message)")
        #expect(!failure.message.contains("\n"))
    }

    @Test func theTokenIsReadWhereItIsKept() throws {
        let folder = ScratchFolder()
        let path = try folder.write("  t0ken\r\n\n", "token")
        func alerts(_ token: ConfiguredAlerts.Token) -> ConfiguredAlerts {
            ConfiguredAlerts(webhook: "http://h", token: token, origin: "brigade.yaml line 3")
        }
        #expect(try alerts(.file(path)).readToken([:]) == "t0ken")
        #expect(try alerts(.environment("A")).readToken(["A": "t"]) == "t")
        let wrong: [(ConfiguredAlerts.Token, [String: String], String)] = [
            (.environment("A"), [:], "the token of alerts is missing: A is not set"),
            (.environment("A"), ["A": ""], "the token of alerts is missing: A is not set"),
            (.environment("A"), ["A": "hidden\nx"], "A holds no token"),
            (.file("/no/such"), [:], "the token of alerts is missing: there is no file /no/such"),
            (.file(try folder.write(" \n", "empty")), [:], "\(folder.path)/empty holds no token"),
            (.file(try folder.write("hidden\nb", "two")), [:], "\(folder.path)/two holds no token"),
        ]
        for (token, environment, message) in wrong {
            let failure = try #require(throws: CommandFailure.self) {
                try alerts(token).readToken(environment)
            }
            #expect(failure.message == message)
            #expect(!failure.rendered.contains("hidden"))
        }
    }
}
