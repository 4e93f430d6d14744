/// A request and an answer that are both in memory.
final class BufferedExchange: Exchange {
    private let answerLimitBytes: Int
    private let waiter: CheckedContinuation<Result<HTTPResponse, TransportError>, Never>
    private var body: [UInt8] = []
    private var offset = 0

    init(
        id: UInt64, request: HTTPRequest, loop: EngineLoop, answerLimitBytes: Int,
        waiter: CheckedContinuation<Result<HTTPResponse, TransportError>, Never>
    ) {
        self.answerLimitBytes = answerLimitBytes
        self.waiter = waiter
        super.init(id: id, request: request, loop: loop)
    }

    private var isStreamed: Bool { request.body.count > EasyHandle.inlineBodyLimitBytes }

    override var profile: EasyHandle.Profile { isStreamed ? .bulk : .small }
    override var chargesSentBytes: Bool { true }

    override func didStart() {
        if !isStreamed { charge(request.body.count) }
    }

    override func didReceiveHead(_ head: HTTPResponseHead) {
        guard let length = answerLength else { return }
        if length > answerLimitBytes {
            fail(.malformed, tooLong)
        } else {
            body.reserveCapacity(Int(length))
        }
    }

    override func receive(_ block: UnsafeRawBufferPointer) -> Receipt {
        guard body.count + block.count <= answerLimitBytes else {
            fail(.malformed, tooLong)
            return .enough
        }
        body.append(contentsOf: block)
        return .taken
    }

    override func provide(_ room: UnsafeMutableRawBufferPointer) -> Int? {
        let count = min(room.count, request.body.count - offset)
        request.body.withUnsafeBytes { bytes in
            room.copyMemory(
                from: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]))
        }
        offset += count
        return count
    }

    override func rewind(to offset: Int64) -> Bool {
        guard (0...Int64(request.body.count)).contains(offset) else { return false }
        self.offset = Int(offset)
        providedBytes = offset
        return true
    }

    override func restart() { body.removeAll() }

    override func finish(_ error: TransportError?) {
        if let error {
            waiter.resume(returning: .failure(error))
        } else if let head {
            waiter.resume(returning: .success(HTTPResponse(head: head, body: body)))
        }
    }

    private var tooLong: String { "the answer's body is longer than \(answerLimitBytes) bytes" }
}
