import NIOHTTP1
import Testing

@testable import LocalS3

@Suite struct RequestParsingTests {
    private static func request(_ target: String, _ headers: [(String, String)] = []) throws
        -> S3Request
    {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target)
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        return try S3Request(head, requestID: "1")
    }

    @Test(arguments: [
        ("/", "", ""), ("/b", "b", ""), ("/b/", "b", ""), ("/b//k", "b", "/k"),
        ("/b/a//b", "b", "a//b"), ("/b/../k", "b", "../k"), ("/b/..", "b", ".."),
        ("/b/a%2Fb", "b", "a/b"), ("/b/a%252Fb", "b", "a%2Fb"), ("/b/a+b%20c", "b", "a+b c"),
        ("/b/k?x=/y", "b", "k"), ("http://host:1/b/k", "b", "k"), ("/b/%00%0A", "b", "\0\n"),
        ("/b/%C3%BC", "b", "ü"), ("/b/k/", "b", "k/"),
    ])
    func theBytesOfTheTargetDecide(target: String, bucket: String, key: String) throws {
        let request = try Self.request(target)
        #expect(request.bucket == bucket)
        #expect(request.key == Array(key.utf8))
    }

    @Test(arguments: ["/b/%", "/b/%4", "/b/%zz", "/b/%FF", "/b/k?a=%G1", "*"])
    func whatIsNoAddressIsRefused(target: String) {
        #expect(throws: S3Failure(.invalidURI)) { try Self.request(target) }
    }

    @Test func keysEndAt1024Bytes() throws {
        #expect(try Self.request("/b/" + String(repeating: "k", count: 1_024)).key.count == 1_024)
        #expect(throws: S3Failure(.keyTooLong)) {
            try Self.request("/b/" + String(repeating: "%C3%BC", count: 513))
        }
    }

    @Test func queryParametersAreDecoded() throws {
        let request = try Self.request("/b?prefix=a+b%2Fc&uploads&empty=&&x=1=2")
        #expect(request.parameter("prefix") == "a b/c")
        #expect(request.parameter("uploads")?.isEmpty == true)
        #expect(request.parameter("empty")?.isEmpty == true)
        #expect(request.parameter("x") == "1=2")
        #expect(request.parameter("none") == nil)
    }

    @Test(
        arguments: [
            ("bytes=0-0", 0..<1), ("bytes=5-", 5..<10), ("bytes=-3", 7..<10), ("bytes=-30", 0..<10),
            ("bytes=3-99", 3..<10), ("bytes=0-99999999999999999999", 0..<10),
        ] as [(String, Range<Int64>)])
    func rangesAreRead(header: String, range: Range<Int64>) throws {
        #expect(try ByteRange.parse(header, size: 10) == range)
    }

    @Test(arguments: ["bytes=1-2,4-5", "bytes=5-1", "items=1-2", "bytes=", "bytes=-", "bytes=a-b"])
    func otherRangesArePassedOver(header: String) throws {
        #expect(try ByteRange.parse(header, size: 10) == nil)
    }

    @Test(arguments: ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999-"])
    func rangesBeyondTheEndAreRefused(header: String) {
        let failure = #expect(throws: S3Failure.self) {
            _ = try ByteRange.parse(header, size: 10)
        }
        #expect(failure?.code == .invalidRange)
        #expect(failure?.headers == [NamedValue("Content-Range", "bytes */10")])
    }

    @Test func anEmptyObjectHasNoRange() {
        #expect(throws: S3Failure.self) { _ = try ByteRange.parse("bytes=0-", size: 0) }
        #expect(throws: S3Failure.self) { _ = try ByteRange.parse("bytes=-1", size: 0) }
    }

    @Test(arguments: [
        ("b/k", "b", "k"), ("/b/k", "b", "k"), ("b/%C3%BC%20%2B%25", "b", "ü +%"),
        ("b%2Fk%2Fl", "b", "k/l"), ("b//k", "b", "/k"), ("b/k?versionId=null", "b", "k"),
        ("b/k?x", "b", "k?x"),
    ])
    func copySourcesAreRead(header: String, bucket: String, key: String) throws {
        let source = try CopySource(header)
        #expect(source.bucket == bucket)
        #expect(source.key == Array(key.utf8))
    }

    @Test(arguments: ["", "/", "b", "b/", "/b/", "b/%4", "b/k?versionId=abc"])
    func otherCopySourcesAreRefused(header: String) {
        let failure = #expect(throws: S3Failure.self) { _ = try CopySource(header) }
        #expect(failure?.code == .invalidArgument)
    }

    @Test(arguments: [
        ("abc", true), ("a-b.c1", true), (String(repeating: "a", count: 63), true), ("ab", false),
        (String(repeating: "a", count: 64), false), ("-ab", false), ("ab-", false), ("a..b", false),
        ("A-b", false), ("1.2.3.4", false), ("1.2.3.400", true), ("xn--a", false), ("a/b", false),
        ("..", false), ("a_b", false), ("abü", false), ("a\0b", false), ("...", false),
    ])
    func bucketNamesFollowTheRules(name: String, isValid: Bool) {
        #expect(BucketName.isValid(name) == isValid)
    }

    @Test(arguments: [
        ("a=1&b=x%20y", ["a": "1", "b": "x y"]), ("a", ["a": ""]), ("a=b=c", ["a": "b=c"]),
        ("", [:]),
    ])
    func tagHeadersAreRead(header: String, tags: [String: String]) throws {
        let parsed = try Tags.parse(header: header)
        #expect(Dictionary(uniqueKeysWithValues: parsed.map { ($0.name, $0.value) }) == tags)
    }

    @Test(arguments: ["a=1&a=2", "=1", (0..<11).map { "k\($0)=v" }.joined(separator: "&"), "a=%FF"])
    func otherTagHeadersAreRefused(header: String) {
        #expect(throws: S3Failure.self) { _ = try Tags.parse(header: header) }
    }

    @Test(arguments: [
        ("\"0011\"", false), ("000102030405060708090a0b0c0d0e0f", true),
        ("\"000102030405060708090a0b0c0d0e0f\"", true), ("*", true),
        ("W/\"000102030405060708090a0b0c0d0e0f\"", true),
        ("\"x\", \"000102030405060708090a0b0c0d0e0f\" ", true),
        ("000102030405060708090a0b0c0d0e0f-1", false),
    ])
    func entityTagsMatch(list: String, isMatch: Bool) {
        #expect(Conditions.matches(list, ETag(md5: Array(0..<16), parts: 0)) == isMatch)
    }

    @Test func uploadsThatBeginAtOneTimeAreListedAsTheyBegan() {
        let ids = (0..<2_000).map { _ in MultipartName.newID() }
        #expect(ids.allSatisfy(MultipartName.isID))
        #expect(ids == ids.sorted() && Set(ids.map { $0.prefix(16) }).count == ids.count)
    }
}
