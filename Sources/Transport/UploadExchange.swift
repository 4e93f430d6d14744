/// A request whose body is written by a task.
final class UploadExchange: Exchange {
    /// Answers to uploads are short; a longer one is cut off as malformed.
    static let answerLimitBytes = 1 << 20

    private let writer: HTTPBodyWriter
    /// Bytes of the body on their way out: a write that is blocked is repeated from the same place.
    private var ring: ByteRing
    private var body: [UInt8] = []

    init(id: UInt64, request: HTTPRequest, loop: EngineLoop, writer: HTTPBodyWriter) {
        self.writer = writer
        ring = ByteRing(capacity: loop.options.blockBytes)
        super.init(id: id, request: request, loop: loop)
    }

    override var streamedBytes: Int64? { writer.contentLength }
    override var chargesSentBytes: Bool { true }
    override var isStarved: Bool { ring.count == 0 && writer.isEmpty }
    override func didAnswerEarly() { writer.closeEarly() }

    override func attend() {
        if writer.endedShort, !isAnsweredEarly {
            fail(.invalidRequest, "the body is shorter than its declared length")
            loop.complete(self)
        }
    }

    override func sendBlock(to connection: Connection) -> Connection.Step? {
        if ring.count == 0 { ring.commit(writer.take(into: ring.vacant)) }
        guard ring.count > 0 else { return nil }
        let step = connection.send(ring.filled)
        if case .moved(let count) = step { ring.consume(count) }
        return step
    }

    override func receive(_ block: UnsafeRawBufferPointer) {
        guard body.count + block.count <= Self.answerLimitBytes else {
            fail(.malformed, "the answer's body is longer than \(Self.answerLimitBytes) bytes")
            return
        }
        body.append(contentsOf: block)
    }

    override func finish(_ error: TransportError?) {
        if let error {
            writer.end(.failure(error))
        } else if let head {
            writer.end(.success(HTTPResponse(head: head, body: body)))
        }
    }
}
