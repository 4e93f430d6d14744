import Functions
import S3
import Testing

@testable import brigade

struct StoreMessageTests {
    private static let side = StoreMessage.Side(
        name: "offsite", endpoint: "https://s3.example.net", origin: "brigade.yaml line 4",
        credentialsOrigin: "profile backup in /home/u/.aws/credentials",
        accessKeyID: "AKIAIOSFODNN7EXAMPLE", bucket: "photos")

    private func render(
        _ failure: StoreFailure, _ change: (inout StoreMessage.Side) -> Void = { _ in }
    ) -> CommandFailure {
        var side = Self.side
        change(&side)
        return StoreMessage(failure: failure, side: side).rendered
    }

    @Test(arguments: S3Error.Kind.allCases)
    func everyKindSaysWhatOnWhatWhyAndTheWayOut(_ kind: S3Error.Kind) {
        let bare = render(Sample.store(kind, message: ""))
        for failure in [
            render(Sample.store(kind, code: "SomeCode", status: 418, attempts: 3)),
            render(Sample.store(kind)), bare, render(Sample.store(kind, bucket: nil)),
        ] {
            #expect(failure.status == .storeRefused)
            #expect(failure.message.contains("offsite"), "\(failure.message)")
            #expect(failure.message.split(separator: "\n").count == 1)
            #expect(!failure.message.contains("()"), "\(failure.message)")
            #expect(!failure.message.contains(":  "), "\(failure.message)")
            #expect(!failure.message.hasSuffix(": "), "\(failure.message)")
            #expect(!failure.advice.isEmpty)
            #expect(failure.advice.allSatisfy { $0.count > 20 })
            let lines = failure.rendered.split(separator: "\n")
            #expect(lines.dropFirst().allSatisfy { $0.count <= 100 })
        }
    }

    /// What is no code is not said twice.
    @Test(arguments: S3Error.Kind.allCases)
    func nothingIsSaidTwice(_ kind: S3Error.Kind) {
        let words = "unmistakable words"
        let text = render(Sample.store(kind, message: words)).message
        #expect(text.ranges(of: words).count <= 1, "\(text)")
    }

    /// A store may answer with anything; what is shown of a key pair is its access key, shortened.
    @Test(arguments: S3Error.Kind.allCases)
    func theAccessKeyIsShortened(_ kind: S3Error.Kind) {
        for code in ["SignatureDoesNotMatch", "InvalidAccessKeyId", "AccessDenied", nil] {
            let text = render(Sample.store(kind, code: code)).rendered
            #expect(!text.contains("AKIAIOSFODNN7EXAMPLE"))
        }
    }

    struct Row: Sendable {
        var failure: StoreFailure
        var message: String
        var advice: String
    }

    @Test(arguments: [
        Row(
            failure: Sample.store(
                .unreachable, message: "connection refused", attempts: 3, elapsed: .seconds(2)),
            message:
                "cannot reach offsite at https://s3.example.net (connection refused, 3 tries in 2 s)",
            advice: "The connection comes from brigade.yaml line 4."),
        Row(
            failure: Sample.store(.untrusted, message: "self-signed certificate"),
            message: "the certificate of offsite at https://s3.example.net is not trusted "
                + "(self-signed certificate)",
            advice: "AWS_CA_BUNDLE"),
        Row(
            failure: Sample.store(.badCredentials, code: "SignatureDoesNotMatch", status: 403),
            message: "offsite refused the key AKIA…LE (SignatureDoesNotMatch)",
            advice: "read from profile backup in /home/u/.aws/credentials"),
        Row(
            failure: Sample.store(.badCredentials, code: "InvalidAccessKeyId", status: 403),
            message: "offsite does not know the key AKIA…LE (InvalidAccessKeyId)",
            advice: "profile backup"),
        Row(
            failure: Sample.store(.badCredentials, status: 401, message: "who are you"),
            message: "offsite did not accept the credentials AKIA…LE (who are you)",
            advice: "profile backup"),
        Row(
            failure: Sample.store(.noCredentials, message: "profile backup: not there"),
            message: "there are no credentials for offsite: profile backup: not there",
            advice: "looked for in profile backup"),
        Row(
            failure: Sample.store(.noSuchBucket, code: "NoSuchBucket", bucket: "photo"),
            message: "offsite has no bucket photo", advice: "create it first"),
        Row(
            failure: Sample.store(.accessDenied, code: "AccessDenied", status: 403),
            message: "offsite refused PutObject on photos to the key AKIA…LE (AccessDenied)",
            advice: "Allow PutObject"),
        Row(
            failure: Sample.store(.clockSkew, code: "RequestTimeTooSkewed"),
            message: "the clocks of this machine and of offsite differ too much "
                + "(RequestTimeTooSkewed)",
            advice: "Set this machine's clock"),
        Row(
            failure: Sample.store(.throttled, code: "SlowDown", attempts: 2, elapsed: .zero),
            message: "offsite at https://s3.example.net is too busy or broken "
                + "(SlowDown, 2 tries in 1 s)",
            advice: "--concurrency"),
        Row(
            failure: Sample.store(.noSpace, status: 507, message: ""),
            message: "offsite has no room (HTTP 507)", advice: "Free space"),
        Row(
            failure: Sample.store(.notSupported, code: "NotImplemented", message: "no such thing"),
            message: "offsite failed PutObject on photos: no such thing (NotImplemented)",
            advice: "brigade probe s3://offsite@photos"),
        Row(
            failure: Sample.store(.malformedAnswer, message: "no XML"),
            message: "offsite failed PutObject on photos: no XML", advice: "brigade probe"),
    ])
    func reads(_ row: Row) {
        let failure = render(row.failure)
        #expect(failure.message == row.message)
        #expect(failure.rendered.replacing("\n  ", with: " ").contains(row.advice))
    }

    @Test func theDefaultChainHasItsOwnWayOut() {
        let failure = render(Sample.store(.noCredentials, connection: "aws")) { $0.name = "aws" }
        #expect(failure.rendered.contains("AWS_ACCESS_KEY_ID"))
        let probe = render(Sample.store(.notSupported)) { $0.name = "aws" }
        #expect(probe.rendered.contains("brigade probe s3://photos"))
    }

    @Test(arguments: [
        (nil, ""), ("", ""), ("short", " short"), ("12345678", " 12345678"),
        ("123456789", " 1234…89"),
    ])
    func shortensKeys(_ key: String?, _ short: String) {
        var side = Self.side
        side.accessKeyID = key
        #expect(side.shortKey == short)
    }
}
