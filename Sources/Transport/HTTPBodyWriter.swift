/// The body of a streamed request. For one producing task.
///
/// `write` suspends while more than `highWaterBytes` wait here.
public final class HTTPBodyWriter: Sendable {
    /// The final answer has come before the whole body: stop producing, the answer says why.
    public struct ClosedEarly: Error {}

    static let highWaterBytes = 256 << 10
    /// Places of taken blocks that are kept before the others move up.
    private static let takenBlocksLimit = 64

    private struct State {
        var blocks: [[UInt8]] = []
        /// Blocks and bytes of the next one that have been taken.
        var first = 0
        var offset = 0
        var bufferedBytes = 0
        var writtenBytes: Int64 = 0
        var isEngineWaiting = false
        var isClosedEarly = false
        var isEnded = false
        var outcome: Result<HTTPResponse, TransportError>?
        var waiter: CheckedContinuation<Void, Never>?
    }

    let id: UInt64
    let contentLength: Int64
    private let host: String
    private let mailbox: EngineMailbox
    private let state = Locked(State())

    init(id: UInt64, contentLength: Int64, host: String, mailbox: EngineMailbox) {
        self.id = id
        self.contentLength = contentLength
        self.host = host
        self.mailbox = mailbox
    }

    /// Takes the next bytes of the body, and returns when the next write has room.
    ///
    /// Throws `ClosedEarly` when an answer has come early, `TransportError` when the transfer has failed
    /// or the bytes would exceed the declared length.
    public func write(_ bytes: [UInt8]) async throws {
        guard !bytes.isEmpty else { return }
        if Task.isCancelled {
            // A producer that always finds room never waits, and so would not be told.
            _ = mailbox.post(.cancel(id))
            throw TransportError(
                .cancelled, host: host, message: "cancelled", mayHaveBeenSent: true)
        }
        let mustResume = try state.withLock { state throws -> Bool in
            try Self.checkOpen(state)
            guard state.writtenBytes + Int64(bytes.count) <= contentLength else {
                throw TransportError(
                    .invalidRequest, host: host,
                    message: "the body is longer than its declared length", mayHaveBeenSent: true)
            }
            state.blocks.append(bytes)
            state.bufferedBytes += bytes.count
            state.writtenBytes += Int64(bytes.count)
            defer { state.isEngineWaiting = false }
            return state.isEngineWaiting
        }
        if mustResume { _ = mailbox.post(.resume(id)) }
        while state.withLock({ $0.bufferedBytes > Self.highWaterBytes && !Self.isOver($0) }) {
            await wait { $0.bufferedBytes <= Self.highWaterBytes || Self.isOver($0) }
        }
        try state.withLock { state throws in
            // The last block may be answered at once, and that is not early.
            if state.writtenBytes < contentLength { try Self.checkOpen(state) }
        }
    }

    /// Says that no more will be written, and waits for the answer.
    func response() async throws(TransportError) -> HTTPResponse {
        let mustResume = state.withLock { state in
            state.isEnded = true
            return state.writtenBytes < contentLength
        }
        if mustResume { _ = mailbox.post(.resume(id)) }
        while true {
            if let outcome = state.withLock({ $0.outcome }) { return try outcome.get() }
            await wait { $0.outcome != nil }
        }
    }

    /// Blocks in memory, taken ones included that have not been let go.
    var heldBlocks: Int { state.withLock { $0.blocks.count } }

    var isOver: Bool { state.withLock { $0.outcome != nil } }

    /// The producer is done and has written less than it declared.
    var endedShort: Bool {
        state.withLock { $0.isEnded && $0.writtenBytes < contentLength && $0.outcome == nil }
    }

    /// Also notes that the transfer waits, so that the producer wakes it.
    var isEmpty: Bool {
        state.withLock { state in
            state.isEngineWaiting = state.bufferedBytes == 0
            return state.isEngineWaiting
        }
    }

    func take(into room: UnsafeMutableRawBufferPointer) -> Int {
        var count = 0
        update { state in
            while count < room.count, state.first < state.blocks.count {
                let block = state.blocks[state.first]
                let part = min(room.count - count, block.count - state.offset)
                block.withUnsafeBytes { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: room[count...]).copyMemory(
                        from: UnsafeRawBufferPointer(
                            rebasing: bytes[state.offset..<(state.offset + part)]))
                }
                count += part
                state.offset += part
                if state.offset == block.count {
                    state.blocks[state.first] = []
                    state.first += 1
                    state.offset = 0
                }
            }
            if state.first == state.blocks.count {
                state.blocks.removeAll(keepingCapacity: true)
                state.first = 0
            } else if state.first >= Self.takenBlocksLimit, state.first * 2 >= state.blocks.count {
                // A producer that is always ahead never lets the list run empty.
                state.blocks.removeFirst(state.first)
                state.first = 0
            }
            state.bufferedBytes -= count
            if count == 0 { state.isEngineWaiting = true }
        } wakes: {
            $0.bufferedBytes <= Self.highWaterBytes / 2
        }
        return count
    }

    func closeEarly() {
        update {
            $0.isClosedEarly = true
            $0.blocks = []
            $0.first = 0
            $0.offset = 0
            $0.bufferedBytes = 0
        }
    }

    func end(_ outcome: Result<HTTPResponse, TransportError>) {
        update {
            $0.outcome = outcome
            $0.blocks = []
            $0.first = 0
            $0.offset = 0
            $0.bufferedBytes = 0
        }
    }

    private static func isOver(_ state: State) -> Bool {
        state.isClosedEarly || state.outcome != nil
    }

    private static func checkOpen(_ state: State) throws {
        if case .failure(let error) = state.outcome { throw error }
        if isOver(state) { throw ClosedEarly() }
    }

    private func update(
        _ body: (inout State) -> Void, wakes: (State) -> Bool = { _ in true }
    ) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            body(&state)
            guard wakes(state) else { return nil }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// The engine ends a cancelled transfer, and that ends the wait.
    private func wait(until isReady: @Sendable (State) -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                let isReady = state.withLock { state in
                    if isReady(state) { return true }
                    precondition(state.waiter == nil, "a body has one writer")
                    state.waiter = waiter
                    return false
                }
                if isReady { waiter.resume() }
            }
        } onCancel: {
            _ = mailbox.post(.cancel(id))
        }
    }
}
