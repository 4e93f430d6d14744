import NIOConcurrencyHelpers

/// The notifications that wait for one webhook: on disk all of them, in memory the next ones. Thread-safe; calls write to
/// the disk, and ``synchronize(through:)`` waits for it.
final class NotificationQueue: Sendable {
    /// Then what would add to them is refused: some two million events.
    static let bytesMaximum: Int64 = 2 << 30

    private struct State: Sendable {
        var log: NotificationLog
        var plan: DeliveryPlan
        /// Appended, and not yet known to have happened.
        var uncommitted: Set<UInt64> = []
        var onReady: (@Sendable () -> Void)?
        /// Events known in memory. Behind so many of one key that the webhook refuses, others wait too.
        let windowEvents: Int

        mutating func fill() throws {
            guard log.hasUnread else { return }
            for event in try log.read(room: windowEvents - plan.count) {
                plan.add(event, isCommitted: !uncommitted.contains(event.sequence))
            }
        }
    }

    private let directory: String
    private let isDurable: Bool
    private let state: NIOLockedValueBox<State>
    /// How far the log is on the disk; held during the flush, so that those who wait share the next one.
    private let synced = NIOLockedValueBox<(segment: Int, bytes: Int64)>((0, 0))

    init(
        directory: String, durable: Bool, plan: DeliveryPlan = DeliveryPlan(),
        windowEvents: Int = 65_536, segmentBytes: Int64 = 8 << 20
    ) throws {
        self.directory = directory
        isDurable = durable
        let log = try NotificationLog(
            directory: directory, durable: durable, segmentBytes: segmentBytes)
        state = NIOLockedValueBox(State(log: log, plan: plan, windowEvents: windowEvents))
        try state.withLockedValue { try $0.fill() }
    }

    /// Events that are not delivered.
    var pending: Int { state.withLockedValue { $0.log.liveEvents } }
    /// Records of an earlier process that could not be read.
    var damaged: Int { state.withLockedValue { $0.log.damaged } }

    /// - Throws: ``StorageError`` `.queueFull` when too many wait.
    func checkRoom() throws(StorageError) {
        guard state.withLockedValue({ $0.log.bytes < Self.bytesMaximum }) else {
            throw StorageError(.queueFull, operation: "append", path: directory)
        }
    }

    func append(lane: [UInt8], body: [UInt8]) throws -> Notice {
        try state.withLockedValue { state in
            let isBehind = state.log.hasUnread || state.plan.count >= state.windowEvents
            let event = try state.log.append(lane: lane, body: body)
            state.uncommitted.insert(event.sequence)
            if !isBehind {
                state.log.markRead()
                state.plan.add(event, isCommitted: false)
            }
            return Notice(queue: self, event: event, end: state.log.end)
        }
    }

    func publish(_ event: NotificationLog.Event) {
        let onReady = state.withLockedValue { state in
            state.uncommitted.remove(event.sequence)
            return state.plan.commit(event) ? state.onReady : nil
        }
        onReady?()
    }

    func synchronize(through end: (segment: Int, bytes: Int64)) throws {
        guard isDurable else { return }
        try synced.withLockedValue { synced in
            guard synced < end else { return }
            let (file, written) = state.withLockedValue { ($0.log.newestFile, $0.log.end) }
            try file?.synchronize()
            synced = written
        }
    }

    // The sender's side

    /// - Parameter onReady: called when there may be something to take; from any thread.
    func setReady(_ onReady: (@Sendable () -> Void)?) {
        state.withLockedValue { $0.onReady = onReady }
    }

    /// Whether there is anything that the webhook does not take.
    var isStruggling: Bool { state.withLockedValue { $0.plan.isStruggling } }

    /// What is to be sent now, and when to ask again if nothing happens.
    func take(now: UInt64) throws -> (events: [NotificationLog.Event], nextTime: UInt64?) {
        try state.withLockedValue { state in
            if state.plan.count < state.windowEvents / 2 { try state.fill() }
            let events = state.plan.take(now: now)
            return (events, state.plan.nextTime)
        }
    }

    func body(of event: NotificationLog.Event) throws -> [UInt8] {
        try state.withLockedValue { state in
            try state.log.body(at: state.plan.place(of: event) ?? event.place)
        }
    }

    /// It is delivered, or can never be.
    func finish(_ event: NotificationLog.Event) throws {
        try state.withLockedValue { state in
            let place = state.plan.place(of: event) ?? event.place
            state.plan.delivered(event)
            try state.log.finish(event.sequence, at: place)
            guard let number = state.log.hollow else { return }
            for event in state.plan.events(inSegment: number) {
                state.plan.relocate(
                    try state.log.move(event, body: state.log.body(at: event.place)))
            }
            try state.log.removeHollow()
        }
    }

    func refused(_ event: NotificationLog.Event, wasReached: Bool, now: UInt64) {
        state.withLockedValue { $0.plan.refused(event, wasReached: wasReached, now: now) }
    }

    /// One event that was appended.
    struct Notice: Announcement {
        let queue: NotificationQueue
        let event: NotificationLog.Event
        let end: (segment: Int, bytes: Int64)

        func publish() { queue.publish(event) }
        func synchronize() throws { try queue.synchronize(through: end) }
    }
}
