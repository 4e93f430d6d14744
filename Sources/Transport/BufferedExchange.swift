/// A request and an answer that are both in memory.
final class BufferedExchange: Exchange {
    private let answerLimitBytes: Int
    private let waiter: CheckedContinuation<Result<HTTPResponse, TransportError>, Never>
    private var body: [UInt8] = []

    init(
        id: UInt64, request: HTTPRequest, loop: EngineLoop, answerLimitBytes: Int,
        waiter: CheckedContinuation<Result<HTTPResponse, TransportError>, Never>
    ) {
        self.answerLimitBytes = answerLimitBytes
        self.waiter = waiter
        super.init(id: id, request: request, loop: loop)
    }

    override var chargesSentBytes: Bool { !request.isBodyPaid }

    override func didReceiveHead(_ head: HTTPResponseHead) {
        guard let length = reader.bodyLength else { return }
        if length > answerLimitBytes {
            fail(.malformed, tooLong)
        } else {
            body.reserveCapacity(Int(length))
        }
    }

    override func receive(_ block: UnsafeRawBufferPointer) {
        guard body.count + block.count <= answerLimitBytes else {
            fail(.malformed, tooLong)
            return
        }
        body.append(contentsOf: block)
    }

    override func finish(_ error: TransportError?) {
        if let error {
            waiter.resume(returning: .failure(error))
        } else if let head {
            waiter.resume(returning: .success(HTTPResponse(head: head, body: body)))
        }
    }

    private var tooLong: String { "the answer's body is longer than \(answerLimitBytes) bytes" }
}
