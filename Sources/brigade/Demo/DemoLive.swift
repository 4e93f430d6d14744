import Glibc
import LocalS3
import Logging
import Replication
import Runtime
import S3

/// The act of the demo in which a rule keeps a part of the bucket in step while it changes.
struct DemoLive: Sendable {
    /// What the rule is about.
    static let folder = "live"
    private static let webhook = "brigade"
    private static let changes = 300
    /// Of them, so many a second.
    private static let rate = 100

    let stage: DemoStage
    let events: ListenAddress
    let common: CommonOptions

    /// A port of loopback that is free now.
    static func address() throws(CommandFailure) -> ListenAddress {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        guard isBound else {
            throw CommandFailure(
                .usage, "no port is free on 127.0.0.1: \(String(cString: strerror(errno)))")
        }
        return ListenAddress(host: "127.0.0.1", port: Int(UInt16(bigEndian: address.sin_port)))
    }

    /// Has the source tell what changes below ``folder``.
    static func tell(
        _ address: ListenAddress, of bucket: String, in configuration: inout LocalS3Configuration
    ) {
        configuration.webhooks = [
            LocalS3Webhook(
                name: webhook, url: "http://\(address.host):\(address.port)/events/s3",
                token: token)
        ]
        var notification = LocalS3Notification(bucket: bucket, webhook: webhook)
        notification.prefix = "\(folder)/"
        configuration.notifications = [notification]
    }

    /// Of this demo alone: the endpoint is told it before there is a runtime.
    private static let token = LocalS3Keys.make().secretAccessKey

    /// Changes the source for a few seconds beside a runtime with the rule.
    ///
    /// - Returns: where the rule stands when all is in step, and what it cost.
    func play(
        say: @escaping @Sendable (String) -> Void
    ) async throws -> (ChangeStatus, Statement) {
        let compose = stage.compose
        let rule = ConfiguredReplication(
            name: Self.folder, from: try Self.place(stage.source),
            to: [try Self.place(stage.destination)],
            deletes: .propagate, reconcile: .init(text: "rate(1 hour)", origin: "the demo"),
            origin: "the demo")
        let live = try LiveRules([rule], compose.book, compose.transport)
        for line in live.lines { say(line) }
        let folder = "\(stage.folder)/up"
        if let reason = StateFolder.makeFolder(folder) {
            throw CommandFailure(.usage, "cannot make \(folder): \(reason)")
        }
        try UpCommand.write(Self.token, to: folder + "/webhook-token")
        var configuration = try UpConfiguration.make(
            compose, live, stateFolder: folder,
            logger: Logger(label: "demo") { _ in SwiftLogNoOpLogHandler() })
        configuration.host = events.host
        configuration.port = events.port
        let runtime = try await BundledRuntime.start(configuration)
        // Ended below, in every case.
        let running = Task.detached { await runtime.run() }
        do {
            let status = try await change(runtime, say)
            running.cancel()
            await running.value
            return (status, try await statement(folder))
        } catch {
            running.cancel()
            await running.value
            throw error
        }
    }

    private func change(
        _ runtime: BundledRuntime, _ say: @Sendable (String) -> Void
    ) async throws -> ChangeStatus {
        let source = try stage.compose.side(stage.source).place
        let start = ContinuousClock.now
        for number in 0..<Self.changes {
            try await Task.sleep(
                until: start + .milliseconds(number * 1000 / Self.rate), clock: .continuous)
            // New ones, overwritten ones, and now and then one that goes.
            let address = source.address(ObjectKey("\(Self.folder)/\(number % 200)"))
            if number % 10 == 9 {
                try await source.client.deleteObject(
                    source.address(ObjectKey("\(Self.folder)/\(number % 200 - 5)")))
            } else {
                _ = try await source.client.putObject(
                    address, body: [UInt8](repeating: UInt8(number % 251), count: 2000))
            }
            if (number + 1) % Self.rate == 0 {
                let status = try await runtime.status()[0]
                say(
                    "\(Quantity.count(number + 1, "change")); \(Quantity.count(status.pending + status.running)) on the way"
                )
            }
        }
        while true {
            let status = try await runtime.status()[0]
            if status.pending == 0, status.running == 0, status.replicated > 0,
                status.scan.endedAt != nil
            {
                return status
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func statement(_ folder: String) async throws -> Statement {
        let database = try StateDatabase(path: folder + "/state.sqlite")
        let book = stage.compose.book
        let today = CalendarDay.day(ofMicroseconds: LedgerWriter.now())
        let bills = try await BillSelection(run: nil, days: today - 1...today).bills(
            [stage.compose.card], on: database, prices: { book.configuredPrices($0) ?? .free })
        return bills.bills[0].statement("")
    }

    private static func place(_ text: String) throws(CommandFailure) -> S3Location {
        do {
            return try S3Location.parse("\(text)/\(folder)")
        } catch {
            throw CommandFailure(.usage, error.description)
        }
    }
}
