import Testing

@testable import Signing

/// The examples of Amazon's S3 documentation, all with one key pair, at 2013-05-24T00:00:00Z: the canonical request and
/// the string to sign as they are printed there, and the signature.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html>
@Suite struct S3ExampleTests {
    static let credentials = Credentials(
        accessKeyID: "AKIAIOSFODNN7EXAMPLE",
        secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
    static let host = "examplebucket.s3.amazonaws.com"
    static let time: Int64 = 1_369_353_600
    static let stringToSign = """
        AWS4-HMAC-SHA256
        20130524T000000Z
        20130524/us-east-1/s3/aws4_request

        """

    struct Example: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var method = "GET"
        var path = "/"
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var payload = PayloadHash.empty
        let canonicalRequest: String
        /// Of the canonical request: the last line of the string to sign.
        let digest: String
        let signature: String
    }

    static let examples = [
        Example(
            testDescription: "GET Object with range", path: "/test.txt",
            headers: [("Range", "bytes=0-9")],
            canonicalRequest: """
                GET
                /test.txt

                host:examplebucket.s3.amazonaws.com
                range:bytes=0-9
                x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                x-amz-date:20130524T000000Z

                host;range;x-amz-content-sha256;x-amz-date
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                """,
            digest: "7344ae5b7ee6c3e7e6b0fe0640412a37625d1fbfff95c48bbb2dc43964946972",
            signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        Example(
            testDescription: "PUT Object", method: "PUT", path: "/test%24file.text",
            headers: [
                ("Date", "Fri, 24 May 2013 00:00:00 GMT"),
                ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
            ],
            payload: .of(Array("Welcome to Amazon S3.".utf8)),
            canonicalRequest: """
                PUT
                /test%24file.text

                date:Fri, 24 May 2013 00:00:00 GMT
                host:examplebucket.s3.amazonaws.com
                x-amz-content-sha256:44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072
                x-amz-date:20130524T000000Z
                x-amz-storage-class:REDUCED_REDUNDANCY

                date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class
                44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072
                """,
            digest: "9e0e90d9c76de8fa5b200d8c849cd5b8dc7a3be3951ddb7f6a76b4158342019d",
            signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
        Example(
            testDescription: "GET Bucket lifecycle", query: [("lifecycle", "")],
            canonicalRequest: """
                GET
                /
                lifecycle=
                host:examplebucket.s3.amazonaws.com
                x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                x-amz-date:20130524T000000Z

                host;x-amz-content-sha256;x-amz-date
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                """,
            digest: "9766c798316ff2757b517bc739a67f6213b4ab36dd5da2f94eaebf79c77395ca",
            signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        Example(
            testDescription: "GET Bucket (list objects)",
            query: [("prefix", "J"), ("max-keys", "2")],
            canonicalRequest: """
                GET
                /
                max-keys=2&prefix=J
                host:examplebucket.s3.amazonaws.com
                x-amz-content-sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                x-amz-date:20130524T000000Z

                host;x-amz-content-sha256;x-amz-date
                e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
                """,
            digest: "df57d21db20da04d7fa30298dd4488ba3a2b47ca3a489c74750e0f1e7df1b9b7",
            signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    ]

    @Test(arguments: examples)
    func signsAsDocumented(example: Example) {
        let fields = RequestSigner().sign(
            method: example.method, host: Self.host, path: example.path, query: example.query,
            headers: example.headers, payload: example.payload, credentials: Self.credentials,
            region: "us-east-1", time: Self.time)
        let names = example.canonicalRequest.split(separator: "\n").dropLast().last!
        #expect(
            fields.first { $0.name == "Authorization" }?.value
                == "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/"
                + "aws4_request, SignedHeaders=\(names), Signature=\(example.signature)")
    }

    /// The strings in between, so that a failure says which step is wrong.
    @Test(arguments: examples)
    func stringsInBetween(example: Example) {
        let request = CanonicalRequest(
            method: example.method, path: CanonicalPath(service: "s3").path(example.path),
            query: example.query,
            headers: example.headers + [
                ("host", Self.host), ("x-amz-date", "20130524T000000Z"),
                ("x-amz-content-sha256", example.payload.headerValue),
            ], payload: example.payload.headerValue)
        #expect(request.text == example.canonicalRequest)
        let parts = StringToSign(time: Self.time, region: "us-east-1", service: "s3")
        #expect(
            String(decoding: parts.bytes(request.digest), as: UTF8.self)
                == Self.stringToSign + example.digest)
    }

    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html>
    @Test func presignsAsDocumented() {
        let asked =
            "X-Amz-Algorithm=AWS4-HMAC-SHA256"
            + "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
            + "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
        let query = RequestSigner().presign(
            method: "GET", host: Self.host, path: "/test.txt", query: [],
            credentials: Self.credentials, region: "us-east-1", time: Self.time, expires: 86_400)
        #expect(
            query == asked + "&X-Amz-Signature="
                + "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404")
        let pairs = asked.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            return (name: String(parts[0]), value: String(parts[1]))
        }
        let request = CanonicalRequest(
            method: "GET", path: "/test.txt", query: pairs.reversed(),
            headers: [("host", Self.host)], payload: PayloadHash.unsigned.headerValue)
        #expect(
            request.text == "GET\n/test.txt\n\(asked)\nhost:\(Self.host)\n\nhost\nUNSIGNED-PAYLOAD")
        #expect(
            request.digest.hex
                == "3bfa292879f6447bbcda7001decf97f4a54dc650c8942174ae0a9121cf58ad04")
    }

    /// The token of temporary credentials is signed, in the query as in the head.
    @Test func sessionTokensAreSigned() {
        let temporary = Credentials(
            accessKeyID: "AKIAIOSFODNN7EXAMPLE",
            secretAccessKey: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", sessionToken: "a+b/c=")
        let signer = RequestSigner()
        let fields = signer.sign(
            method: "GET", host: Self.host, path: "/", query: [], headers: [], payload: .empty,
            credentials: temporary, region: "us-east-1", time: Self.time)
        #expect(fields.first { $0.name == "x-amz-security-token" }?.value == "a+b/c=")
        #expect(
            fields.last!.value.contains(
                "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,"))
        let query = signer.presign(
            method: "GET", host: Self.host, path: "/", query: [], credentials: temporary,
            region: "us-east-1", time: Self.time, expires: 1)
        #expect(query.contains("&X-Amz-Security-Token=a%2Bb%2Fc%3D&X-Amz-Signature="))
    }
}
