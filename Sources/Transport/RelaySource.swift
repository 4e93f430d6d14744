import CCurl

/// The GET of a relay.
final class RelaySource: Exchange {
    private let pipe: RelayPipe
    /// Of the body of an answer that is 2xx.
    private(set) var length: Int64?
    /// The body of an answer that is not 2xx.
    private(set) var refusal: [UInt8] = []
    /// The destination wants no more.
    var isStopped = false

    init(id: UInt64, loop: EngineLoop, pipe: RelayPipe) {
        self.pipe = pipe
        super.init(id: id, request: pipe.relay.source, loop: loop)
        pipe.attach(self)
    }

    override var profile: EasyHandle.Profile { .bulk }

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
            loop.complete(self, CURLE_OK)
        } else if pipe.destination == nil, let head, let length {
            pipe.startDestination(head, length: length)
        }
    }

    override func receive(_ block: UnsafeRawBufferPointer) -> Receipt {
        guard let head else { return .enough }
        guard head.isSuccess else {
            refusal.append(contentsOf: block.prefix(RelayPipe.refusalLimitBytes - refusal.count))
            return refusal.count < RelayPipe.refusalLimitBytes ? .taken : .enough
        }
        if let length, receivedBytes + Int64(block.count) > length {
            fail(.malformed, "the body is longer than its Content-Length")
            return .enough
        }
        guard pipe.ring.put(block) else { return .full }
        pipe.relay.observe?(block)
        if let destination = pipe.destination, destination.paused.contains(.send) {
            loop.attend(destination)
        }
        if isFull { loop.attend(self) }
        return .taken
    }

    /// Stops before a read that might not fit: libcurl would have to keep what we cannot take. Goes on when
    /// half of the ring is free.
    override var isFull: Bool {
        let ring = pipe.ring.capacity
        let needed = paused.contains(.receive) ? ring / 2 : min(profile.bufferBytes, ring / 2)
        return pipe.ring.free < needed
    }

    override func finish(_ error: TransportError?) {
        if isStopped { return }
        pipe.sourceDidFinish(error)
    }
}
