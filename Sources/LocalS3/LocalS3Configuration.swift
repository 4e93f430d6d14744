import Logging

/// A key pair that LocalS3 accepts. Prints without its secret.
public struct LocalS3AccessKey: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    public let accessKeyID: String
    public let secretAccessKey: String
    /// Writes with this key are refused with `AccessDenied`.
    public let isReadOnly: Bool

    public init(accessKeyID: String, secretAccessKey: String, isReadOnly: Bool = false) {
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.isReadOnly = isReadOnly
    }

    public var description: String {
        "LocalS3AccessKey(\(accessKeyID)\(isReadOnly ? ", read-only" : ""))"
    }
    public var customMirror: Mirror { Mirror(self, children: ["accessKeyID": accessKeyID]) }
}

/// What a LocalS3 serves, where, and to whom.
public struct LocalS3Configuration: Sendable {
    /// The folder; made when it is not there. One process at a time.
    public var rootDirectory: String
    /// The address to listen on. The default, loopback, lets nobody else in: LocalS3 speaks HTTP without TLS.
    public var host = "127.0.0.1"
    /// 0 takes any free port; ``LocalS3Server/port`` tells which.
    public var port = 0
    /// Requests must be signed with one of these. Without any, every request is refused.
    public var keys: [LocalS3AccessKey]
    /// The region that signatures must name.
    public var region = "us-east-1"
    /// Buckets that are made at the start if they are not there.
    public var buckets: [String] = []
    /// Every write is on the disk before it is answered. Without it a write survives the end of the process, however
    /// sudden, but not that of the machine.
    public var durable = true
    /// The largest body of one PUT or part. S3's own is 5 GiB.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>
    public var objectBytesMaximum: Int64 = 5 << 30
    /// The smallest part but the last. S3's own is 5 MiB; tests make it smaller.
    var partBytesMinimum: Int64 = 5 << 20
    /// Where notifications may be sent; buckets choose among them.
    public var webhooks: [LocalS3Webhook] = []
    /// What is sent in any case, whatever the buckets' own configurations say.
    public var notifications: [LocalS3Notification] = []
    /// Told of what is nobody's request: webhooks that do not answer. Silent unless it is set.
    public var logger = Logger(label: "local-s3") { _ in SwiftLogNoOpLogHandler() }
    /// Connections served at once; more are closed as they come.
    public var connectionsMaximum = 1_024

    public init(rootDirectory: String, keys: [LocalS3AccessKey]) {
        self.rootDirectory = rootDirectory
        self.keys = keys
    }
}
