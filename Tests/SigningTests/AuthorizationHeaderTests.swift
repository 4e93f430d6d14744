import Signing
import Testing

struct AuthorizationHeaderTests {
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
    @Test func aPublishedValueComesApart() throws {
        let header = try AuthorizationHeader(
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "
                + "SignedHeaders=host;range;x-amz-date, Signature=fe5f80f77d5fa3beca038a248ff027d0")
        #expect(header.signedHeaders == ["host", "range", "x-amz-date"])
        #expect(header.signature == "fe5f80f77d5fa3beca038a248ff027d0")
        let scope = try #require(CredentialScope(header.credential))
        #expect(scope.accessKeyID == "AKIAIOSFODNN7EXAMPLE")
        #expect(scope.day == "20130524")
        #expect(scope.region == "us-east-1")
        #expect(scope.service == "s3")
    }

    /// In any order, with spaces or without.
    @Test(arguments: [
        "AWS4-HMAC-SHA256 Signature=s,SignedHeaders=host,Credential=k/1/r/s/aws4_request",
        "AWS4-HMAC-SHA256   Credential=k/1/r/s/aws4_request,   SignedHeaders=host,  Signature=s,x",
    ])
    func theOrderIsFree(_ text: String) throws {
        let header = try AuthorizationHeader(text)
        #expect(header.signedHeaders == ["host"])
        #expect(header.signature == "s")
        #expect(CredentialScope(header.credential)?.accessKeyID == "k")
    }

    @Test func aKeyMayHaveSlashes() {
        let scope = CredentialScope("a/b/c/20130524/us-east-1/lambda/aws4_request")
        #expect(scope?.accessKeyID == "a/b/c")
        #expect(scope?.service == "lambda")
    }

    @Test(arguments: [
        ("", AuthorizationHeader.Problem.otherScheme), ("AWS abc:def", .otherScheme),
        ("AWS4-HMAC-SHA256", .otherScheme),
        ("AWS4-HMAC-SHA256 ", .incomplete(["Credential", "Signature", "SignedHeaders"])),
        ("AWS4-HMAC-SHA256 Credential=a, Signature=b", .incomplete(["SignedHeaders"])),
        ("AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b, Signature=", .incomplete(["Signature"])),
        (
            "AWS4-HMAC-SHA256 Credential=a, SignedHeaders, Signature=b",
            .incomplete(["SignedHeaders"])
        ),
    ])
    func whatIsMissingIsTold(_ text: String, _ problem: AuthorizationHeader.Problem) {
        #expect(throws: problem) { try AuthorizationHeader(text) }
    }

    @Test(arguments: ["", "a", "20130524/us-east-1/s3/aws4_request"])
    func aScopeHasFiveParts(_ text: String) {
        #expect(CredentialScope(text[...]) == nil)
    }

    @Test func whatIsNotSignedIsFound() {
        let head = [
            (name: "Host", value: "h"), (name: "X-Amz-Date", value: "d"),
            (name: "x-amzn-trace-id", value: "t"), (name: "x-AMZ-Acl", value: "private"),
        ]
        #expect(AuthorizationHeader.firstUnsigned(of: head, signed: ["x-amz-date"]) == "x-AMZ-Acl")
        #expect(AuthorizationHeader.firstUnsigned(of: head, signed: ["host"]) == "X-Amz-Date")
        #expect(
            AuthorizationHeader.firstUnsigned(
                of: head, signed: ["x-amz-acl", "x-amz-date"]) == nil)
    }

    @Test(arguments: [
        ("", []), ("&", []), ("a", ["a="]), ("a=1&&b=&c=2=3&", ["a=1", "b=", "c=2=3"]),
        ("=x&a%20b", ["=x", "a%20b="]),
    ])
    func aQuerysParametersAreAsTheyWereSent(_ query: String, _ parameters: [String]) {
        #expect(query.queryParameters.map { "\($0.name)=\($0.value)" } == parameters)
    }
}
