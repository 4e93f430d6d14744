import Functions
import Glibc
import Lambda
import Logging
import Replication
import Runtime
import S3
import Transport

/// The one place that builds concrete things: turns what the user wrote into connections, clients, a rule,
/// and functions on an invoker.
struct Compose: Sendable {
    let environment: [String: String]
    let book: ConnectionBook
    let state: StateFolder
    let transport: HTTPTransport
    let card: RateCard
    /// Of brigade.yaml.
    let budgets: BudgetAmounts
    /// Of brigade.yaml: what `brigade up` says that it is.
    let region: String?
    let account: String?
    /// Of brigade.yaml.
    let replications: [ConfiguredReplication]
    let terminal: Terminal

    /// MB, as in each function's `function.yaml`.
    static let replicateMemoryMB = 128
    static let reconcileMemoryMB = 256
    static let verifyMemoryMB = 256

    static var processEnvironment: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                result[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
            }
            entry += 1
        }
        return result
    }

    /// - Throws: ``CommandFailure`` with the status `usage`.
    init(
        _ common: CommonOptions, bandwidth: ByteSize? = nil, connectionsPerHost: Int = 0,
        environment: [String: String] = Self.processEnvironment
    ) throws(CommandFailure) {
        self.environment = environment
        let file = try ConfigurationFile.load(common.config)
        book = ConnectionBook(environment: environment, file: file)
        state = StateFolder(option: common.state, environment: environment)
        card = try RateCardFile.card(common.rates ?? file?.rates)
        budgets = file?.budget ?? BudgetAmounts()
        (region, account) = (file?.region, file?.account)
        replications = file?.replications ?? []
        terminal = Terminal(environment: environment)
        var configuration = TransportConfiguration()
        configuration.connectionsPerHost = max(
            configuration.connectionsPerHost, connectionsPerHost)
        configuration.bandwidth = bandwidth.map { BandwidthLimit(bytesPerSecond: Int($0.bytes)) }
        transport = HTTPTransport(configuration)
    }

    /// A location's place and what to say of it.
    func side(_ text: String) throws(CommandFailure) -> Preflight.Side {
        try Self.side(text, book, transport)
    }

    static func side(
        _ text: String, _ book: ConnectionBook, _ transport: HTTPTransport
    ) throws(CommandFailure) -> Preflight.Side {
        let location: S3Location
        do {
            location = try S3Location.parse(text)
        } catch {
            throw CommandFailure(.usage, error.description)
        }
        return try side(location, book, transport)
    }

    static func side(
        _ given: S3Location, _ book: ConnectionBook, _ transport: HTTPTransport
    ) throws(CommandFailure) -> Preflight.Side {
        var location = given
        // A prefix is a folder: "backup" and "backup2" are two, and what is below keeps its name.
        if !location.prefix.isEmpty, location.prefix.bytes.last != UInt8(ascii: "/") {
            location.prefix = location.prefix + "/"
        }
        let connection = try book.connection(location.connection, transport: transport)
        let client = S3Client(connection, transport: transport)
        return Preflight.Side(
            place: Place(client: client, bucket: location.bucket, prefix: location.prefix),
            client: S3Client(connection, transport: transport, retry: Preflight.retry),
            location: location)
    }

    /// Functions by name on an invoker for one run.
    func invoker(
        _ rules: RuleBook, run: String, ledger: LedgerWriter? = nil,
        budget: RunBudget? = nil, reconcile: (any ReconcileObserver)? = nil,
        verify: (any VerifyObserver)? = nil
    ) -> InProcessInvoker {
        let invoker = InProcessInvoker(
            run: run, meter: RunMeter(card: card), ledger: ledger, budget: budget?.meter,
            rule: TransferRun.ruleName, logger: Self.logger)
        let isOverBudget: @Sendable () -> Bool = { budget?.meter.isStopped ?? false }
        let estimate = budget?.estimate
        // No timeouts: nobody waits for a one-shot run but the person who can press Ctrl-C.
        invoker.register(
            ReplicateFunction.name, memoryMB: Self.replicateMemoryMB,
            estimate: estimate.map { estimate in { @Sendable in estimate.replicate($0) } },
            ReplicateFunction(rules))
        invoker.register(
            ReconcileFunction.name, memoryMB: Self.reconcileMemoryMB,
            estimate: estimate.map { estimate in { @Sendable _ in estimate.listings } },
            ReconcileFunction(rules, observer: reconcile, isOverBudget: isOverBudget))
        invoker.register(
            VerifyFunction.name, memoryMB: Self.verifyMemoryMB,
            estimate: estimate.map { estimate in { @Sendable in estimate.verify($0) } },
            VerifyFunction(rules, observer: verify, isOverBudget: isOverBudget))
        return invoker
    }

    /// Messages for people are the command's own; what the layers below log goes nowhere.
    private static let logger = Logger(label: "brigade") { _ in SwiftLogNoOpLogHandler() }

    /// What requests cost, by connection.
    func prices(_ sides: [Preflight.Side]) -> [String: StorePrices] {
        Dictionary(
            sides.map {
                ($0.place.client.connection.name, book.prices($0.place.client.connection))
            }, uniquingKeysWith: { first, _ in first })
    }

    /// What a store's failure means to the user who named these sides.
    func explain(_ failure: StoreFailure, _ sides: [Preflight.Side]) async -> CommandFailure {
        guard
            let side = sides.first(where: {
                $0.place.client.connection.name == failure.connection
                    && (failure.bucket == nil || $0.place.bucket == failure.bucket)
            }) ?? sides.first(where: { $0.place.client.connection.name == failure.connection })
        else { return CommandFailure(.storeRefused, failure.message) }
        let connection = side.place.client.connection
        // For the message alone: without credentials it says so in its own words.
        let key = try? await connection.credentials.credentials().accessKeyID
        return StoreMessage(
            failure: failure,
            side: StoreMessage.Side(
                name: connection.name, endpoint: "\(connection.scheme)://\(connection.authority)",
                origin: connection.origin, credentialsOrigin: connection.credentials.origin,
                accessKeyID: key, bucket: side.place.bucket)
        ).rendered
    }
}
