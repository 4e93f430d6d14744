import Functions
import Lambda
import Replication
import Runtime
import S3
import Signing
import Transport

/// The rules of brigade.yaml as the runtime works by them: one replication rule, subscription and scan for each destination.
struct LiveRules: Sendable {
    /// Where what is deleted is set aside: at the top of the destination's bucket, one folder a rule.
    static let quarantineRoot = ".brigade-quarantine"

    private struct Entry: Sendable {
        var configured: ConfiguredReplication
        var rule: ReplicationRule
        var schedule: Schedule?
    }

    private let entries: [Entry]
    private let link = QueueLink()

    /// - Throws: ``CommandFailure`` with the status `usage` that names the line.
    init(
        _ rules: [ConfiguredReplication], _ book: ConnectionBook, _ transport: HTTPTransport
    ) throws(CommandFailure) {
        var entries: [Entry] = []
        for configured in rules {
            for location in configured.to {
                do throws(CommandFailure) {
                    entries.append(
                        Entry(
                            configured: configured,
                            rule: try Self.rule(
                                configured, to: location,
                                name: configured.to.count == 1
                                    ? configured.name : "\(configured.name) → \(location)",
                                book, transport),
                            schedule: try Self.schedule(configured)))
                } catch {
                    throw CommandFailure(
                        error.status, "\(configured.origin): \(error.message)", advice: error.advice
                    )
                }
            }
        }
        self.entries = entries
    }

    private static func rule(
        _ configured: ConfiguredReplication, to location: S3Location, name: String,
        _ book: ConnectionBook, _ transport: HTTPTransport
    ) throws(CommandFailure) -> ReplicationRule {
        func place(_ location: S3Location) throws(CommandFailure) -> Place {
            var place = try Compose.side(location, book, transport).place
            place.prefix = place.prefix + configured.filter.prefix
            return place
        }
        var rule = ReplicationRule(
            name: name, source: try place(configured.from), destination: try place(location))
        rule.filter = configured.filter.objects
        rule.copying.storageClass = configured.storageClass
        switch configured.deletes {
        case .keep: rule.deletes = .keep
        case .propagate: rule.deletes = .propagate
        case .quarantine:
            rule.deletes = .quarantine
            rule.quarantine = Place(
                client: rule.destination.client, bucket: rule.destination.bucket,
                prefix: ObjectKey("\(quarantineRoot)/\(configured.name)/")
                    + rule.destination.prefix)
        }
        // Neither what is set aside here, nor what another rule has set aside at the source.
        rule.filter.exclude.append("/\(quarantineRoot)/**")
        return rule
    }

    private static func schedule(
        _ configured: ConfiguredReplication
    ) throws(CommandFailure) -> Schedule? {
        guard !configured.reconcile.isNever else { return nil }
        do {
            let zone = try configured.timeZone.map { name throws(ScheduleError) in
                try ZoneRules(named: name)
            }
            return try Schedule(configured.reconcile.text, zone: zone ?? .utc)
        } catch {
            throw CommandFailure(.usage, "\(configured.reconcile.origin): \(error)")
        }
    }

    /// What the runtime is given: the functions' rules, and what triggers them.
    func book(with others: RuleBook) -> RuleBook {
        RuleBook(others.rules + entries.map(\.rule), deletes: link)
    }

    var isEmpty: Bool { entries.isEmpty }

    /// Two a rule and destination, for people.
    var lines: [String] {
        let width = entries.map(\.configured.name.count).max() ?? 0
        return entries.flatMap { entry -> [String] in
            let place = entry.rule.destination
            let to = "s3://\(place.client.connection.name)@\(place.bucket)/\(place.prefix)"
            return [
                TextLayout.padded(entry.configured.name, to: width)
                    + "   \(entry.configured.from) → \(to.hasSuffix("/") ? String(to.dropLast()) : to)",
                TextLayout.padded("", to: width)
                    + "   deletes: \(entry.configured.deletes.rawValue), reconciled: "
                    + (entry.schedule?.description ?? "never"),
            ]
        }
    }

    /// What `--check` says of a file in which nothing is wrong.
    func summary(_ path: String?) -> String {
        guard let path else {
            return
                "There is no brigade.yaml here: the runtime would run functions, and replicate nothing."
        }
        guard !isEmpty else { return "\(path) is good; it has no rules under replications." }
        return (["\(path) is good."] + lines.map { "  \($0)" }).joined(separator: "\n")
    }

    /// Called with the queue before anything runs.
    func connect(_ queue: ChangeQueue) { link.queue.withLock { $0 = queue } }

    /// Answers `reconcile` for rules of the file by way of the queue, and for others as a one-shot command does.
    func reconcile(_ book: RuleBook, else other: any RawLambdaHandler) -> any RawLambdaHandler {
        ReconcileByRule(
            names: Set(entries.map(\.rule.name)),
            scan: JSONLambdaHandler(ScanFunction(book, sink: link)), other: other)
    }

    func replications(_ book: RuleBook) -> Replications {
        let keep = Dictionary(
            entries.map { ($0.rule.name, $0.configured.maxDelete) },
            uniquingKeysWith: { first, _ in first })
        return Replications(
            subscriptions: entries.map { Self.subscription($0.configured, $0.rule) },
            scans: entries.map { Self.scan($0.configured, $0.rule, $0.schedule) },
            deletesMaximum: keep, read: { Self.read($0, receivedAt: $1, book) })
    }

    private struct Report: Decodable {
        var deletes: DeleteGuard.Verdict
        var extras: Int
    }

