/// The body of a streamed answer: `next()` until nil. For one consuming task.
///
/// At most `highWaterBytes` wait here; beyond that the transfer is paused.
public final class HTTPBodyReader: Sendable {
    static let highWaterBytes = 256 << 10

    private struct State {
        var head: HTTPResponseHead?
        var buffer: [UInt8] = []
        var isPaused = false
        var outcome: Result<Void, TransportError>?
        var waiter: CheckedContinuation<Void, Never>?
    }

    private enum Step<Value> {
        case value(Value, mustResume: Bool)
        case wait
    }

    let id: UInt64
    private let host: String
    private let mailbox: EngineMailbox
    private let state = Locked(State())

    init(id: UInt64, host: String, mailbox: EngineMailbox) {
        self.id = id
        self.host = host
        self.mailbox = mailbox
    }

    /// The next bytes, as many as have come, never empty; nil after the last.
    ///
    /// Throws if the transfer failed or the body ended before its Content-Length, after the bytes before that.
    public func next() async throws(TransportError) -> [UInt8]? {
        if Task.isCancelled {
            // A consumer that always finds bytes never waits, and so would not be told.
            _ = mailbox.post(.cancel(id))
            throw TransportError(
                .cancelled, host: host, message: "cancelled", mayHaveBeenSent: true)
        }
        while true {
            let step = state.withLock { state -> Result<Step<[UInt8]?>, TransportError> in
                if !state.buffer.isEmpty {
                    let bytes = state.buffer
                    state.buffer = []
                    defer { state.isPaused = false }
                    return .success(.value(bytes, mustResume: state.isPaused))
                }
                switch state.outcome {
                case .success: return .success(.value(nil, mustResume: false))
                case .failure(let error): return .failure(error)
                case nil: return .success(.wait)
                }
            }
            switch try step.get() {
            case .value(let bytes, let mustResume):
                if mustResume { _ = mailbox.post(.resume(id)) }
                return bytes
            case .wait: await wait { !$0.buffer.isEmpty || $0.outcome != nil }
            }
        }
    }

    func head() async throws(TransportError) -> HTTPResponseHead {
        while true {
            let found = state.withLock { state -> Result<HTTPResponseHead?, TransportError> in
                if let head = state.head { return .success(head) }
                if case .failure(let error) = state.outcome { return .failure(error) }
                return .success(nil)
            }
            if let head = try found.get() { return head }
            await wait { $0.head != nil || $0.outcome != nil }
        }
    }

    /// Whether the transfer is over, so that nobody needs to end it.
    var isEnded: Bool { state.withLock { $0.outcome != nil } }

    func deliver(_ head: HTTPResponseHead) {
        update { $0.head = head }
    }

    /// At most as many bytes as there is `room` for.
    func deliver(_ block: UnsafeRawBufferPointer) {
        update { state in
            if state.buffer.isEmpty { state.buffer.reserveCapacity(max(block.count, 64 << 10)) }
            state.buffer.append(contentsOf: block)
        }
    }

    /// How many bytes may come; 0 also notes that the transfer waits, so that the consumer wakes it.
    var room: Int {
        state.withLock { state in
            let free = Self.highWaterBytes - state.buffer.count
            state.isPaused = free < Self.highWaterBytes / 2
            return state.isPaused ? 0 : free
        }
    }

    func end(_ error: TransportError?) {
        update { state in
            state.outcome = error.map { .failure($0) } ?? .success(())
        }
    }

    private func update(_ body: (inout State) -> Void) {
        let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
            body(&state)
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
                    precondition(state.waiter == nil, "a body has one reader")
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
