/// When an asynchronous event is tried again. The defaults are Lambda's.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html>
public struct DeliveryTimes: Sendable {
    /// After the first, second, … attempt that failed, in milliseconds; the last holds for all later ones.
    public var retryDelays: [Int64]
    /// After the first throttle, in milliseconds; doubled with each more.
    public var throttleDelay: Int64
    public var throttleDelayMaximum: Int64

    public init(
        retryDelays: [Int64] = [60_000, 120_000], throttleDelay: Int64 = 1000,
        throttleDelayMaximum: Int64 = 300_000
    ) {
        precondition(!retryDelays.isEmpty, "a retry needs a delay")
        self.retryDelays = retryDelays
        self.throttleDelay = throttleDelay
        self.throttleDelayMaximum = throttleDelayMaximum
    }

    func afterFailure(_ attempts: Int) -> Int64 {
        retryDelays[min(max(1, attempts), retryDelays.count) - 1]
    }

    func afterThrottle(_ throttles: Int) -> Int64 {
        min(throttleDelayMaximum, throttleDelay << Int64(min(20, max(0, throttles - 1))))
    }
}

/// What follows an attempt at an asynchronous event: pure.
enum EventFate: Equatable {
    case done
    /// Try again at this time; the counts are in the event.
    case again(QueuedEvent)
    /// "RetriesExhausted", "EventAgeExceeded" or "ZeroReservedConcurrency".
    case failed(condition: String)

    enum Attempt {
        case succeeded
        case failed
        /// It did not run: no room, or the runtime is not able.
        case refused
    }

    static func after(
        _ attempt: Attempt, of event: QueuedEvent, _ settings: AsynchronousSettings,
        _ times: DeliveryTimes, agesFrom: Int64? = nil, now: Int64
    ) -> EventFate {
        var event = event
        switch attempt {
        case .succeeded: return .done
        case .failed:
            event.attempts += 1
            event.throttles = 0
            if event.attempts > settings.maximumRetryAttempts {
                return .failed(condition: "RetriesExhausted")
            }
            event.dueAt = now + times.afterFailure(event.attempts)
        case .refused:
            event.throttles += 1
            event.dueAt = now + times.afterThrottle(event.throttles)
        }
        // It looks ahead: an event that would be too old by then is given up now.
        let end = (agesFrom ?? event.acceptedAt) + Int64(settings.maximumEventAgeSeconds) * 1000
        return event.dueAt > end ? .failed(condition: "EventAgeExceeded") : .again(event)
    }
}
