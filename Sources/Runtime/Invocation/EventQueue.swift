import GRDB
import Logging
import Transport

/// The asynchronous queue: an event is on disk before it is accepted, and stays there until it has succeeded or its failure
/// has been told. At least once, and the same request id for every attempt.
///
/// Memory: the events that run now, and nothing for those that wait. One process drains a state file.
final class EventQueue: Sendable {
    /// Adds an invocation's line to the ledger, in the transaction that ends its event.
    typealias Ledger = @Sendable (LedgerEntry, Database) throws -> Void

    private let database: StateDatabase
    private let directory: any FunctionDirectory
    private let runner: InvocationRunner
    private let ledger: Ledger
    private let times: DeliveryTimes
    /// Events that run at once.
    private let concurrency: Int
    private let logger: Logger
    private let clock: @Sendable () -> Int64
    private let wake = Signal()
    private let claimed = Locked<Set<Int64>>([])
    private let isStopping = Locked(false)
    private let isCutOff = Locked(false)
    /// Time that events wait for a budget does not make them older: Unix milliseconds from which their age counts, when they
    /// were accepted before.
    private let agesFrom: Locked<Int64>
    /// Since a budget refused an event nothing is begun until then.
    private let heldUntil = Locked<Int64>(0)
    static let budgetPause: Int64 = 1000
    /// Raised when a record waits for its destination.
    let deliveriesWait = Signal()

    init(
        database: StateDatabase, directory: any FunctionDirectory, runner: InvocationRunner,
        ledger: @escaping Ledger, times: DeliveryTimes, concurrency: Int,
        hasBudget: Bool = false, logger: Logger,
        clock: @escaping @Sendable () -> Int64 = UnixTime.milliseconds
    ) {
        self.database = database
        self.directory = directory
        self.runner = runner
        self.ledger = ledger
        self.times = times
        self.concurrency = concurrency
        self.logger = logger
        self.clock = clock
        // What waited for it before the runtime was started again has no other witness.
        agesFrom = Locked(hasBudget ? clock() : 0)
    }

    /// Returns when it is on disk.
    func accept(_ event: QueuedEvent) async throws {
        try await database.write { try event.insert($0) }
        wake.raise()
    }

    /// What fails from now on has been cut off: it stays in the queue, its attempt unspent.
    func cutOff() { isCutOff.withLock { $0 = true } }

    /// Begins no more events.
    func stop() {
        isStopping.withLock { $0 = true }
        wake.raise()
    }

    /// Runs events until ``stop()``, and returns when those that run then have ended. Cancelling cuts them off: they
    /// are as they were before, and run again at the next start.
    func drain() async {
        await withDiscardingTaskGroup { group in
            while !Task.isCancelled, !isStopping.withLock({ $0 }) {
                let pause = await claim { event in
                    group.addTask {
                        await self.process(event)
                        self.claimed.withLock { _ = $0.remove(event.id) }
                        self.wake.raise()
                    }
                }
                await wake.wait(atMost: pause)
            }
        }
    }

    /// Begins what is due and has room; returns how long nothing more will be, nil: until the signal.
    private func claim(_ begin: (QueuedEvent) -> Void) async -> Duration? {
        let taken = claimed.withLock { $0 }
        let room = concurrency - taken.count
        guard room > 0 else { return nil }
        let now = clock()
        let held = heldUntil.withLock { $0 } - now
        guard held <= 0 else { return .milliseconds(held) }
        do {
            let (events, next) = try await database.read { database in
                let events = try QueuedEvent.due(database, at: now, limit: room, claimed: taken)
                guard events.count < room else { return (events, Int64?.some(now)) }
                let all = taken.union(events.map(\.id))
                return (events, try QueuedEvent.nextDue(database, claimed: all))
            }
            for event in events {
                claimed.withLock { _ = $0.insert(event.id) }
                begin(event)
            }
            // What filled the room ends with a signal.
            if events.count == room { return nil }
            return next.map { .milliseconds(max(1, $0 - now)) }
        } catch {
            logger.error("the queue cannot be read", metadata: ["error": "\(error)"])
            return .seconds(1)
        }
    }

    /// One attempt, and what follows from it, in one transaction with its line in the ledger.
    private func process(_ event: QueuedEvent) async {
        let now = clock()
        let resolved: ResolvedFunction
        do {
            resolved = try await directory.resolve(
                event.functionName, qualifier: event.qualifier, choice: .random(in: 0..<1))
        } catch {
            if error.kind == .resourceNotFound {
                logger.warning(
                    "an event was dropped, as its function, version or alias is gone",
                    metadata: [
                        "function": "\(event.functionName)",
                        "qualifier": "\(event.qualifier ?? "$LATEST")",
                        "request.id": "\(event.requestID)",
                    ])
            }
            return await settle(event) { database in
                // A function that is gone has nobody left to tell.
                error.kind == .resourceNotFound
                    ? try event.delete(database)
                    : try Self.refused(event, self.times, now).postpone(database)
            }
        }
        let settings = resolved.asynchronous
        if resolved.reservedConcurrency == 0 {
            return await finish(
                event, resolved, result: nil, fate: .failed(condition: "ZeroReservedConcurrency"))
        }
        let agesFrom = max(event.acceptedAt, agesFrom.withLock { $0 })
        if now - agesFrom > Int64(settings.maximumEventAgeSeconds) * 1000 {
            return await finish(
                event, resolved, result: nil, fate: .failed(condition: "EventAgeExceeded"))
        }
        do {
            let result = try await runner.run(
                InvocationAttempt(
                    resolved: resolved, requestID: event.requestID, payload: event.payload,
                    traceHeader: event.traceHeader, clientContext: event.clientContext,
                    parent: event.parent, number: event.attempts + 1))
            // Cut off by the runtime's end: not the event's fault, but it has run.
            if result.answer.status == .failure, isCutOff.withLock({ $0 }) {
                return await settle(event) { [ledger] in try ledger(result.entry, $0) }
            }
            let attempt: EventFate.Attempt =
                result.answer.status == .success ? .succeeded : .failed
            let fate = EventFate.after(
                attempt, of: event, settings, times, agesFrom: agesFrom, now: clock())
            await finish(event, resolved, result: result, fate: fate)
        } catch {
            // It stays as it is.
            if error.reason == .budget { return hold() }
            let fate = EventFate.after(
                .refused, of: event, settings, times, agesFrom: agesFrom, now: clock())
            await finish(event, resolved, result: nil, fate: fate)
        }
    }

