import Testing

@testable import S3

@Suite struct RouteTests {
    @Test(arguments: [
        ("s3.eu-west-1.amazonaws.com", "s3.amazonaws.com", true),
        ("s3.eu-west-1.amazonaws.com", "s3.us-east-1.amazonaws.com", true),
        ("s3-eu-west-1.amazonaws.com", "s3.amazonaws.com", true),
        ("s3.dualstack.eu-west-1.amazonaws.com", "s3.us-east-1.amazonaws.com", true),
        ("s3.amazonaws.com", "s3.amazonaws.com", true), ("127.0.0.1:9000", "127.0.0.1:9000", true),
        ("127.0.0.1:9001", "127.0.0.1:9000", false), ("127.0.0.2:9000", "127.0.0.1:9000", false),
        ("evil.example.com", "s3.amazonaws.com", false), ("s3.evil.com", "s3.amazonaws.com", false),
        ("s3.amazonaws.com.evil.com", "s3.amazonaws.com", false),
        ("ec2-1-2-3-4.compute.amazonaws.com", "s3.amazonaws.com", false),
        ("s3.xamazonaws.com", "s3.amazonaws.com", false),
        ("s3.evil.co.uk", "s3.co.uk", false), ("s3.evil.com", "s3.com", false),
        ("s3.amazonaws.com:8443", "s3.amazonaws.com", false),
        ("minio2.example.com", "minio.example.com", false),
        ("s3.other.example.com", "minio.example.com", false),
    ])
    func siblings(other: String, configured: String, isSibling: Bool) {
        #expect(Rerouting.isSibling(other, of: configured) == isSibling)
    }

    private let global = Route(authority: "s3.amazonaws.com", region: "us-east-1")

    private func decide(
        _ advice: RouteAdvice, _ current: Route, scheme: String = "https"
    ) -> Rerouting {
        Rerouting.decide(advice, current: current, scheme: scheme, bucket: "bucket")
    }

    @Test func regionAlone() {
        let region = RouteAdvice(region: "eu-west-1")
        #expect(
            decide(region, global)
                == .to(Route(authority: "s3.eu-west-1.amazonaws.com", region: "eu-west-1")))
        #expect(
            decide(region, Route(authority: "s3.us-west-2.amazonaws.com", region: "us-west-2"))
                == .to(Route(authority: "s3.eu-west-1.amazonaws.com", region: "eu-west-1")))
        #expect(
            decide(region, Route(authority: "minio:9000", region: "us-east-1"))
                == .to(Route(authority: "minio:9000", region: "eu-west-1")))
        #expect(decide(RouteAdvice(region: "us-east-1"), global) == .nowhere)
    }

    @Test func hosts() {
        let bucketHost = RouteAdvice(
            region: "eu-west-1", authority: "bucket.s3.eu-west-1.amazonaws.com")
        #expect(
            decide(bucketHost, global)
                == .to(Route(authority: "s3.eu-west-1.amazonaws.com", region: "eu-west-1")))
        #expect(
            decide(RouteAdvice(authority: "s3.eu-west-1.amazonaws.com"), global)
                == .to(Route(authority: "s3.eu-west-1.amazonaws.com", region: "eu-west-1")))
        #expect(
            decide(RouteAdvice(authority: "elsewhere.example.com"), global)
                == .foreign(host: "elsewhere.example.com"))
        #expect(
            decide(
                RouteAdvice(authority: "s3.eu-west-1.amazonaws.com", scheme: "http"), global)
                == .foreign(host: "s3.eu-west-1.amazonaws.com"))
        #expect(decide(RouteAdvice(authority: "s3.amazonaws.com"), global) == .nowhere)
    }
}
