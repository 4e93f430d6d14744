/// A request whose answer's body is read by a task.
final class DownloadExchange: Exchange {
    private let reader: HTTPBodyReader

    init(id: UInt64, request: HTTPRequest, loop: EngineLoop, reader: HTTPBodyReader) {
        self.reader = reader
        super.init(id: id, request: request, loop: loop)
    }

    override var profile: EasyHandle.Profile { .bulk }
    override var chargesSentBytes: Bool { true }
    override func didReceiveHead(_ head: HTTPResponseHead) { reader.deliver(head) }

    override func receive(_ block: UnsafeRawBufferPointer) -> Receipt {
        reader.deliver(block) ? .taken : .full
    }

    override var isFull: Bool { reader.isFull }
    override func finish(_ error: TransportError?) { reader.end(error) }
}
