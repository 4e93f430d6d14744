import ArgumentParser
import Functions
import Glibc
import Lambda
import Logging
import Runtime
import Signing
import Transport

/// `brigade up`
struct UpCommand: ExampledCommand {
    static let example = """
        brigade up
        brigade up --listen 127.0.0.1:9011 --state ./state
        brigade up --config brigade.yaml --check
        """

    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Keep the rules of brigade.yaml in step, and run functions, until Ctrl-C.",
        usage: "brigade up [--listen <host:port>] [options]",
        discussion: """
            AWS's own clients work against it with --endpoint-url and the key pair in \
            STATE/credentials. Python functions need awslambdaric: BRIGADE_PYTHON names an \
            interpreter that has it. A package comes as ZipFile, or from a bucket: S3Bucket is \
            BUCKET, or CONNECTION@BUCKET.
            """)

    @Option(
        help: .init(
            "Where to listen; port 0 takes a free one (default: as in brigade.yaml, else 127.0.0.1:9010).",
            valueName: "host:port"))
    var listen: ListenAddress?
    @Flag(help: "Read brigade.yaml, say what is wrong with it, and end (default: off).")
    var check = false
    @Option(
        help: .init("Asynchronous events that run at once (default: 64).", valueName: "count"))
    var concurrency = 64
    @OptionGroup(title: "Common options")
    var common: CommonOptions

    static let defaultAddress = ListenAddress(host: "127.0.0.1", port: 9010)

    func validate() throws {
        guard (1...1000).contains(concurrency) else {
            throw ValidationError("--concurrency is 1 to 1000.")
        }
    }

    mutating func run() async throws {
        let compose = try Compose(common)
        try compose.book.check(compose.replications)
        let live = try LiveRules(compose.replications, compose.book, compose.transport)
        if check {
            if !common.quiet { StandardStreams.output(live.summary(compose.book.file?.path)) }
            return
        }
        try compose.state.make()
        // Functions run in folders of their own: a relative path would be another one there.
        let state = StateFolder(
            option: Self.absolute(compose.state.path), environment: compose.environment)
        let level = common.quiet ? Logger.Level.error : .notice
        let logger = Logger(label: "up") { _ in StandardErrorLog(logLevel: level) }
        var configuration = try UpConfiguration.make(
            compose, live, stateFolder: state.path, logger: logger)
        let listen = listen ?? compose.book.file?.listen ?? Self.defaultAddress
        configuration.host = listen.host
        configuration.port = listen.port
        configuration.invocations.asynchronousConcurrency = concurrency
        let runtime = try await start(configuration)
        let place = "http://\(ListenAddress.bracketed(runtime.host)):\(runtime.port)"
        try Self.write(configuration.region + "\n", to: state.region)
        try Self.write(place + "\n", to: state.endpoint)
        defer { unlink(state.endpoint) }
        if !common.quiet {
            StandardStreams.output(greeting(place, configuration.region, state, live))
            if !LocalS3Command.isLoopback(listen.host) {
                StandardStreams.error(
                    "brigade: \(listen.host) is open to the network, and this API has no TLS\n"
                        + "  Put a proxy with TLS before it, or listen on 127.0.0.1.")
            }
        }
        await runtime.run()
    }

    private func start(_ configuration: BundledRuntime.Configuration) async throws -> BundledRuntime
    {
        do {
            return try await BundledRuntime.start(configuration)
        } catch let error as StateError {
            let advice =
                switch error.kind {
                case .inUse: "Stop that one, or name another folder with --state."
                case .newer: "Use that release, or name another folder with --state."
                case .unusable: "Mend or move it away, or name another folder with --state."
                }
            throw CommandFailure(.usage, error.message, advice: advice)
        } catch let error as ListenerError {
            throw CommandFailure(
                .usage, "cannot listen on \(error.description)",
                advice: "Is something else listening there? Name another place with --listen;"
                    + " port 0 takes a free one.")
        } catch let error as LambdaServiceError {
            throw CommandFailure(.usage, error.message)
        }
    }

    /// The path as it is until somebody moves it; it is there.
    private static func absolute(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func greeting(
        _ place: String, _ region: String, _ state: StateFolder, _ live: LiveRules
    ) -> String {
        let rules =
            live.isEmpty
            ? ""
            : live.lines.map { "  \($0)\n" }.joined()
                + "  Events          \(place)/events/s3, with the token in \(state.webhookToken)\n"
        return """

            The runtime answers at \(place), with its state in \(state.path)
            \(rules)  AWS's clients   AWS_SHARED_CREDENTIALS_FILE=\(state.credentials) AWS_PROFILE=brigade \\
                              aws lambda list-functions --region \(region) --endpoint-url \(place)
              This command    brigade status, failures, functions, invoke, publish, alias, logs, bill
              Ctrl-C stops it.
            """
    }

    /// Whole or not at all, for those who wait for it.
    static func write(_ text: String, to path: String) throws(CommandFailure) {
        let temporary = "\(path).\(getpid())"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let bytes = Array(text.utf8)
        let isWritten =
            descriptor >= 0 && Glibc.write(descriptor, bytes, bytes.count) == bytes.count
        if descriptor >= 0 { close(descriptor) }
        guard isWritten, rename(temporary, path) == 0 else {
            throw CommandFailure(
                .usage, "cannot write \(path): \(String(cString: strerror(errno)))",
                advice: "Name another folder with --state.")
        }
    }
}
