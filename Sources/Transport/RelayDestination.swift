/// The PUT of a relay.
final class RelayDestination: Exchange {
    private let pipe: RelayPipe
    private let length: Int64
    private(set) var body: [UInt8] = []

    init(id: UInt64, request: HTTPRequest, loop: EngineLoop, pipe: RelayPipe, length: Int64) {
        self.pipe = pipe
        self.length = length
        super.init(id: id, request: request, loop: loop)
    }

    override var streamedBytes: Int64? { length }
    override var isStarved: Bool { sendable == 0 && !pipe.isSourceComplete }
    override func didAnswerEarly() { pipe.stopSource() }

    /// How much of the ring may go. The last byte waits until the source is known to have ended: one that is longer than it
    /// was told must never be a whole object here.
    private var sendable: Int {
        let count = pipe.ring.count
        let isLast = sentBodyBytes + Int64(count) == length && !pipe.isSourceComplete
        return isLast ? max(0, count - 1) : count
    }

    override func sendBlock(to connection: Connection) -> Connection.Step? {
        let sendable = sendable
        guard sendable > 0 else { return nil }
        let step = connection.send(
            UnsafeRawBufferPointer(rebasing: pipe.ring.filled.prefix(sendable)))
        if case .moved(let count) = step {
            pipe.ring.consume(count)
            if let source = pipe.source, source.hold.contains(.receive), source.room > 0 {
                loop.attend(source)
            }
        }
        return step
    }

    override func receive(_ block: UnsafeRawBufferPointer) {
        guard body.count + block.count <= RelayPipe.answerLimitBytes else {
            fail(.malformed, "the answer's body is longer than \(RelayPipe.answerLimitBytes) bytes")
            return
        }
        body.append(contentsOf: block)
    }

    override func finish(_ error: TransportError?) { pipe.destinationDidFinish(error) }
}
