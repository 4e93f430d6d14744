import TestSupport
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct TLSTests {
    private let certificates: TestCertificates

    init() throws { certificates = try TestCertificates() }

    @Test func trustedByTheBundle() async throws {
        var random = SeededRandom(seed: 1)
        let body = random.bytes(count: 3_000_000)
        let server = try ScriptedServer { head, received in
            head.method == "GET" ? (200, [], body) : (received == body ? 200 : 500, [], [])
        }
        let tls = try TLSServer(certificates, before: server)
        let url = "https://127.0.0.1:\(tls.port)/object"
        let transport = HTTPTransport.forTest(caBundlePath: certificates.ca)
        #expect(try await transport.send(HTTPRequest(.get, url)).body == body)
        // A reader that is slower than the connection: bytes wait decrypted within the library.
        let got = try await transport.download(HTTPRequest(.get, url)) { _, reader in
            var got: [UInt8] = []
            while let block = try await reader.next() {
                got += block
                _ = try await transport.send(HTTPRequest(.head, server.url))
            }
            return got
        }
        #expect(got == body)
        let answer = try await transport.upload(
            HTTPRequest(.put, url), contentLength: Int64(body.count)
        ) { writer in
            for start in stride(from: 0, to: body.count, by: 50_000) {
                try await writer.write(Array(body[start..<min(body.count, start + 50_000)]))
            }
        }
        #expect(answer.head.status == 200)
        let relayed = try await transport.relay(
            HTTPRelay(source: HTTPRequest(.get, url), ringBytes: 32 << 10) { _ in
                HTTPRequest(.put, url)
            })
        #expect(relayed.destination.head.status == 200)
        await transport.shutdown()
    }

    @Test(arguments: [true, false])
    func notTrusted(hasOtherBundle: Bool) async throws {
        let server = try ScriptedServer { _, _ in (200, [], []) }
        let tls = try TLSServer(certificates, before: server)
        let bundle = hasOtherBundle ? certificates.other : nil
        let transport = HTTPTransport.forTest(caBundlePath: bundle)
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.put, "https://127.0.0.1:\(tls.port)/", body: [1]))
        }
        #expect(error?.kind == .untrusted)
        #expect(error?.mayHaveBeenSent == false)
        #expect(error?.message.contains("certificate") == true)
        if let bundle { #expect(error?.message.contains(bundle) == true) }
        #expect(server.requests.count == 0)
    }

    @Test func theWrongName() async throws {
        let server = try ScriptedServer { _, _ in (200, [], []) }
        let tls = try TLSServer(certificates, before: server)
        let transport = HTTPTransport.forTest(caBundlePath: certificates.ca)
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.get, "https://localhost:\(tls.port)/"))
        }
        #expect(error?.kind == .untrusted)
        #expect(error?.mayHaveBeenSent == false)
        #expect(error?.message.contains("localhost") == true)
        #expect(server.requests.count == 0)
    }

    @Test func aBundleThatIsNotThere() async throws {
        let server = try ScriptedServer { _, _ in (200, [], []) }
        let tls = try TLSServer(certificates, before: server)
        let path = certificates.folder.appending(path: "none.pem").path
        let transport = HTTPTransport.forTest(environment: ["AWS_CA_BUNDLE": path])
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.get, "https://127.0.0.1:\(tls.port)/"))
        }
        #expect(error?.kind == .untrusted)
        #expect(error?.message.contains(path) == true)
    }

    /// A server that speaks no TLS.
    @Test func plainHTTP() async throws {
        let server = try ScriptedServer { connection in
            _ = connection.some()
            connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            connection.drain()
        }
        let transport = HTTPTransport.forTest()
        let error = await failure { () throws(TransportError) in
            try await transport.send(HTTPRequest(.get, "https://\(server.authority)/"))
        }
        #expect([.untrusted, .notConnected].contains(error?.kind))
        #expect(error?.mayHaveBeenSent == false)
    }

    /// A connection whose peer goes while nobody looks is replaced: before it is used, or because nothing came on it.
    @Test func closedWhileIdle() async throws {
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.answer()
        }
        let tls = try TLSServer(certificates, before: server)
        let transport = HTTPTransport.forTest(caBundlePath: certificates.ca)
        for number in 1...3 {
            let answer = try await transport.send(
                HTTPRequest(.get, "https://127.0.0.1:\(tls.port)/"))
            #expect(answer.head.status == 200)
            #expect(server.requests.count == number)
            await server.ended.wait(for: number)
        }
        await transport.shutdown()
    }

    /// A proxy that is spoken to in TLS, for requests of plain HTTP.
    @Test func throughATrustedProxy() async throws {
        let proxy = try ScriptedServer { head, body in (200, [("x-target", head.target)], body) }
        let tls = try TLSServer(certificates, before: proxy)
        let transport = HTTPTransport.forTest(
            caBundlePath: certificates.ca,
            environment: ["http_proxy": "https://user:secret@127.0.0.1:\(tls.port)"])
        let body = [UInt8](repeating: 1, count: 200_000)
        let url = "http://store.invalid/a"
        for _ in 0..<2 {
            let answer = try await transport.send(HTTPRequest(.put, url, body: body))
            #expect(answer.body == body)
            #expect(answer.head.headers["x-target"] == url)
        }
        #expect(proxy.accepted.value == 1)
        #expect(proxy.requests.first?["proxy-authorization"] == "Basic dXNlcjpzZWNyZXQ=")
        await transport.shutdown()
    }

    /// A CONNECT proxy on the way: the name and the certificate are still the server's.
    @Test func throughATunnel() async throws {
        let server = try ScriptedServer { _, body in (200, [], body) }
        let tls = try TLSServer(certificates, before: server)
        let proxy = try TunnelProxy()
        let transport = HTTPTransport.forTest(
            caBundlePath: certificates.ca,
            environment: ["https_proxy": "http://\(proxy.server.authority)"])
        let body = [UInt8](repeating: 1, count: 300_000)
        for _ in 0..<2 {
            let answer = try await transport.send(
                HTTPRequest(.put, "https://127.0.0.1:\(tls.port)/a", body: body))
            #expect(answer.body == body)
            #expect(answer.head.headers["x-proxy"] == nil)
        }
        #expect(proxy.server.requests.map(\.target) == ["127.0.0.1:\(tls.port)"])
        #expect(server.requests.map(\.target) == ["/a", "/a"])
        await transport.shutdown()
    }
}
