import Functions
import Glibc
import Logging
import Runtime
import Signing
import Transport

/// The runtime as the command runs it, from what the user wrote.
enum UpConfiguration {
    /// - Parameter stateFolder: exists; an absolute path, because functions run in folders of their own.
    /// - Throws: ``CommandFailure`` with the status `usage`.
    static func make(
        _ compose: Compose, _ live: LiveRules, stateFolder: String, logger: Logger
    ) throws(CommandFailure) -> BundledRuntime.Configuration {
        let environment = compose.environment
        var configuration = BundledRuntime.Configuration(
            stateFolder: stateFolder, commands: commands(environment),
            sender: sender(environment, compose.transport), logger: logger)
        configuration.packageSource = BucketPackages(
            book: compose.book, transport: compose.transport)
        if let region = compose.region { configuration.region = region }
        if let account = compose.account { configuration.account = account }
        configuration.invocations.card = compose.card
        configuration.monthlyBudget = compose.budgets.month
        let book = compose.book
        configuration.prices = { book.configuredPrices($0) ?? .free }
        let rules = live.book(with: try FunctionRules(environment).book(compose.transport))
        let handlers = Bootstrap.handlers(rules)
        configuration.replications = live.replications(rules)
        configuration.replications.refusal = { LiveRules.refusal($0) }
        configuration.replications.tell = try compose.book.file?.alerts.map {
            alerts throws(CommandFailure) in
            try AlertWebhook(alerts, environment, compose.transport).tell
        }
        configuration.changes = { live.connect($0) }
        configuration.builtIns = [
            .init(
                name: ReplicateFunction.name,
                description: "Makes one object at the destination equal to its source",
                memoryMB: Compose.replicateMemoryMB, timeoutSeconds: 900,
                handler: handlers[ReplicateFunction.name]!),
            .init(
                name: ReconcileFunction.name,
                description: "Compares both sides and replicates what differs",
                memoryMB: Compose.reconcileMemoryMB, timeoutSeconds: 900,
                handler: live.reconcile(rules, else: handlers[ReconcileFunction.name]!)),
            .init(
                name: VerifyFunction.name, description: "Audits the destination",
                memoryMB: Compose.verifyMemoryMB, timeoutSeconds: 900,
                handler: handlers[VerifyFunction.name]!),
        ]
        return configuration
    }

    /// The interpreters: named by `BRIGADE_PYTHON` and so on, or found on the PATH.
    private static func commands(_ environment: [String: String]) -> RuntimeCommands {
        func find(_ variable: String, _ program: String) -> String? {
            if let named = environment[variable], !named.isEmpty { return named }
            return (environment["PATH"] ?? "").split(separator: ":").map { "\($0)/\(program)" }
                .first { access($0, X_OK) == 0 }
        }
        return RuntimeCommands(
            python: find("BRIGADE_PYTHON", "python3"), node: find("BRIGADE_NODE", "node"),
            ruby: find("BRIGADE_RUBY", "ruby"), java: find("BRIGADE_JAVA", "java"),
            dotnet: find("BRIGADE_DOTNET", "dotnet"))
    }

    /// Where records of asynchronous invocations go by ARN: AWS's variables for one service's endpoint, and its chain.
    private static func sender(
        _ environment: [String: String], _ transport: HTTPTransport
    ) -> HTTPDeliverySender {
        func endpoint(_ service: String) -> HTTPDeliverySender.Endpoint? {
            guard
                let url = environment["AWS_ENDPOINT_URL_\(service)"]
                    ?? environment["AWS_ENDPOINT_URL"],
                let key = environment["AWS_ACCESS_KEY_ID"],
                let secret = environment["AWS_SECRET_ACCESS_KEY"]
            else { return nil }
            var place = url
            while place.hasSuffix("/") { place.removeLast() }
            return HTTPDeliverySender.Endpoint(
                url: place, region: environment["AWS_REGION"] ?? "us-east-1",
                credentials: GivenCredentials(
                    Credentials(
                        accessKeyID: key, secretAccessKey: secret,
                        sessionToken: environment["AWS_SESSION_TOKEN"]), origin: "the environment"))
        }
        return HTTPDeliverySender(
            transport: transport, queues: endpoint("SQS"), buckets: endpoint("S3"))
    }
}
