import Testing

@testable import Runtime

@Suite struct DestinationTests {
    /// A webhook's URL may hold a password or a token, which no log may show.
    @Test(arguments: [
        (
            "https://user:word@hooks.example:8443/in/secret?token=abc#x",
            "https://hooks.example:8443"
        ),
        ("http://127.0.0.1:9010", "http://127.0.0.1:9010"),
        ("http://host?token=abc", "http://host"),
        ("https://", "a webhook"),
        ("arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:sqs:us-east-1:000000000000:q"),
    ])
    func aTargetIsShownWithoutItsSecrets(_ target: String, _ shown: String) {
        #expect(Destination.shown(target) == shown)
    }

    @Test func whatIsADestination() {
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:f"
        #expect(Destination(arn) == .function(name: "f", qualifier: nil))
        #expect(Destination(arn + ":live") == .function(name: "f", qualifier: "live"))
        #expect(
            Destination("arn:aws:s3:::bucket") == .remote("arn:aws:s3:::bucket"))
        #expect(Destination("arn:aws:sns:us-east-1:000000000000:t") == nil)
        #expect(Destination("ftp://host") == nil)
    }
}