    /// Whether a budget has refused an event.
    var isHeld: Bool { heldUntil.withLock { $0 } > 0 }

    private func hold() {
        let now = clock()
        agesFrom.withLock { $0 = max($0, now) }
        heldUntil.withLock { $0 = max($0, now + Self.budgetPause) }
    }

    private static func refused(
        _ event: QueuedEvent, _ times: DeliveryTimes, _ now: Int64
    ) -> QueuedEvent {
        var event = event
        event.throttles += 1
        event.dueAt = now + times.afterThrottle(event.throttles)
        return event
    }

    private func finish(
        _ event: QueuedEvent, _ resolved: ResolvedFunction, result: InvocationResult?,
        fate: EventFate
    ) async {
        let record: InvocationRecord? =
            switch fate {
            case .again: nil
            case .done: self.record(event, resolved, result, condition: "Success")
            case .failed(let condition): self.record(event, resolved, result, condition: condition)
            }
        let messages = record.map { self.messages($0, resolved.asynchronous) } ?? []
        let ledger = ledger
        await settle(event) { database in
            if let result { try ledger(result.entry, database) }
            if case .again(let event) = fate { return try event.postpone(database) }
            try event.delete(database)
            for message in messages {
                switch message {
                case .event(let event): try event.insert(database)
                case .delivery(let delivery): try delivery.insert(database)
                }
            }
        }
        if !messages.isEmpty { deliveriesWait.raise() }
    }

    private func record(
        _ event: QueuedEvent, _ resolved: ResolvedFunction, _ result: InvocationResult?,
        condition: String
    ) -> InvocationRecord {
        InvocationRecord(
            event: event,
            functionARN: "\(resolved.version.functionARN):\(event.qualifier ?? "$LATEST")",
            condition: condition, invokeCount: event.attempts + (result == nil ? 0 : 1),
            answer: result?.answer, executedVersion: result?.entry.version, time: clock())
    }

    private enum Message: Sendable {
        case event(QueuedEvent)
        case delivery(Delivery)
    }

    private func messages(
        _ record: InvocationRecord, _ settings: AsynchronousSettings
    ) -> [Message] {
        var messages: [Message] = []
        let isSuccess = record.condition == "Success"
        if let target = isSuccess ? settings.onSuccess : settings.onFailure {
            append(target, record.document, [:], record, to: &messages)
        }
        if !isSuccess, let target = settings.deadLetterTarget {
            append(target, record.event.payload, record.deadLetterAttributes, record, to: &messages)
        }
        return messages
    }

    private func append(
        _ target: String, _ body: [UInt8], _ attributes: [String: String],
        _ record: InvocationRecord, to messages: inout [Message]
    ) {
        switch Destination(target) {
        case .function(let name, let qualifier):
            let event = record.event
            let functionARN = String(target.split(separator: ":").prefix(7).joined(separator: ":"))
            guard let trace = Lineage.extended(event.traceHeader, by: functionARN) else {
                logger.warning(
                    "a loop of functions was stopped",
                    metadata: ["function": "\(name)", "request.id": "\(event.requestID)"])
                return
            }
            messages.append(
                .event(
                    QueuedEvent(
                        requestID: RequestIdentifier.make(),
                        functionName: name, qualifier: qualifier, payload: body, traceHeader: trace,
                        parent: event.requestID, acceptedAt: record.time, dueAt: record.time)))
        case .remote:
            messages.append(
                .delivery(
                    Delivery(
                        target: target, body: body, attributes: attributes, createdAt: record.time,
                        dueAt: record.time)))
        case nil:
            logger.error(
                "no such destination", metadata: ["target": "\(Destination.shown(target))"])
        }
    }

    /// Writes what became of an event, until it is written: an event whose end is not on disk runs again at the next start.
    private func settle(
        _ event: QueuedEvent, _ body: @escaping @Sendable (Database) throws -> Void
    ) async {
        while true {
            do {
                return try await database.write(body)
            } catch {
                logger.error(
                    "an event's end cannot be written",
                    metadata: ["request.id": "\(event.requestID)", "error": "\(error)"])
            }
            // Tried again and not given up: the event would run again and again otherwise.
            do { try await Task.sleep(for: .seconds(1)) } catch { return }
        }
    }
}
