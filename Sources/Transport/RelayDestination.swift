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

    override var profile: EasyHandle.Profile { .bulk }
    override var streamedBytes: Int64? { length }
    override var isStarved: Bool { pipe.ring.count == 0 && !pipe.isSourceComplete }
    override func didAnswerEarly() { pipe.stopSource() }

    override func provide(_ room: UnsafeMutableRawBufferPointer) -> Int? {
        let count = pipe.ring.take(into: room)
        if let source = pipe.source, source.paused.contains(.receive), !source.isFull {
            loop.attend(source)
        }
        return count > 0 ? count : nil
    }

    override func receive(_ block: UnsafeRawBufferPointer) -> Receipt {
        guard body.count + block.count <= RelayPipe.answerLimitBytes else {
            fail(.malformed, "the answer's body is longer than \(RelayPipe.answerLimitBytes) bytes")
            return .enough
        }
        body.append(contentsOf: block)
        return .taken
    }

    override func restart() { body.removeAll() }
    override func finish(_ error: TransportError?) { pipe.destinationDidFinish(error) }
}
