import NIOCore
import NIOHTTP1

/// One connection: collects a request, has it answered, writes the answer at once. Lives on its event loop.
final class APIConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        case idle
        case receiving(APIRequest, ByteBuffer, limit: Int, keepsAlive: Bool)
        /// The answer is known; the rest of the body is not wanted.
        case refused
        case answering
    }

    private let responder: any APIResponder
    private var phase = Phase.idle
    private var work: Task<Void, Never>?
    private let executor: LoopExecutor

    init(responder: any APIResponder, loop: any EventLoop) {
        self.responder = responder
        executor = LoopExecutor(loop)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let buffer): take(buffer, context)
        case .end: end(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let request = APIRequest(head)
        switch responder.bodyLimit(request) {
        case .failure(let refusal): refuse(refusal.answer, context)
        case .success(let limit):
            let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            guard length <= limit else { return refuse(responder.tooLarge(request), context) }
            phase = .receiving(
                request, context.channel.allocator.buffer(capacity: length), limit: limit,
                keepsAlive: head.isKeepAlive)
            if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))),
                    promise: nil)
            }
        }
    }

    private func take(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .receiving(let request, var body, let limit, let keepsAlive) = phase else {
            return
        }
        // Not copied: nobody else holds the buffer now.
        phase = .idle
        guard body.readableBytes + buffer.readableBytes <= limit else {
            return refuse(responder.tooLarge(request), context)
        }
        body.writeImmutableBuffer(buffer)
        phase = .receiving(request, body, limit: limit, keepsAlive: keepsAlive)
    }

    private func end(_ context: ChannelHandlerContext) {
        guard case .receiving(var request, let body, _, let keepsAlive) = phase else { return }
        phase = .answering
        request.body = Array(body.readableBytesView)
        let (responder, loop) = (responder, context.eventLoop)
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        let complete = request
        // As long as the connection: ended with it by `channelInactive`.
        work = Task(executorPreference: executor) {
            let answer = await responder.answer(complete)
            guard let stream = answer.stream else {
                return loop.execute {
                    let (handler, context) = bound.value
                    handler.write(answer, keepsAlive: keepsAlive, context)
                }
            }
            loop.execute {
                let (handler, context) = bound.value
                handler.writeHead(answer, context)
            }
            await stream { bytes in
                let written = loop.flatSubmit {
                    let (handler, context) = bound.value
                    var buffer = context.channel.allocator.buffer(capacity: bytes.count)
                    buffer.writeBytes(bytes)
                    return context.writeAndFlush(
                        handler.wrapOutboundOut(.body(.byteBuffer(buffer))))
                }
                // A client that went away is told of by the connection's end.
                _ = try? await written.get()
            }
            loop.execute {
                let (handler, context) = bound.value
                handler.finish(keepsAlive: keepsAlive, context)
            }
        }
    }

    private func refuse(_ answer: APIAnswer, _ context: ChannelHandlerContext) {
        phase = .refused
        write(answer, keepsAlive: false, context)
    }

    private func writeHead(_ answer: APIAnswer, _ context: ChannelHandlerContext) {
        var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
        headers.add(name: "transfer-encoding", value: "chunked")
        context.writeAndFlush(
            wrapOutboundOut(
                .head(
                    HTTPResponseHead(
                        version: .http1_1, status: .init(statusCode: answer.status),
                        headers: headers))), promise: nil)
    }

    private func write(
        _ answer: APIAnswer, keepsAlive: Bool, _ context: ChannelHandlerContext
    ) {
        guard context.channel.isActive else { return }
        var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
        if answer.status != 204 {
            headers.add(name: "content-length", value: String(answer.body.count))
        }
        if !keepsAlive { headers.add(name: "connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1, status: .init(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !answer.body.isEmpty {
            var buffer = context.channel.allocator.buffer(capacity: answer.body.count)
            buffer.writeBytes(answer.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
        }
        finish(keepsAlive: keepsAlive, context)
    }

    /// Everything that was written goes out in one write.
    private func finish(keepsAlive: Bool, _ context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        work = nil
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let written = context.eventLoop.makePromise(of: Void.self)
        if !keepsAlive {
            written.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
        }
        if case .answering = phase { phase = .idle }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Nobody waits for the answer any more; what has begun runs to its end, as on Lambda.
        work = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is IdleStateHandler.IdleStateEvent:
            // A function may take its 15 minutes.
            if case .answering = phase { return }
            context.close(promise: nil)
        case ChannelEvent.inputClosed:
            if case .answering = phase { return }
            context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }
}
