import TestSupport
import Testing

@testable import Transport

@Suite(.timeLimit(.minutes(1))) struct SendTests {
    private let transport = HTTPTransport.forTest()

    /// Around the limits between a body in the head's packet, one that is streamed, and one that is asked for first.
    @Test(arguments: [
        0, 1, 1000, 16 << 10, (63 << 10) - 1, 63 << 10, (63 << 10) + 1, 64 << 10, 300_001, 1 << 20,
        (1 << 20) + 1, 3 << 20,
    ])
    func bodiesBothWays(size: Int) async throws {
        var random = SeededRandom(seed: UInt64(size))
        let body = random.bytes(count: size)
        let server = try ScriptedServer { _, received in (200, [], received) }
        let answer = try await transport.send(HTTPRequest(.put, server.url, body: body))
        #expect(answer.body == body)
        let head = try #require(server.requests.first)
        #expect(head["content-length"] == "\(size)")
        #expect(head["content-type"] == nil)
        #expect((head["expect"] == nil) == (size <= 1 << 20))
    }

    @Test(
        arguments: [
            (HTTPMethod.get, 0, nil), (.head, 0, nil), (.delete, 0, nil), (.put, 0, "0"),
            (.post, 0, "0"), (.post, 5, "5"), (.put, 5, "5"), (.delete, 5, "5"),
            (.post, 100_000, "100000"),
        ] as [(HTTPMethod, Int, String?)])
    func methods(method: HTTPMethod, size: Int, length: String?) async throws {
        let server = try ScriptedServer { _, received in (200, [], received) }
        let body = [UInt8](repeating: 7, count: size)
        // The second time on a handle that has sent something else.
        for other in [HTTPMethod.put, .get, .head, .post] {
            let request = HTTPRequest(method, server.url + "/a?b=c&d", body: body)
            let answer = try await transport.send(request)
            #expect(answer.head.status == 200)
            #expect(answer.body == body)
            let head = try #require(server.requests.last)
            #expect(head.method == method.rawValue)
            #expect(head.target == "/object/a?b=c&d")
            #expect(head["content-length"] == length)
            #expect(head["transfer-encoding"] == nil)
            #expect(head["host"] == server.authority)
            _ = try await transport.send(
                HTTPRequest(other, server.url, body: other == .put ? [1, 2, 3] : []))
        }
    }

    @Test func pathsAreSentByteForByte() async throws {
        let server = try ScriptedServer { _, _ in (200, [], []) }
        let targets = [
            "/a/../b", "/./c", "//d//", "/%2e%2E/%2f", "/?", "/a?b=%20+c", "/a+b;c=d,e|f",
        ]
        for target in targets {
            _ = try await transport.send(HTTPRequest(.get, "http://\(server.authority)\(target)"))
        }
        #expect(server.requests.map(\.target) == targets)
    }

    @Test func requestFields() async throws {
        let server = try ScriptedServer { _, _ in (200, [], []) }
        let long = String(repeating: "0123456789", count: 3000)
        let headers: HTTPHeaders = [
            "x-repeated": "1", "x-empty": "", "X-Repeated": "2", "x-blank": " ", "x-long": long,
            "x-text": "grün ✓ a;b: c", "Content-Length": "999", "User-Agent": "own/1",
        ]
        _ = try await transport.send(HTTPRequest(.put, server.url, headers: headers, body: [1]))
        let head = try #require(server.requests.first)
        #expect(head.values("x-repeated") == ["1", "2"])
        #expect(head["x-empty"] == "")
        #expect(head["x-blank"] == "")
        #expect(head["x-long"] == long)
        #expect(head["x-text"] == "grün ✓ a;b: c")
        #expect(head.values("content-length") == ["1"])
        #expect(head.values("user-agent") == ["own/1"])
        // Nothing of it is left for the next request on the connection.
        _ = try await transport.send(HTTPRequest(.get, server.url))
        let next = try #require(server.requests.last)
        #expect(next.values("x-repeated") == [])
        #expect(next.values("user-agent") == ["brigade"])
        #expect(next["content-length"] == nil)
        #expect(next["accept-encoding"] == nil)
    }

    @Test func answerFields() async throws {
        let long = String(repeating: "v", count: 50_000)
        let server = try ScriptedServer { connection in
            guard connection.request() != nil else { return }
            connection.send(
                Array("HTTP/1.1 299 Odd\r\nA: 1\r\na:2\r\nEmpty:\r\nLong: \(long)\r\nLatin: ".utf8)
                    + [0xE9] + Array("\r\nText: é\r\nContent-Length: 0\r\n\r\n".utf8))
        }
        let head = try await transport.send(HTTPRequest(.get, server.url)).head
        #expect(head.status == 299)
        #expect(head.headers.values(of: "a") == ["1", "2"])
        #expect(head.headers["empty"] == "")
        #expect(head.headers["long"] == long)
        #expect(head.headers["latin"] == "é")
        #expect(head.headers["text"] == "é")
    }

    @Test func whatIsNotValidNeverLeaves() async throws {
        let server = try ScriptedServer { _, _ in (200, [], []) }
        for request in [
            HTTPRequest(.get, server.url, headers: ["a": "b\r\nc: d"]),
            HTTPRequest(.get, server.url + "/\r\nx: y"),
            HTTPRequest(.get, "file:///etc/passwd"),
            // These are refused by libcurl's parser.
            HTTPRequest(.get, "http://h:port/"), HTTPRequest(.get, "http://a%00b/"),
            HTTPRequest(.get, "http://h:99999/"),
        ] {
            let error = await failure { () throws(TransportError) in
                try await transport.send(request)
            }
            #expect(error?.kind == .invalidRequest, "\(request.url)")
            #expect(error?.mayHaveBeenSent == false)
        }
        #expect(server.accepted.value == 0)
    }

    /// Redirects and encodings are the caller's.
    @Test func redirectsAndEncodingsAreHandedOver() async throws {
        let server = try ScriptedServer { head, _ in
            head.target == "/object"
                ? (307, [("Location", "/other"), ("Content-Encoding", "gzip")], [31, 139, 0])
                : (500, [], [])
        }
        let answer = try await transport.send(HTTPRequest(.get, server.url))
        #expect(answer.head.status == 307)
        #expect(answer.body == [31, 139, 0])
        #expect(server.requests.count == 1)
    }

    @Test(arguments: [1, 4])
    func thousandsOfRequestsGetTheirOwnAnswers(engines: Int) async throws {
        let server = try ScriptedServer { head, body in
            (200, [("x-target", head.target)], body + Array(head.target.utf8))
        }
        let transport = HTTPTransport.forTest(engines: engines)
        let wrong = try await withThrowingTaskGroup(of: Bool.self) { group in
            var started = 0
            var wrong = 0
            while started < 3000 {
                if started >= 100, try await group.next() == false { wrong += 1 }
                let number = started
                started += 1
                group.addTask { [url = server.url] in
                    let answer = try await transport.send(
                        HTTPRequest(
                            number % 3 == 0 ? .get : .put, "\(url)/\(number)",
                            body: number % 3 == 0 ? [] : Array("body \(number) of ".utf8)))
                    let target = "/object/\(number)"
                    let expected = (number % 3 == 0 ? "" : "body \(number) of ") + target
                    return answer.head.headers["x-target"] == target
                        && answer.body == Array(expected.utf8)
                }
            }
            for try await isRight in group where !isRight { wrong += 1 }
            return wrong
        }
        #expect(wrong == 0)
        #expect(server.requests.count == 3000)
        // Connections are used again: an engine opens hardly more than there are transfers at a time.
        #expect(server.accepted.value <= 150 * engines)
        await transport.shutdown()
    }
}
