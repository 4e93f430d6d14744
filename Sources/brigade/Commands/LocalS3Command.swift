import ArgumentParser
import LocalS3
import Logging
import Signing

/// `brigade local-s3 --root DIR`
struct LocalS3Command: ExampledCommand {
    static let example = """
        brigade local-s3 --root ./buckets --bucket photos
        BRIGADE_ACCESS_KEY=me BRIGADE_SECRET_KEY=secret brigade local-s3 --root /srv/s3
        brigade local-s3 --root ./buckets --notify photos --webhook http://127.0.0.1:9010/events/s3
        """

    static let configuration = CommandConfiguration(
        commandName: "local-s3",
        abstract: "Serve a folder as an S3 endpoint, until Ctrl-C.",
        usage: "brigade local-s3 --root <dir> [options]",
        discussion: """
            The key pair comes from BRIGADE_ACCESS_KEY and BRIGADE_SECRET_KEY; without them one \
            is made for this run and printed. More pairs come from a file like AWS's \
            credentials file, one in each section; a pair with "access = read" may not write.
            """)

    @Option(help: .init("The folder; made when it is not there.", valueName: "dir"))
    var root: String
    @Option(help: .init("Where to listen; port 0 takes a free one.", valueName: "host:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 9000)
    @Option(
        help: .init("Make this bucket if it is not there, repeatable.", valueName: "name"))
    var bucket: [String] = []
    @Option(help: .init("A file with more key pairs.", valueName: "file"))
    var keys: String?
    @Flag(
        inversion: .prefixedNo,
        help: "Answer a write when it would survive a power cut, not only a crash.")
    var fsync = true
    @OptionGroup(title: "Notification options")
    var notifications: NotificationOptions
    @Flag(name: .shortAndLong, help: "Print nothing but errors (default: off).")
    var quiet = false

    mutating func run() async throws {
        let found = try LocalS3Keys.find(Compose.processEnvironment)
        let more =
            try keys.map { path throws(CommandFailure) in try LocalS3KeyFile.read(path) } ?? []
        if let twice = LocalS3KeyFile.repeated([found.pair] + more) {
            throw CommandFailure(
                .usage, "the access key \(twice) is given twice",
                advice: "Leave one of the two out.")
        }
        var configuration = LocalS3Configuration(rootDirectory: root, keys: [found.pair] + more)
        configuration.host = listen.host
        configuration.port = listen.port
        configuration.buckets = bucket
        configuration.durable = fsync
        configuration.webhooks = try notifications.webhooks(Compose.processEnvironment)
        configuration.notifications = try notifications.notifications()
        let level = quiet ? Logger.Level.error : .notice
        configuration.logger = Logger(label: "local-s3") { _ in StandardErrorLog(logLevel: level) }
        let (command, webhooks) = (self, configuration.webhooks)
        do {
            try await LocalS3Server(configuration).run { server in
                if !command.quiet {
                    StandardStreams.output(
                        command.greeting(server, found, webhooks))
                }
                if !Self.isLoopback(command.listen.host) {
                    StandardStreams.error(
                        "brigade: \(command.listen.host) is open to the network, and this endpoint"
                            + " has no TLS\n  Put a proxy with TLS before it, or listen on"
                            + " 127.0.0.1.")
                }
            }
        } catch is CancellationError {
            // Ctrl-C is how it ends.
        } catch let error as LocalS3Error {
            throw Self.failure(error)
        }
    }

    private func greeting(
        _ server: RunningLocalS3, _ keys: LocalS3Keys, _ webhooks: [LocalS3Webhook]
    ) -> String {
        let place = "\(ListenAddress.bracketed(server.host)):\(server.port)"
        let name = bucket.first ?? "bucket"
        var lines = ["LocalS3 answers at http://\(place), on the folder \(root)"]
        let secret: String
        if keys.isMade {
            lines.append("  Access key  \(keys.pair.accessKeyID)")
            lines.append(
                "  Secret key  \(keys.pair.secretAccessKey)    (both for this run only: set"
                    + " BRIGADE_ACCESS_KEY")
            lines.append(
                "              and BRIGADE_SECRET_KEY to keep a pair)")
            secret = keys.pair.secretAccessKey
        } else {
            secret = "$BRIGADE_SECRET_KEY"
        }
        let access = URIEncoding.encode(keys.pair.accessKeyID.utf8, keepSlash: false)
        lines.append(
            "  Copy to it  export BRIGADE_CONNECTION_LOCAL=\"http://\(access):\(secret)@\(place)\"")
        lines.append("              brigade copy s3://minio@photos s3://local@\(name)")
        for webhook in webhooks {
            lines.append("  Notifies    \(webhook.place)    (\(webhook.arn))")
        }
        lines.append("  Ctrl-C stops it.")
        return lines.joined(separator: "\n")
    }

    static func isLoopback(_ host: String) -> Bool {
        host == "localhost" || host == "::1" || host.hasPrefix("127.")
    }

    static func failure(_ error: LocalS3Error) -> CommandFailure {
        switch error.kind {
        case .folderInUse:
            CommandFailure(
                .usage, error.description,
                advice: "Stop that one, or name another folder with --root.")
        case .folderForeign:
            CommandFailure(
                .usage, error.description,
                advice: "Name an empty folder, a new one, or one of LocalS3's with --root.")
        case .folderUnusable:
            CommandFailure(
                .usage, error.description,
                advice: "Name a folder that this user may write to with --root.")
        case .addressUnusable:
            CommandFailure(
                .usage, error.description,
                advice: "Is something else listening there? Name another place with --listen;"
                    + " port 0 takes a free one.")
        case .invalidBucketName:
            CommandFailure(
                .usage, error.description,
                advice: "3 to 63 lower-case letters, digits, '-' and '.'.")
        case .invalidNotification:
            CommandFailure(
                .usage, error.description,
                advice:
                    "Webhooks are given by --webhook, like hook=http://127.0.0.1:9010/events/s3,"
                    + " and events are s3:ObjectCreated:* and s3:ObjectRemoved:*."
            )
        }
    }
}
