import NIOCore
import Transport

/// Parts of a streamed response on their way from the event loop to the invoker. Bounded: the runtime's connection is not
/// read while much is waiting.
final class StreamedParts: Sendable {
    static let waitingBytesMaximum = 1 << 20

    private struct State {
        var waitingBytes = 0
        var isHeldUp = false
    }

    let sequence: AsyncStream<[UInt8]>
    private let continuation: AsyncStream<[UInt8]>.Continuation
    private let state = Locked(State())

    init() {
        (sequence, continuation) = AsyncStream.makeStream()
    }

    /// - Returns: true when no more should be read for now.
    func add(_ part: [UInt8]) -> Bool {
        let isHeldUp = state.withLock { state in
            state.waitingBytes += part.count
            // One that is held up stays so until its taker has caught up: what was read before still comes in.
            if state.waitingBytes > Self.waitingBytesMaximum { state.isHeldUp = true }
            return state.isHeldUp
        }
        continuation.yield(part)
        return isHeldUp
    }

    /// - Returns: true when reading may go on, which it had not.
    func taken(_ count: Int) -> Bool {
        state.withLock { state in
            state.waitingBytes -= count
            guard state.isHeldUp, state.waitingBytes <= Self.waitingBytesMaximum / 2 else {
                return false
            }
            state.isHeldUp = false
            return true
        }
    }

    func finish() { continuation.finish() }
}
