import Signing
import Transport

/// One S3-compatible endpoint and how to talk to it.
public struct S3Connection: Sendable {
    public enum Style: String, Sendable, Codable { case path, virtual }

    /// As the user named it; "aws" for the default chain. Usage and messages go by it.
    public var name: String
    /// "http" or "https".
    public var scheme: String
    /// host or host:port; IPv6 in brackets. Port omitted when it is the scheme's own.
    public var authority: String
    public var region: String
    public var style: Style
    public var credentials: any CredentialsProvider
    public var dialect: Dialect
    /// Where the connection came from, for messages: "brigade.yaml line 4", "BRIGADE_CONNECTION_MINIO".
    public var origin: String

    public init(
        name: String, scheme: String, authority: String, region: String = "us-east-1",
        style: Style = .path, credentials: any CredentialsProvider, dialect: Dialect = .init(),
        origin: String
    ) {
        self.name = name
        self.scheme = scheme
        self.authority = authority
        self.region = region
        self.style = style
        self.credentials = credentials
        self.dialect = dialect
        self.origin = origin
    }

    /// The host alone, without port or brackets.
    var host: Substring { Endpoint.host(of: authority) }

    /// How a bucket is addressed: one with a dot in its name stays in the path where there is TLS, because a
    /// wildcard in a certificate stands for one label.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>
    func style(bucket: String) -> Style {
        scheme == "https" && bucket.contains(".") ? .path : style
    }
}
