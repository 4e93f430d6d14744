/// The GET of a relay.
final class RelaySource: Exchange {
    private let pipe: RelayPipe
    /// Of the body of an answer that is 2xx.
    private(set) var length: Int64?
    /// The body of an answer that is not 2xx.
    private(set) var refusal: [UInt8] = []
    /// The destination wants no more.
    var isStopped = false

    /// Reads are not made for less room than this.
    private static let roomMinimum = 16 << 10

    init(id: UInt64, loop: EngineLoop, pipe: RelayPipe) {
        self.pipe = pipe
        super.init(id: id, request: pipe.relay.source, loop: loop)
        pipe.attach(self)
    }

    override func didReceiveHead(_ head: HTTPResponseHead) {
        guard head.isSuccess else { return }
        length = head.contentLength
        guard length != nil else {
            fail(.malformed, "the answer does not say how long its body is")
            return
        }
        loop.attend(self)
    }

    override func attend() {
        if isStopped {
            loop.complete(self)
        } else if pipe.destination == nil, let head, let length, length > 0 {
            // A body of nothing has no last byte that could wait for the source's end: it begins with that.
            pipe.startDestination(head, length: length)
        }
    }

    /// Goes on when half of the ring is free.
    override var room: Int {
        let ring = pipe.ring.capacity
        let needed = hold.contains(.receive) ? ring / 2 : min(Self.roomMinimum, ring / 2)
        return pipe.ring.free < needed ? 0 : pipe.ring.free
    }

    override func receive(_ block: UnsafeRawBufferPointer) {
        if head?.isSuccess == true {
            guard pipe.ring.put(block) else { preconditionFailure("more was read than has room") }
            didRead(block)
        } else {
            refusal.append(contentsOf: block.prefix(RelayPipe.refusalLimitBytes - refusal.count))
            isSufficient = refusal.count == RelayPipe.refusalLimitBytes
        }
    }

    override func receiveBlock(
        from connection: Connection, atMost limit: Int
    ) -> Connection.Step? {
        guard length != nil else { return nil }
        let space = UnsafeMutableRawBufferPointer(rebasing: pipe.ring.vacant.prefix(limit))
        let step = connection.receive(into: space)
        if case .moved(let count) = step {
            pipe.ring.commit(count)
            didRead(UnsafeRawBufferPointer(rebasing: space[..<count]))
        }
        return step
    }

    private func didRead(_ block: UnsafeRawBufferPointer) {
        pipe.relay.observe?(block)
        if let destination = pipe.destination, destination.hold.contains(.send) {
            loop.attend(destination)
        }
    }

    override func finish(_ error: TransportError?) {
        if isStopped { return }
        pipe.sourceDidFinish(error)
    }
}
