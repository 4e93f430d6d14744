import CCurl

/// A request whose body is written by a task.
final class UploadExchange: Exchange {
    /// Answers to uploads are short; a longer one is cut off as malformed.
    static let answerLimitBytes = 1 << 20

    private let writer: HTTPBodyWriter
    private var body: [UInt8] = []

    init(id: UInt64, request: HTTPRequest, loop: EngineLoop, writer: HTTPBodyWriter) {
        self.writer = writer
        super.init(id: id, request: request, loop: loop)
    }

    override var profile: EasyHandle.Profile { .bulk }
    override var streamedBytes: Int64? { writer.contentLength }
    override var chargesSentBytes: Bool { true }
    override var isStarved: Bool { writer.isEmpty }
    override func didAnswerEarly() { writer.closeEarly() }

    override func attend() {
        if writer.endedShort, !isAnsweredEarly {
            fail(.invalidRequest, "the body is shorter than its declared length")
            loop.complete(self, CURLE_OK)
        }
    }

    override func provide(_ room: UnsafeMutableRawBufferPointer) -> Int? {
        let count = writer.take(into: room)
        return count > 0 ? count : nil
    }

    override func receive(_ block: UnsafeRawBufferPointer) -> Receipt {
        guard body.count + block.count <= Self.answerLimitBytes else {
            fail(.malformed, "the answer's body is longer than \(Self.answerLimitBytes) bytes")
            return .enough
        }
        body.append(contentsOf: block)
        return .taken
    }

    override func restart() { body.removeAll() }

    override func finish(_ error: TransportError?) {
        if let error {
            writer.end(.failure(error))
        } else if let head {
            writer.end(.success(HTTPResponse(head: head, body: body)))
        }
    }
}
