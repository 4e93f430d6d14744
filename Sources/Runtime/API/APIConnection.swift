import Listening
import NIOCore
import NIOHTTP1

/// One connection: collects a request, has it answered, writes the answer at once. Lives on its event loop.
///
/// A client is let go on only with what its request's head entitles it to, and is waited for no longer than ``ConnectionLimits``
/// says. Nothing is asked of the responder before a request is whole.
final class APIConnection: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private struct Incoming {
        let request: APIRequest
        let admission: APIAdmission
        let keepsAlive: Bool
        var body: ByteBuffer
    }

    private enum Phase {
        case idle
        case receiving(Incoming)
        case answering
        /// The last answer was given; what still comes is dropped.
        case refused
    }

    private let responder: any APIResponder
    private let executor: LoopExecutor
    private let limits: ConnectionLimits
    private let connections: APIConnections
    private let seat: OpenConnections.Seat
    private var phase = Phase.idle
    private var work: Task<Void, Never>?
    private var hasSeenPart = false
    private var isReadHeld = false
    /// A part of a streamed answer that the client has not taken.
    private var isSendingPart = false
    private var isInputClosed = false
    private let deadline = ConnectionDeadline()

    init(
        responder: any APIResponder, loop: any EventLoop, limits: ConnectionLimits,
        connections: APIConnections, seat: OpenConnections.Seat
    ) {
        self.responder = responder
        self.limits = limits
        self.connections = connections
        self.seat = seat
        executor = LoopExecutor(loop)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasSeenPart = true
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let buffer): take(buffer, context)
        case .end: end(context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        switch phase {
        // Bytes have come and no part of a request: a head is on its way, and may not be for ever.
        case .idle where !hasSeenPart && !deadline.isSet:
            deadline.set(limits.head, context) { [self] context in
                // Without an answer: there is no request to answer.
                if case .idle = phase { context.close(promise: nil) }
            }
        // What comes with its head needs no watch.
        case .receiving where !deadline.isSet: watchBody(since: .now(), context)
        default: break
        }
        hasSeenPart = false
        context.fireChannelReadComplete()
    }

    /// A client that does not take its answers is not listened to.
    func read(context: ChannelHandlerContext) {
        guard context.channel.isWritable else {
            isReadHeld = true
            return
        }
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if isReadHeld, context.channel.isWritable {
            isReadHeld = false
            context.read()
        }
        context.fireChannelWritabilityChanged()
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard case .idle = phase else { return }
        deadline.cancel()
        seat.markBusy()
        let request = APIRequest(head)
        let admission: APIAdmission
        do {
            admission = try responder.admit(request)
        } catch {
            return refuse(error.answer, context)
        }
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        guard length <= admission.bodyLimit else {
            return refuse(responder.tooLarge(request, admission, size: length), context)
        }
        // What was announced has not come yet.
        let capacity = min(length, 1 << 20)
        phase = .receiving(
            Incoming(
                request: request, admission: admission, keepsAlive: head.isKeepAlive,
                body: context.channel.allocator.buffer(capacity: capacity)))
        if head.headers.first(name: "expect")?.lowercased() == "100-continue" {
            context.writeAndFlush(
                wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))),
                promise: nil)
        }
    }

    private func take(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .receiving(var incoming) = phase else { return }
        // Not copied: nobody else holds the buffer now.
        phase = .idle
        let size = incoming.body.readableBytes + buffer.readableBytes
        let isTooLarge = size > incoming.admission.bodyLimit
        guard !isTooLarge, connections.hold(buffer.readableBytes) else {
            connections.letGo(incoming.body.readableBytes)
            let answer =
                isTooLarge
                ? responder.tooLarge(incoming.request, incoming.admission, size: size)
                : LambdaAPI.unavailable
            return refuse(answer, context)
        }
        incoming.body.writeImmutableBuffer(buffer)
        phase = .receiving(incoming)
    }

    private func end(_ context: ChannelHandlerContext) {
        guard case .receiving(let incoming) = phase else { return }
        deadline.cancel()
        phase = .answering
        connections.letGo(incoming.body.readableBytes)
        var request = incoming.request
        request.body = Array(incoming.body.readableBytesView)
        let (responder, loop) = (responder, context.eventLoop)
        let bound = NIOLoopBound((self, context), eventLoop: loop)
        let (complete, admission, keepsAlive) = (request, incoming.admission, incoming.keepsAlive)
        // As long as the connection: ended with it by `channelInactive`.
        work = Task(executorPreference: executor) {
            let answer = await responder.answer(complete, admission)
            guard let stream = answer.stream else {
                let write: @Sendable () -> Void = {
                    let (handler, context) = bound.value
                    handler.write(answer, keepsAlive: keepsAlive, context)
                }
                // As a rule the task ends on the loop that it began on.
                return loop.inEventLoop ? write() : loop.execute(write)
            }
            loop.execute {
                let (handler, context) = bound.value
                handler.writeHead(answer, context)
            }
            await stream { bytes in
                let written = loop.flatSubmit {
                    let (handler, context) = bound.value
                    return handler.send(bytes, context)
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

    /// One part of a streamed answer; done when the client has taken it.
    private func send(_ bytes: [UInt8], _ context: ChannelHandlerContext) -> EventLoopFuture<Void> {
        var buffer = context.channel.allocator.buffer(capacity: bytes.count)
        buffer.writeBytes(bytes)
        isSendingPart = true
        let written = context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))))
        written.assumeIsolated().whenComplete { [self] _ in isSendingPart = false }
        return written
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
        if case .answering = phase, keepsAlive, !isInputClosed {
            phase = .idle
            seat.markIdle()
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            return
        }
        let isRead = if case .answering = phase { true } else { false }
        phase = .refused
        // Of a client that does not take even the answer, or sends on for ever.
        deadline.set(limits.linger, context) { $0.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete {
            [self] _ in
            // Closing with unread input would reset the connection, and could take the answer with it.
            guard !isRead, !isInputClosed else { return context.close(promise: nil) }
            context.close(mode: .output, promise: nil)
        }
    }

    /// Answers at once, and takes no further request.
    private func refuse(_ answer: APIAnswer, _ context: ChannelHandlerContext) {
        seat.markBusy()
        phase = .refused
        write(answer, keepsAlive: false, context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Nobody waits for the answer any more; what has begun runs to its end, as on Lambda.
        work = nil
        dropBody()
        phase = .refused
        deadline.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is IdleStateHandler.IdleStateEvent:
            // A function may take its 15 minutes; a client may not, to take what it asked for.
            if case .answering = phase, !isSendingPart { return }
            context.close(promise: nil)
        case ChannelEvent.inputClosed:
            isInputClosed = true
            if case .answering = phase { return }
            context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: How long a client is waited for

    /// Looks again when what has come by now should all have been there.
    private func watchBody(since begun: NIODeadline, _ context: ChannelHandlerContext) {
        guard case .receiving(let incoming) = phase else { return }
        let allowed = limits.time(forBytes: incoming.body.readableBytes)
        let left = begun + allowed - .now()
        guard left > .zero else {
            dropBody()
            return refuse(LambdaAPI.timedOut, context)
        }
        deadline.set(left, context) { [self] in watchBody(since: begun, $0) }
    }

    private func dropBody() {
        guard case .receiving(let incoming) = phase else { return }
        connections.letGo(incoming.body.readableBytes)
        phase = .idle
    }
}
