/// Which notification is sent next: in order within a lane, lanes beside each other, and a lane whose event was refused
/// waits while the others go on. A value without clock, disk or network.
struct DeliveryPlan: Sendable {
    /// How long a lane waits after its first, second, ... refusal in a row, and the webhook after it could not be reached:
    /// seconds; the last for all further ones.
    static let pauses: [UInt64] = [1, 2, 4, 8, 16, 32, 60]

    private struct Lane: Sendable {
        var events = Queue<Entry>()
        var refusals = 0
        /// In ``ready``, in ``waiting`` or being sent; else its first event is not committed.
        var isScheduled = false
    }

    private struct Entry: Sendable {
        var event: NotificationLog.Event
        var isCommitted: Bool
    }

    private struct Waiting: Sendable {
        let lane: [UInt8]
        let until: UInt64
    }

    /// Events sent at once.
    let concurrency: Int
    /// Nanoseconds to a second of the pauses; tests shorten it.
    let second: UInt64
    private var lanes: [[UInt8]: Lane] = [:]
    /// Lanes whose first event may be sent, the longest waiting first.
    private var ready = Queue<[UInt8]>()
    /// By the number of refusals: each of them is in the order of its times.
    private var waiting = [Queue<Waiting>](repeating: Queue(), count: Self.pauses.count)
    private var sending = 0
    private(set) var count = 0
    private var refusedLanes = 0
    /// Times in a row that the webhook could not be reached.
    private(set) var unreached = 0
    private var pausedUntil: UInt64 = 0

    init(concurrency: Int = 16, second: UInt64 = 1_000_000_000) {
        self.concurrency = concurrency
        self.second = second
    }

    mutating func add(_ event: NotificationLog.Event, isCommitted: Bool) {
        count += 1
        lanes[event.lane, default: Lane()].events.append(
            Entry(event: event, isCommitted: isCommitted))
        schedule(event.lane)
    }

    /// What it tells of has happened. false when the event is not in the plan (yet).
    mutating func commit(_ event: NotificationLog.Event) -> Bool {
        guard let index = index(of: event) else { return false }
        lanes[event.lane]!.events[index].isCommitted = true
        schedule(event.lane)
        return true
    }

    /// The events that are to be sent now.
    ///
    /// - Parameter now: nanoseconds, of a clock that never goes back.
    mutating func take(now: UInt64) -> [NotificationLog.Event] {
        for index in waiting.indices {
            while let first = waiting[index].first, first.until <= now {
                ready.append(waiting[index].removeFirst().lane)
            }
        }
        var taken: [NotificationLog.Event] = []
        guard now >= pausedUntil else { return [] }
        while sending < limit, ready.first != nil {
            let lane = ready.removeFirst()
            guard let first = lanes[lane]?.events.first, first.isCommitted else {
                lanes[lane]?.isScheduled = false
                continue
            }
            sending += 1
            taken.append(first.event)
        }
        return taken
    }

    /// One at a time finds out whether the webhook is back.
    private var limit: Int { unreached > 0 ? 1 : concurrency }

    /// Whether there is anything that the webhook does not take.
    var isStruggling: Bool { refusedLanes > 0 || unreached > 0 }

    /// When ``take(now:)`` will have something again that it does not have now; nil: not before something happens.
    var nextTime: UInt64? {
        var times = waiting.compactMap { $0.first?.until }
        guard sending < limit else { return nil }
        if ready.first != nil, pausedUntil > 0 { times.append(pausedUntil) }
        return times.min().map { max($0, pausedUntil) }
    }

    /// The webhook has taken it.
    mutating func delivered(_ event: NotificationLog.Event) {
        sending -= 1
        (unreached, pausedUntil) = (0, 0)
        if let refusals = lanes[event.lane]?.refusals, refusals > 0 { refusedLanes -= 1 }
        lanes[event.lane]?.refusals = 0
        lanes[event.lane]?.isScheduled = false
        if lanes[event.lane]?.events.first?.event.sequence == event.sequence {
            count -= 1
            _ = lanes[event.lane]!.events.removeFirst()
        }
        schedule(event.lane)
    }

    /// - Parameter wasReached: whether the webhook has answered at all; false: all lanes wait.
    mutating func refused(_ event: NotificationLog.Event, wasReached: Bool, now: UInt64) {
        sending -= 1
        guard wasReached else {
            ready.append(event.lane)
            // Of those that were on their way together, one counts.
            guard now >= pausedUntil else { return }
            pausedUntil = now + Self.pauses[min(unreached, Self.pauses.count - 1)] * second
            unreached += 1
            return
        }
        (unreached, pausedUntil) = (0, 0)
        let step = min(lanes[event.lane]?.refusals ?? 0, Self.pauses.count - 1)
        if step == 0, lanes[event.lane]?.refusals == 0 { refusedLanes += 1 }
        lanes[event.lane]?.refusals += 1
        waiting[step].append(
            Waiting(lane: event.lane, until: now + Self.pauses[step] * second))
    }

    /// The events of one segment, in order.
    func events(inSegment number: Int) -> [NotificationLog.Event] {
        lanes.values.flatMap { $0.events.rest.map(\.event) }
            .filter { $0.place.segment == number }.sorted { $0.sequence < $1.sequence }
    }

    /// An event that lies elsewhere now.
    mutating func relocate(_ event: NotificationLog.Event) {
        guard let index = index(of: event) else { return }
        lanes[event.lane]!.events[index].event = event
    }

    /// Where an event lies now; nil when it is not in the plan.
    func place(of event: NotificationLog.Event) -> NotificationLog.Place? {
        index(of: event).map { lanes[event.lane]!.events[$0].event.place }
    }

    /// By halves: a lane is in the order of its numbers.
    private func index(of event: NotificationLog.Event) -> Int? {
        guard let events = lanes[event.lane]?.events.rest else { return nil }
        var (low, high) = (events.startIndex, events.endIndex)
        while low < high {
            let middle = (low + high) / 2
            if events[middle].event.sequence < event.sequence {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low < events.endIndex && events[low].event.sequence == event.sequence ? low : nil
    }

    private mutating func schedule(_ lane: [UInt8]) {
        guard let found = lanes[lane], !found.isScheduled else { return }
        guard let first = found.events.first else {
            lanes[lane] = nil
            return
        }
        guard first.isCommitted else { return }
        lanes[lane]!.isScheduled = true
        ready.append(lane)
    }
}

/// First in, first out.
private struct Queue<Element: Sendable>: Sendable {
    private var elements: [Element] = []
    private var start = 0

    var first: Element? { start < elements.count ? elements[start] : nil }
    /// With the indexes that the subscript takes, until the next change.
    var rest: ArraySlice<Element> { elements[start...] }

    subscript(_ index: Int) -> Element {
        get { elements[index] }
        set { elements[index] = newValue }
    }

    mutating func append(_ element: Element) { elements.append(element) }

    mutating func removeFirst() -> Element {
        defer {
            start += 1
            // Each element is moved once on average.
            if start * 2 > elements.count {
                elements.removeFirst(start)
                start = 0
            }
        }
        return elements[start]
    }
}