    /// What a reconciliation did not delete, and why.
    static func refusal(_ report: String) -> String? {
        // A report of another release may have another shape.
        guard
            let read = try? LambdaJSON.decode(
                Report.self, from: Array(report.utf8), function: ReconcileFunction.name)
        else { return nil }
        switch read.deletes {
        case .overCap:
            return
                "\(read.extras) objects are gone from the source, more than maxDelete: none was deleted"
        case .emptySource:
            return
                "the source is empty: none of the \(read.extras) objects that only the destination has was deleted"
        default: return nil
        }
    }

    private static func subscription(
        _ configured: ConfiguredReplication, _ rule: ReplicationRule
    ) -> Subscription {
        let name = rule.name
        return Subscription(
            name: name, rule: configured.name, functionName: ReplicateFunction.name,
            concurrency: configured.concurrency, lagTarget: configured.lagTarget,
            payload: { key, isDeleteAllowed in
                // Text and booleans always become JSON.
                (try? LambdaJSON.encode(
                    ReplicateEvent(
                        rule: name, key: ObjectKey(key),
                        isGuarded: isDeleteAllowed ? nil : true))) ?? []
            },
            verdict: { ReplicateVerdict.of($0) })
    }

    private static func scan(
        _ configured: ConfiguredReplication, _ rule: ReplicationRule, _ schedule: Schedule?
    ) -> SubscriptionScan {
        let (name, maxDelete) = (rule.name, configured.maxDelete)
        let quarantineDays = configured.deletes == .quarantine ? configured.quarantineDays : nil
        let backfills = configured.backfill
        return SubscriptionScan(
            subscription: name, rule: configured.name, functionName: ReconcileFunction.name,
            next: { endedAt, createdAt in
                guard let endedAt else {
                    return backfills
                        ? createdAt : schedule?.next(after: createdAt, anchor: createdAt)
                }
                return schedule?.next(after: endedAt, anchor: createdAt)
            },
            payload: { checkpoint in
                let event = ScanEvent(
                    rule: name, maxDelete: maxDelete, after: checkpoint.map { ObjectKey($0) },
                    quarantineDays: quarantineDays)
                // Text and numbers always become JSON.
                return (try? LambdaJSON.encode(event)) ?? []
            },
            ending: { answer in
                do {
                    let result = try LambdaJSON.decode(
                        ScanResult.self, from: answer.payload, function: ReconcileFunction.name)
                    if let after = result.goesOnAfter { return .goesOn(checkpoint: after.bytes) }
                    return .ended(report: String(decoding: answer.payload, as: UTF8.self))
                } catch {
                    return .failed(message: "\(error)")
                }
            })
    }

    /// The keys that a notification is about, for every rule that they are in.
    private static func read(
        _ body: [UInt8], receivedAt: Int64, _ book: RuleBook
    ) -> EventReading {
        var changes: [Change] = []
        func add(_ events: [ReplicateEvent], _ time: Int64) {
            changes += events.map {
                Change(subscription: $0.rule, key: $0.key.bytes, happenedAt: time)
            }
        }
        switch S3EventReader.read(body) {
        case .greeting: break
        case .unknown(let reason): return .unreadable(reason: reason)
        case .batch(let batch):
            for task in batch.tasks {
                guard let bucket = task.bucketName, let key = task.keyBytes else { continue }
                add(book.events(bucket: bucket, key: key), receivedAt)
            }
        case .records(let notification):
            for notified in notification.records {
                let said = notified.record.eventTime.flatMap {
                    Timestamps.parseISO8601Milliseconds($0)
                }
                // A store whose clock is wrong does not make the lag.
                let isLikely = said.map { (0...86_400_000).contains(receivedAt - $0) } ?? false
                add(book.events(for: notified.record), isLikely ? said! : receivedAt)
            }
            if let part = notification.unknown.first {
                return .unreadable(reason: part.reason, changes: changes)
            }
        }
        return .changes(changes)
    }
}

/// Between the functions, which are made first, and the queue.
private struct QueueLink: DeleteGuarding, DifferenceSink {
    let queue = Locked<ChangeQueue?>(nil)

    func reserve(rule: String) -> Bool {
        let allowance = queue.withLock { $0 }?.allowance(rule)
        return allowance?.reserve(now: Timestamps.nowMilliseconds()) ?? true
    }

    func settle(rule: String, isDone: Bool) {
        let allowance = queue.withLock { $0 }?.allowance(rule)
        allowance?.settle(isDone: isDone, now: Timestamps.nowMilliseconds())
    }

    func add(
        _ keys: [ObjectKey], rule: String, isDeleteAllowed: Bool, reached: ObjectKey?
    ) async throws {
        guard let queue = queue.withLock({ $0 }) else { throw CancellationError() }
        try await queue.acceptScanned(
            keys.map(\.bytes), subscription: rule, isDeleteAllowed: isDeleteAllowed,
            checkpoint: reached?.bytes)
    }
}

/// One name for two ways to bring a rule in step.
private struct ReconcileByRule: RawLambdaHandler {
    let names: Set<String>
    let scan: any RawLambdaHandler
    let other: any RawLambdaHandler

    private struct Shape: Decodable { var rule: String? }

    func handle(_ event: [UInt8], context: LambdaContext) async throws -> [UInt8] {
        let shape = try LambdaJSON.decode(Shape.self, from: event, function: context.functionName)
        let isOurs = shape.rule.map { names.contains($0) } ?? false
        return try await (isOurs ? scan : other).handle(event, context: context)
    }
}
