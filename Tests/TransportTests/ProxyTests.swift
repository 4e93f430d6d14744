import Glibc
import TestSupport
import Testing

@testable import Transport

/// Proxies from the environment. The tunnel is with the tests of TLS.
@Suite(.timeLimit(.minutes(1))) struct ProxyTests {
    @Test func plainHTTPGoesWholeToTheProxy() async throws {
        let proxy = try ScriptedServer { head, body in (200, [("x-target", head.target)], body) }
        let transport = HTTPTransport.forTest(
            environment: ["http_proxy": "http://\(proxy.authority)"])
        // The name is the proxy's to resolve.
        let url = "http://store.invalid:9000/a%20b/../c?d=e"
        let answer = try await transport.send(HTTPRequest(.put, url, body: [1, 2]))
        #expect(answer.body == [1, 2])
        #expect(answer.head.headers["x-target"] == url)
        let head = try #require(proxy.requests.first)
        #expect(head["host"] == "store.invalid:9000")
        let relayed = try await transport.relay(
            HTTPRelay(source: HTTPRequest(.get, url)) { _ in HTTPRequest(.put, url) })
        #expect(relayed.destination.head.status == 200)
    }

    @Test(arguments: [
        ("127.0.0.1", true), ("*", true), ("other.example,127.0.0.1", true),
        ("other.example", false),
        ("", false),
    ])
    func someHostsAreAskedDirectly(noProxy: String, isDirect: Bool) async throws {
        let server = try ScriptedServer { _, _ in (200, [], [1]) }
        let proxy = try ScriptedServer { _, _ in (200, [], [2]) }
        let transport = HTTPTransport.forTest(
            environment: ["http_proxy": proxy.authority, "no_proxy": noProxy])
        let answer = try await transport.send(HTTPRequest(.get, server.url))
        #expect(answer.body == [isDirect ? 1 : 2])
    }

    /// Upper-case HTTP_PROXY is not looked at, and a proxy for one scheme not used for the other.
    @Test func otherVariablesChangeNothing() async throws {
        let server = try ScriptedServer { _, _ in (200, [], [1]) }
        let proxy = try ScriptedServer { _, _ in (200, [], [2]) }
        let transport = HTTPTransport.forTest(
            environment: ["HTTP_PROXY": proxy.authority, "https_proxy": proxy.authority])
        #expect(try await transport.send(HTTPRequest(.get, server.url)).body == [1])
    }

    @Test func aProxyThatIsNotThere() async throws {
        let dead = try LoopbackSocket.deadPort()
        defer { close(dead.descriptor) }
        let transport = HTTPTransport.forTest(
            environment: ["all_proxy": "http://127.0.0.1:\(dead.port)"])
        for scheme in ["http", "https"] {
            let error = await failure { () throws(TransportError) in
                try await transport.send(HTTPRequest(.get, "\(scheme)://store.invalid/"))
            }
            #expect(error?.kind == .notConnected)
            #expect(error?.mayHaveBeenSent == false)
        }
    }

    /// The request proper never went out, though the proxy was asked for a tunnel.
    @Test(arguments: ["HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", "", "nonsense\r\n\r\n"])
    func aTunnelThatIsRefused(answer: String) async throws {
        let proxy = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.send(answer)
            connection.finishSending()
            connection.drain()
        }
        let transport = HTTPTransport.forTest(environment: ["https_proxy": proxy.authority])
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.put, "https://store.invalid/", body: [1]))
        }
        #expect(error?.kind == .notConnected, "\(String(describing: error))")
        #expect(error?.mayHaveBeenSent == false)
    }

    @Test func aTunnelThatNobodyAnswers() async throws {
        let proxy = try ScriptedServer { connection in connection.drain() }
        let transport = HTTPTransport.forTest(environment: ["https_proxy": proxy.authority])
        let error = await failure { () throws(TransportError) in
            try await transport.send(
                HTTPRequest(
                    .get, "https://store.invalid/", timeouts: .init(connect: .milliseconds(100))))
        }
        #expect(error?.kind == .notConnected)
        #expect(error?.mayHaveBeenSent == false)
    }

    /// Neither the errors nor the origin server learn the proxy's password.
    @Test func credentialsStayWithTheProxy() async throws {
        let proxy = try ScriptedServer { connection in
            guard connection.head() != nil else { return }
            connection.send("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            connection.drain()
        }
        let transport = HTTPTransport.forTest(
            environment: ["all_proxy": "http://user:secret@\(proxy.authority)"])
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.get, "https://store.invalid/"))
        }
        #expect(error.map { "\($0)".contains("secret") } == false)
        #expect(proxy.requests.first?["proxy-authorization"] == "Basic dXNlcjpzZWNyZXQ=")
        let answer = try await transport.send(HTTPRequest(.get, "http://store.invalid/"))
        #expect(answer.head.status == 403)
    }
}
