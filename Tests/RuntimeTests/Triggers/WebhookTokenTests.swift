import Glibc
import NIOHTTP1
import Signing
import Testing

@testable import Runtime

@Suite struct WebhookTokenTests {
    private static let text = "aB3-secret.of+the/test"
    private let token = WebhookToken(text)

    private func head(_ authorization: String?, _ target: String = "/events/s3") -> APIRequest {
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: target)
        if let authorization { head.headers.add(name: "Authorization", value: authorization) }
        return APIRequest(head)
    }

    private static func basic(_ pair: String) -> String {
        "Basic " + Base64.encode(Array(pair.utf8))
    }

    @Test(arguments: [
        "Bearer \(text)", "bearer  \(text)", "BEARER \(text)", text, basic("anyone:\(text)"),
        basic(":\(text)"),
    ])
    func admitsInAHeader(_ header: String) {
        #expect(token.admits(head(header)))
    }

    @Test(arguments: [
        "", "Bearer", "Bearer ", "Bearer x\(text)", "Bearer \(text)x", "Bearer \(text) more",
        text.lowercased(), String(text.dropLast()), "Basic \(text)", "Basic !!!!",
        basic(text), basic("\(text):"), basic("a:\(text):b"), "Digest \(text)",
        "AWS4-HMAC-SHA256 Credential=\(text)",
    ])
    func refusesInAHeader(_ header: String) {
        #expect(!token.admits(head(header)))
        // A wrong header is not made good by what follows.
        #expect(!token.admits(head(header, "/events/s3?token=aB3-secret.of%2Bthe%2Ftest")))
    }

    @Test(arguments: [
        ("?token=aB3-secret.of%2Bthe%2Ftest", true), ("?token=aB3-secret.of+the/test", true),
        ("?a=b&token=%61B3-secret.of%2bthe%2ftest&c", true),
        ("?token=wrong&token=aB3-secret.of+the/test", true),
        ("", false), ("?", false), ("?token", false), ("?token=", false), ("?token=%", false),
        ("?token=aB3-secret.of%20the/test", false), ("?Token=aB3-secret.of+the/test", false),
        ("?xtoken=aB3-secret.of+the/test", false),
    ])
    func readsTheQuery(_ query: String, _ isAdmitted: Bool) {
        #expect(token.admits(head(nil, "/events/s3" + query)) == isAdmitted)
    }

    @Test func isMadeOnceAndForItsOwnerAlone() throws {
        let path = "/tmp/brigade-token-\(getpid())-\(UInt64.random(in: 0...(.max)))"
        defer { unlink(path) }
        _ = try WebhookToken.load(path: path)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        let bytes = try #require(try SecretFile.read(path))
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.count == 41 && text.hasSuffix("\n"))
        let again = try WebhookToken.load(path: path)
        #expect(again.admits(head("Bearer \(text.dropLast())")))
        // What others may read is no secret.
        chmod(path, 0o644)
        #expect(throws: StateError.self) { try WebhookToken.load(path: path) }
        unlink(path)
        try SecretFile.make(path, "short\n")
        let error = #expect(throws: StateError.self) { try WebhookToken.load(path: path) }
        #expect(error.map { !"\($0)".contains("short") } ?? false)
    }
}
