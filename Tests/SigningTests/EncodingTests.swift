import Foundation
import TestSupport
import Testing

@testable import Signing

@Suite struct EncodingTests {
    /// <https://www.rfc-editor.org/rfc/rfc4648#section-10>
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
    ])
    func base64OfTheStandard(text: String, code: String) {
        #expect(Base64.encode(Array(text.utf8)) == code)
        #expect(Base64.decode(code) == Array(text.utf8))
    }

    @Test(arguments: [
        "Zg", "Zg=", "Zg===", "Z===", "====", "Zm9v ", " Zm9v", "Zm9v\n", "Zm-_", "Zm9vYg=x",
        "Zh==", "Zm9=", "Zg==Zg==", "=Zm9", "Zm9vYmF\u{FC}",
    ])
    func base64IsStrict(code: String) {
        #expect(Base64.decode(code) == nil)
    }

    @Test(
        arguments: [
            ("", []), ("00", [0]), ("0aFf", [0x0A, 0xFF]), ("deadBEEF", [0xDE, 0xAD, 0xBE, 0xEF]),
            ("0", nil), ("0g", nil), ("0x", nil), ("00 ", nil), (" 00", nil), ("\u{FC}", nil),
        ] as [(String, [UInt8]?)])
    func hexIsStrict(text: String, bytes: [UInt8]?) {
        #expect(Hex.decode(text) == bytes)
    }

    @Test(arguments: 0..<8 as Range<UInt64>)
    func roundTrips(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        for _ in 0..<50 {
            let bytes = random.bytes(count: Int.random(in: 0...100, using: &random))
            let code = Base64.encode(bytes)
            #expect(code == Data(bytes).base64EncodedString())
            #expect(Base64.decode(code) == bytes)
            #expect(Hex.decode(Hex.encode(bytes)) == bytes)
            #expect(Hex.encode(AnySequence(bytes)) == Hex.encode(bytes))
            for keepSlash in [true, false] {
                let text = URIEncoding.encode(bytes, keepSlash: keepSlash)
                #expect(URIEncoding.decode(text) == bytes)
                #expect(keepSlash || !text.contains("/"))
                #expect(text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F })
            }
        }
    }

    @Test(arguments: [
        ("azAZ09-._~", "azAZ09-._~", "azAZ09-._~"), ("a b", "a%20b", "a%20b"),
        ("a/b", "a/b", "a%2Fb"), ("+%&=?#", "%2B%25%26%3D%3F%23", "%2B%25%26%3D%3F%23"),
        ("\u{1234}", "%E1%88%B4", "%E1%88%B4"), ("\u{0}\u{7F}", "%00%7F", "%00%7F"),
        ("!*'()", "%21%2A%27%28%29", "%21%2A%27%28%29"), ("", "", ""),
    ])
    func uriEncoding(text: String, path: String, query: String) {
        #expect(URIEncoding.encode(text.utf8, keepSlash: true) == path)
        #expect(URIEncoding.encode(text.utf8, keepSlash: false) == query)
    }

    @Test(
        arguments: [
            ("%", nil), ("%2", nil), ("%2g", nil), ("%g2", nil), ("a%", nil), ("%41%61", "Aa"),
            ("%2f%2F", "//"), ("a+b", "a+b"), ("%%34", nil),
        ] as [(String, String?)])
    func uriDecoding(text: String, expected: String?) {
        #expect(URIEncoding.decode(text) == expected.map { Array($0.utf8) })
    }

    @Test func aPlusIsASpaceWhereFormsAreRead() {
        #expect(URIEncoding.decode("a+b%2B", plusIsSpace: true) == Array("a b+".utf8))
    }

    /// S3 takes a path as it is; the others normalise it.
    @Test(arguments: [
        ("/a//b", "/a/b"), ("/a/./b", "/a/b"), ("/a/../b", "/b"), ("/..", "/"), ("/a/..", "/"),
        ("/a/", "/a/"), ("//", "/"), ("", "/"), ("/a%20b", "/a%2520b"), ("/a/../", "/"),
    ])
    func canonicalPaths(sent: String, normalized: String) {
        #expect(CanonicalPath(service: "sts").path(sent) == normalized)
        #expect(CanonicalPath(service: "s3").path(sent) == (sent.isEmpty ? "/" : sent))
    }

    @Test(
        arguments: [
            ("UNSIGNED-PAYLOAD", .unsigned),
            ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD", .streamingSigned),
            ("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", .streamingSignedTrailer),
            ("STREAMING-UNSIGNED-PAYLOAD-TRAILER", .streamingUnsignedTrailer),
            (PayloadHash.emptySHA256, .empty), (PayloadHash.emptySHA256.uppercased(), nil),
            (String(PayloadHash.emptySHA256.dropLast()), nil), ("", nil), ("unsigned-payload", nil),
        ] as [(String, PayloadHash?)])
    func payloadHashes(text: String, hash: PayloadHash?) {
        #expect(PayloadHash(headerValue: text) == hash)
        if let hash { #expect(hash.headerValue == text) }
    }

    @Test func theEmptyDigestIsThatOfNothing() {
        #expect(Hex.encode(Checksum.of([], .sha256)) == PayloadHash.emptySHA256)
        #expect(PayloadHash.of([]) == .empty)
    }
}
