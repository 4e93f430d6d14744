import Listening
import Logging
import NIOCore
import Synchronization
import Transport

/// The connections to the API that are open, and what they hold of requests that are not whole: both are bounded, whoever
/// connects. Thread-safe.
final class APIConnections: Sendable {
    private let limits: ConnectionLimits
    private let logger: Logger
    private let open: OpenConnections
    /// Said once until there is room again.
    private let isFullSaid = Locked(false)
    private let buffered = Atomic<Int>(0)

    init(limits: ConnectionLimits, logger: Logger) {
        self.limits = limits
        self.logger = logger
        open = OpenConnections(maximum: limits.connections) { $0.close(promise: nil) }
    }

    var count: Int { open.count }
    var bufferedBytes: Int { buffered.load(ordering: .relaxed) }

    /// nil when there is no room for one more.
    func add(_ channel: any Channel) -> OpenConnections.Seat? {
        if open.count <= limits.connections / 2 { isFullSaid.withLock { $0 = false } }
        if let seat = open.add(channel) { return seat }
        let isToSay = isFullSaid.withLock { isSaid in
            defer { isSaid = true }
            return !isSaid
        }
        if isToSay {
            logger.warning(
                "connections are refused: all have requests under way",
                metadata: ["open": "\(limits.connections)"])
        }
        return nil
    }

    /// Takes account of bytes of a body that is not whole; false when there are too many of them, and they are not counted.
    func hold(_ bytes: Int) -> Bool {
        let total = buffered.wrappingAdd(bytes, ordering: .relaxed).newValue
        guard total > limits.bufferedBytes else { return true }
        letGo(bytes)
        return false
    }

    func letGo(_ bytes: Int) { buffered.wrappingSubtract(bytes, ordering: .relaxed) }
}
