/// A request whose answer's body is read by a task.
final class DownloadExchange: Exchange {
    private let body: HTTPBodyReader

    init(id: UInt64, request: HTTPRequest, loop: EngineLoop, body: HTTPBodyReader) {
        self.body = body
        super.init(id: id, request: request, loop: loop)
    }

    override var chargesSentBytes: Bool { true }
    override func didReceiveHead(_ head: HTTPResponseHead) { body.deliver(head) }
    override var room: Int { body.room }
    override func receive(_ block: UnsafeRawBufferPointer) { body.deliver(block) }

    override func finish(_ error: TransportError?) { body.end(error) }
}
