import Lambda
import Logging

/// What a runtime does by itself besides answering: subscriptions to changes, the scans of their sides, and how events come in.
public struct Replications: Sendable {
    public var subscriptions: [Subscription]
    public var scans: [SubscriptionScan]
    /// Deletes in 24 hours, by subscription.
    public var deletesMaximum: [String: Int]
    /// Reads the body of an event.
    public var read: @Sendable (_ body: [UInt8], _ receivedAt: Int64) -> EventReading
    /// Tells somebody; what cannot be told is told again. nil: nobody is.
    public var tell: (@Sendable (Alert) async throws -> Void)?
    /// In a scan's report: why it deleted nothing although something is gone.
    public var refusal: @Sendable (_ report: String) -> String? = { _ in nil }

    public init(
        subscriptions: [Subscription] = [], scans: [SubscriptionScan] = [],
        deletesMaximum: [String: Int] = [:],
        read: @escaping @Sendable (_ body: [UInt8], _ receivedAt: Int64) -> EventReading = { _, _ in
            .changes([])
        }
    ) {
        self.subscriptions = subscriptions
        self.scans = scans
        self.deletesMaximum = deletesMaximum
        self.read = read
    }
}

/// Replications at work: the queue of what may have changed and the loops that scan.
final class ReplicationService: Sendable {
    /// How often it is looked whether something is to be told.
    static let alertInterval = Duration.seconds(2)

    let queue: ChangeQueue
    private let replications: Replications
    private let logger: Logger
    private let scans: [String: ScanLoop]

    init(
        _ replications: Replications, _ queue: ChangeQueue, _ engine: InvocationEngine,
        logger: Logger
    ) {
        self.queue = queue
        self.replications = replications
        self.logger = logger
        var scans: [String: ScanLoop] = [:]
        for scan in replications.scans {
            guard let lane = queue.byName[scan.subscription] else { continue }
            scans[scan.subscription] = ScanLoop(
                scan, id: lane.id, database: queue.database, directory: engine.directory,
                runner: engine.runner, logger: logger)
        }
        self.scans = scans
    }

    /// Until ``stop()``.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.queue.drain() }
            for loop in scans.values { group.addTask { await loop.run() } }
            if let tell = replications.tell {
                group.addTask { await self.alert(tell) }
            }
        }
    }

    func stop() {
        queue.stop()
        for loop in scans.values { loop.stop() }
    }

    /// Until it is cancelled.
    private func alert(_ tell: @Sendable (Alert) async throws -> Void) async {
        var book = AlertBook()
        while !Task.isCancelled {
            // The end, which is no error.
            do { try await Task.sleep(for: Self.alertInterval) } catch { return }
            do {
                for alert in book.news(try await status(), at: UnixTime.milliseconds()) {
                    try await tell(alert)
                    book.told(alert)
                }
            } catch {
                if Task.isCancelled { return }
                logger.warning(
                    "an alert cannot be told, and is told again", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Where everything stands.
    func status() async throws -> [ChangeStatus] {
        var result = try await queue.status()
        for index in result.indices {
            result[index].scan.failure =
                scans[result[index].subscription]?.failure.withLock { $0 }
            result[index].scan.refusal = result[index].scan.report.flatMap(replications.refusal)
        }
        return result
    }

    /// A scan of these is wanted now; of all when none is named.
    ///
    /// - Returns: how many there are.
    func askForScans(_ rules: [String]) -> Int {
        let wanted = queue.lanes.filter {
            rules.isEmpty || rules.contains($0.subscription.rule)
                || rules.contains($0.subscription.name)
        }
        for lane in wanted { scans[lane.subscription.name]?.ask() }
        return wanted.count
    }
}

extension ReplicationService {
    /// What is answered about them on the listener; the rest of it is signed and stands in ``routes``.
    func endpoints(_ intake: EventIntake) -> [String: APIEndpoint] {
        [
            "/events/s3": intake.endpoint,
            "/healthz": APIEndpoint { _ in .text(200, "ok") },
            "/readyz": APIEndpoint { _ in
                do {
                    _ = try await self.queue.database.write { _ in }
                    return .text(200, "ready")
                } catch {
                    return .text(503, "the state file cannot be written")
                }
            },
            "/metrics": APIEndpoint { _ in
                do {
                    let text = ChangeMetrics.text(try await self.status())
                    return APIAnswer(
                        200, headers: [("content-type", "text/plain; version=0.0.4")],
                        body: Array(text.utf8))
                } catch {
                    return .text(503, "the state file cannot be read")
                }
            },
        ]
    }

    /// Not AWS's: for the command.
    var routes: [LambdaRoute] {
        [
            LambdaRoute("GetReplicationStatus", "GET", "/2026-11-25/replications") {
                _ throws(LambdaServiceError) in
                do {
                    return LambdaCall.answer(200, ["rules": try await self.status()])
                } catch {
                    throw LambdaServiceError(
                        .service, "the state file cannot be read", cause: error)
                }
            },
            LambdaRoute("StartReconciliation", "POST", "/2026-11-25/replications/scans") {
                call throws(LambdaServiceError) in
                let names = call.queries("rule")
                guard self.askForScans(names) > 0 else {
                    throw LambdaServiceError(
                        .resourceNotFound, "No rule has this name: \(names.joined(separator: ", "))"
                    )
                }
                return APIAnswer(202)
            },
        ]
    }
}
