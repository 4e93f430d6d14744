import ArgumentParser
import LocalS3
import Signing

/// `brigade local-s3 --root DIR`
struct LocalS3Command: ExampledCommand {
    static let example = """
        brigade local-s3 --root ./buckets --bucket photos
        BRIGADE_ACCESS_KEY=me BRIGADE_SECRET_KEY=secret brigade local-s3 --root /srv/s3
        """

    static let configuration = CommandConfiguration(
        commandName: "local-s3",
        abstract: "Serve a folder as an S3 endpoint, until Ctrl-C.",
        usage: "brigade local-s3 --root <dir> [options]",
        discussion: """
            The key pair comes from BRIGADE_ACCESS_KEY and BRIGADE_SECRET_KEY; without them one \
            is made for this run and printed.
            """)

    @Option(help: .init("The folder; made when it is not there.", valueName: "dir"))
    var root: String
    @Option(help: .init("Where to listen; port 0 takes a free one.", valueName: "host:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 9000)
    @Option(
        help: .init("Make this bucket if it is not there, repeatable.", valueName: "name"))
    var bucket: [String] = []
    @Flag(
        inversion: .prefixedNo,
        help: "Answer a write when it would survive a power cut, not only a crash.")
    var fsync = true
    @Flag(name: .shortAndLong, help: "Print nothing but errors (default: off).")
    var quiet = false

    mutating func run() async throws {
        let keys = try LocalS3Keys.find(Compose.processEnvironment)
        var configuration = LocalS3Configuration(rootDirectory: root, keys: [keys.pair])
        configuration.host = listen.host
        configuration.port = listen.port
        configuration.buckets = bucket
        configuration.durable = fsync
        let command = self
        do {
            try await LocalS3Server(configuration).run { server in
                if !command.quiet { StandardStreams.output(command.greeting(server, keys)) }
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

    private func greeting(_ server: RunningLocalS3, _ keys: LocalS3Keys) -> String {
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
        }
    }
}

/// The key pair that an embedded endpoint takes.
struct LocalS3Keys {
    var pair: LocalS3AccessKey
    /// For this run, because none was given.
    var isMade: Bool

    static let accessVariable = "BRIGADE_ACCESS_KEY"
    static let secretVariable = "BRIGADE_SECRET_KEY"

    /// - Throws: ``CommandFailure`` when only half of a pair is given.
    static func find(_ environment: [String: String]) throws(CommandFailure) -> LocalS3Keys {
        let access = environment[accessVariable] ?? ""
        let secret = environment[secretVariable] ?? ""
        guard access.isEmpty == secret.isEmpty else {
            let missing = access.isEmpty ? accessVariable : secretVariable
            throw CommandFailure(
                .usage, "half a key pair: \(missing) is not set",
                advice: "Set both \(accessVariable) and \(secretVariable), or none.")
        }
        guard !access.isEmpty else { return LocalS3Keys(pair: make(), isMade: true) }
        // A slash ends the key in a signature's scope.
        guard access.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x2F && $0 != 0x2C }) else {
            throw CommandFailure(
                .usage, "\(accessVariable) is no access key",
                advice: "It may hold printable ASCII characters without blanks, '/' and ','.")
        }
        return LocalS3Keys(
            pair: LocalS3AccessKey(accessKeyID: access, secretAccessKey: secret), isMade: false)
    }

    /// Letters and digits alone, so that nothing in them needs escaping in a URL.
    static func make() -> LocalS3AccessKey {
        let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        let all = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        func random(_ count: Int, of characters: [Character]) -> String {
            String((0..<count).map { _ in characters.randomElement()! })
        }
        return LocalS3AccessKey(
            accessKeyID: "BRGD" + random(16, of: letters), secretAccessKey: random(40, of: all))
    }
}
