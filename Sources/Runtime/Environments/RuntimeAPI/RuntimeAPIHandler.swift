import FoundationEssentials
import NIOCore
import NIOHTTP1

/// Serves one connection of a runtime process, on the event loop of its session. Head and body of an answer leave in one
/// write: two of them cost a Python client 88 ms (Nagle's algorithm and delayed acknowledgement).
final class RuntimeAPIHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private enum Body {
        /// Read and dropped; then this is the answer.
        case refused(RuntimeAPIAnswer)
        case collected([UInt8])
        /// More than may be answered.
        case tooLarge
        /// Passed on as it comes.
        case streamed
    }

    private let session: RuntimeSession
    private var context: ChannelHandlerContext?
    private var call = RuntimeAPICall.unknown
    private var body = Body.collected([])
    private var errorType: String?
    private var contentType: String?
    private var isStreaming = false
    private var keepsAlive = true

    init(session: RuntimeSession) { self.session = session }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        session.add(self)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if isStreaming { session.breakOffStreaming() }
        session.remove(self)
        self.context = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError {
            keepsAlive = false
            send(.truncated)
        }
        context.close(promise: nil)
    }

    func close() { context?.close(promise: nil) }

    /// Reads on, or not: the taker of a streamed response sets the pace.
    func setReading(_ isReading: Bool) {
        // A channel that is closed has no options, and nothing to read.
        try? context?.channel.syncOptions?.setOption(.autoRead, value: isReading)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head)
        case .body(let buffer): take(buffer)
        case .end(let trailers): end(trailers)
        }
    }

    private func begin(_ head: HTTPRequestHead) {
        call = RuntimeAPICall(head)
        keepsAlive = head.isKeepAlive
        body = .collected([])
        isStreaming = false
        errorType = nil
        contentType = nil
        switch call {
        case .response(let id):
            if let refusal = session.refusal(of: id, to: "InvocationResponse") {
                body = .refused(refusal)
            } else {
                chooseMode(head.headers)
            }
        case .error(let id):
            noteError(head.headers)
            if let refusal = session.refusal(of: id, to: "InvocationErrorResponse") {
                body = .refused(refusal)
            }
        case .initError:
            noteError(head.headers)
            if let refusal = session.initRefusal { body = .refused(refusal) }
        case .next, .ping, .telemetry, .logs, .unknown: break
        }
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            context?.writeAndFlush(
                wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")), promise: nil)
        }
    }

    private func chooseMode(_ headers: HTTPHeaders) {
        switch headers.first(name: "lambda-runtime-function-response-mode")?.lowercased() {
        case nil, "buffered": break
        case "streaming":
            isStreaming = true
            session.beginStreaming()
            if session.isStreamed { body = .streamed }
        default:
            body = .refused(.invalidResponseMode)
            session.respond(.invalidResponseMode)
        }
    }

    private func noteError(_ headers: HTTPHeaders) {
        errorType = headers.first(name: "lambda-runtime-function-error-type")
        contentType = headers.first(name: "content-type")
    }

    private func take(_ buffer: ByteBuffer) {
        switch body {
        case .refused, .tooLarge: break
        case .streamed: session.pass(Array(buffer.readableBytesView), from: self)
        case .collected(var bytes):
            // Moved out and back, so that it grows in place.
            body = .tooLarge
            guard bytes.count + buffer.readableBytes <= RuntimeSession.responseBytesMaximum
            else { return }
            bytes.append(contentsOf: buffer.readableBytesView)
            body = .collected(bytes)
        }
    }

    private func end(_ trailers: HTTPHeaders?) {
        switch call {
        case .next: session.next(self)
        case .ping: send(.pong)
        case .telemetry: send(.telemetryNotSupported)
        case .logs: send(.logsNotSupported)
        case .unknown: send(.notFound)
        case .response(let id): endResponse(id, trailers)
        case .error(let id):
            endBody(session.refusal(of: id, to: "InvocationErrorResponse")) { session.respond($0) }
        case .initError: endBody(session.initRefusal) { session.failInit($0) }
        }
    }

    private func endResponse(_ id: Substring, _ trailers: HTTPHeaders?) {
        let wasStreaming = isStreaming
        isStreaming = false
        // Another connection may have answered while this body came in.
        let refusal = wasStreaming ? nil : session.refusal(of: id, to: "InvocationResponse")
        switch body {
        case .refused(let answer): send(answer)
        case _ where refusal != nil: send(refusal ?? .invalidRequestID)
        case .tooLarge:
            send(.tooLarge)
            session.respond(.tooLarge)
        case .collected(let bytes):
            body = .collected([])
            session.respond(Self.failure(in: trailers) ?? .success(bytes))
            // After the invocation's caller, who waits longer already.
            context?.eventLoop.assumeIsolated().execute { [self] in send(.accepted) }
        case .streamed:
            send(.accepted)
            session.respond(Self.failure(in: trailers) ?? .success([]))
        }
    }

    private func endBody(_ refusal: RuntimeAPIAnswer?, _ accept: (RuntimeResult) -> Void) {
        switch body {
        case .refused(let answer): send(answer)
        case _ where refusal != nil: send(refusal ?? .invalidRequestID)
        case .tooLarge, .streamed:
            send(.tooLarge)
            accept(.tooLarge)
        case .collected(let bytes):
            body = .collected([])
            send(.accepted)
            accept(.error(bytes, header: errorType, contentType: contentType))
        }
    }

    /// A response that failed after it had begun says so in its trailers.
    private static func failure(in trailers: HTTPHeaders?) -> RuntimeResult? {
        guard let type = trailers?.first(name: "lambda-runtime-function-error-type") else {
            return nil
        }
        let text = trailers?.first(name: "lambda-runtime-function-error-body") ?? ""
        // The Swift client sends text where Node sends base64.
        let body = Data(base64Encoded: text).map { Array($0) } ?? Array(text.utf8)
        return RuntimeResult(
            status: .error,
            payload: body.isEmpty
                ? ErrorBody.make(errorType: type, message: "The response stream failed") : body,
            errorType: RuntimeResult.isKnownErrorType(type)
                ? type : ErrorBody.type(in: body) ?? type)
    }

    func refuse(_ answer: RuntimeAPIAnswer) { send(answer) }

    /// Answers `/next`.
    func serve(_ event: InvocationEvent) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: 512 + event.payload.count)
        buffer.writeStaticString("HTTP/1.1 200 OK\r\n")
        RuntimeEventHeaders.write(event, to: &buffer)
        write(&buffer, event.payload, context)
    }

    private func send(_ answer: RuntimeAPIAnswer) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: 256 + answer.body.utf8.count)
        buffer.writeString(
            "HTTP/1.1 \(answer.status.code) \(answer.status.reasonPhrase)\r\nContent-Type: \(answer.contentType)\r\n"
        )
        write(&buffer, answer.body.utf8, context)
    }

    /// Ends the head, and sends all of it at once.
    private func write(
        _ buffer: inout ByteBuffer, _ body: some Collection<UInt8>,
        _ context: ChannelHandlerContext
    ) {
        if !keepsAlive { buffer.writeStaticString("Connection: close\r\n") }
        buffer.writeString("Content-Length: \(body.count)\r\n\r\n")
        buffer.writeBytes(body)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        if !keepsAlive { context.close(mode: .output, promise: nil) }
    }
}
