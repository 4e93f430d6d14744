import Listening
import NIOCore
import NIOHTTP1
import NIOPosix
import Signing

/// Serves one connection: one request at a time, its body taken as it comes. Lives on the connection's event loop.
///
/// What is quick (reading, and writing when nothing has to reach the disk) is done on the loop: a task switch would
/// cost more. What waits for the disk goes to the pool. Bodies of downloads are sent by the kernel from the file.
/// What a client sends before it has its answer waits in a queue, and nothing more is read from it meanwhile.
final class ConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A refused request's body up to this is read and dropped so that the connection can go on.
    static let drainedBytesMaximum = 1 << 20
    /// Parts of requests that came before the answer to an earlier one. No S3 client sends any; who sends more is cut off.
    static let queuedPartsMaximum = 256

    private enum Phase {
        case idle
        case receiving(Operation, S3Request, BodyReceiver)
        /// The request's body is dropped; then this is the answer.
        case draining(S3Response, S3Request?)
        /// The disk is waited for.
        case performing
        /// The client is waited for, which takes the answer.
        case sending
        /// The last answer was given; what still comes is dropped.
        case closing

        var takesParts: Bool {
            switch self {
            case .idle, .receiving, .draining: true
            case .performing, .sending, .closing: false
            }
        }
    }

    private let service: S3Service
    private let authenticator: Authenticator
    private let pool: NIOThreadPool
    private let seat: OpenConnections.Seat
    private let times: ConnectionTimes
    private let answers: AnswerWriter
    private var phase = Phase.idle
    private var head: HTTPRequestHead?
    private var queue = CircularBuffer<HTTPServerRequestPart>()
    /// What ended the readable part of the input; it is answered after the requests before it.
    private var problem: HTTPParserError?
    private var isInputClosed = false
    private var isLastAnswerSent = false
    private var isReadHeld = false
    private var isQuiescing = false
    private var clientAddress = ""
    private var hasSeenPart = false
    private let deadline = ConnectionDeadline()

    init(
        service: S3Service, authenticator: Authenticator, pool: NIOThreadPool,
        seat: OpenConnections.Seat, times: ConnectionTimes
    ) {
        self.service = service
        self.authenticator = authenticator
        self.pool = pool
        self.seat = seat
        self.times = times
        answers = AnswerWriter(clock: service.clock)
    }

    func channelActive(context: ChannelHandlerContext) {
        clientAddress = context.remoteAddress?.ipAddress ?? ""
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasSeenPart = true
        let part = unwrapInboundIn(data)
        if phase.takesParts, queue.isEmpty {
            handle(part, context)
        } else if case .closing = phase {
            return
        } else if queue.count < Self.queuedPartsMaximum {
            queue.append(part)
        } else {
            close(context)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // Bytes have come and no part of a request: a head is on its way, and may not be for ever.
        if case .idle = phase, !hasSeenPart, queue.isEmpty, !deadline.isSet {
            deadline.set(times.head, context) { [self] context in
                guard case .idle = phase else { return }
                sendLast(response(S3Failure(.requestTimeout)), nil, context)
            }
        }
        hasSeenPart = false
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        switch phase {
        case .performing, .sending: isReadHeld = true
        case .idle, .receiving, .draining, .closing: context.read()
        }
    }

    private func handle(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .head(let head): begin(head, context)
        case .body(let buffer): take(buffer, context)
        case .end: end(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard case .idle = phase else { return }
        deadline.cancel()
        seat.markBusy()
        self.head = head
        let id = answers.nextRequestID()
        var request: S3Request?
        do throws(S3Failure) {
            var parsed = try S3Request(head, requestID: id)
            request = parsed
            let identity = try authenticator.authenticate(parsed, now: service.clock())
            parsed.accessKeyID = identity.accessKeyID
            parsed.clientAddress = clientAddress
            let operation = try Operation(parsed)
            guard !identity.isReadOnly || !operation.isWrite else {
                throw S3Failure(.accessDenied)
            }
            let receiver = try BodyReceiver(
                operation, parsed, identity, service: service)
            phase = .receiving(operation, parsed, receiver)
            if Self.expectsContinue(head) {
                context.writeAndFlush(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))),
                    promise: nil)
            }
        } catch {
            refuse(error, request, context)
        }
    }

    private func take(_ buffer: ByteBuffer, _ context: ChannelHandlerContext) {
        guard case .receiving(_, let request, let receiver) = phase else { return }
        do {
            try buffer.withUnsafeReadableBytes { try receiver.receive($0) }
        } catch {
            refuse(S3Service.failure(error, bucket: request.bucket), request, context)
        }
    }

    private func end(_ context: ChannelHandlerContext) {
        switch phase {
        case .receiving(let operation, let request, let receiver):
            let body: ReceivedBody
            do {
                body = try receiver.finish()
            } catch {
                let failure = S3Service.failure(error, bucket: request.bucket)
                answer(response(failure, request), request, context)
                return
            }
            perform(operation, request, body, context)
        case .draining(let response, let request):
            deadline.cancel()
            answer(response, request, context)
        case .idle, .performing, .sending, .closing: break
        }
    }

    private func perform(
        _ operation: Operation, _ request: S3Request, _ body: ReceivedBody,
        _ context: ChannelHandlerContext
    ) {
        guard operation.waitsForDisk(isDurable: service.configuration.durable) else {
            answer(service.answer(operation, request, body), request, context)
            return
        }
        phase = .performing
        let service = service
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        pool.runIfActive(eventLoop: context.eventLoop) {
            service.answer(operation, request, body)
        }.whenComplete { result in
            let (handler, context) = bound.value
            switch result {
            case .success(let response): handler.answer(response, request, context)
            case .failure: handler.close(context)
            }
        }
    }

    /// Gives up on a request whose body has not all come.
    private func refuse(
        _ failure: S3Failure, _ request: S3Request?, _ context: ChannelHandlerContext
    ) {
        guard let head else { return }
        let response = response(failure, request)
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        let isChunked = head.headers.contains(name: "transfer-encoding")
        guard !isChunked, length <= Self.drainedBytesMaximum,
            !Self.expectsContinue(head) || length == 0
        else { return sendLast(response, request, context) }
        phase = .draining(response, request)
        deadline.set(times.linger, context) { [self] context in
            guard case .draining(let response, let request) = phase else { return }
            sendLast(response, request, context)
        }
    }

    private func answer(
        _ response: S3Response, _ request: S3Request?, _ context: ChannelHandlerContext
    ) {
        guard let head, context.channel.isActive else { return }
        phase = .sending
        let keepsAlive =
            head.isKeepAlive && !Self.endsHTTP(head) && !isQuiescing
            && !(isInputClosed && queue.isEmpty)
        answers.write(
            response, to: head, requestID: request?.requestID, keepsAlive: keepsAlive, context
        ) { [self] isWhole in
            guard isWhole else { return close(context) }
            guard keepsAlive else { return linger(context) }
            self.head = nil
            phase = .idle
            seat.markIdle()
            // Not from here: a client that has sent many requests at once would be answered by a recursion as deep.
            queue.isEmpty
                ? goOn(context)
                : NIOLoopBound((self, context), eventLoop: context.eventLoop).goOn()
        }
    }

    /// Takes up what has come meanwhile, and then reads on.
    fileprivate func goOn(_ context: ChannelHandlerContext) {
        while phase.takesParts, let part = queue.popFirst() { handle(part, context) }
        guard phase.takesParts else { return }
        if let problem {
            fail(problem, context)
        } else if case .idle = phase, isQuiescing || isInputClosed {
            close(context)
        } else if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    /// Answers at once, and takes no further request.
    private func sendLast(
        _ response: S3Response, _ request: S3Request?, _ context: ChannelHandlerContext
    ) {
        guard context.channel.isActive else { return }
        let head = head ?? HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        seat.markBusy()
        phase = .closing
        // Of a client that does not take even the answer.
        deadline.set(times.linger, context) { [self] in close($0) }
        answers.write(
            response, to: head, requestID: request?.requestID, keepsAlive: false, context
        ) { [self] isWhole in isWhole ? linger(context) : close(context) }
    }

    /// Closes in a way that lets the client read the answer: closing with unread input would reset the connection and
    /// could take the answer with it.
    private func linger(_ context: ChannelHandlerContext) {
        phase = .closing
        isLastAnswerSent = true
        guard !isInputClosed, !isQuiescing else { return close(context) }
        context.close(mode: .output, promise: nil)
        deadline.set(times.linger, context) { [self] in close($0) }
        if isReadHeld {
            isReadHeld = false
            context.read()
        }
    }

    private func close(_ context: ChannelHandlerContext) {
        phase = .closing
        deadline.cancel()
        context.close(promise: nil)
    }

    private func response(_ failure: S3Failure, _ request: S3Request? = nil) -> S3Response {
        S3Response(
            failure, resource: request?.rawPath ?? head?.uri ?? "/",
            requestID: request?.requestID ?? answers.nextRequestID())
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Lets go of what was being received: its temporary file goes with it.
        phase = .closing
        queue.removeAll()
        deadline.cancel()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return close(context) }
        if phase.takesParts, queue.isEmpty {
            fail(error, context)
        } else if problem == nil {
            problem = error
        }
    }

    /// Answers what cannot be read; where a request ends cannot be known after it.
    private func fail(_ error: HTTPParserError, _ context: ChannelHandlerContext) {
        switch phase {
        case .draining(let response, let request): sendLast(response, request, context)
        case .receiving(_, let request, _):
            let failure =
                error == .invalidEOFState
                ? S3Failure(.incompleteBody)
                : S3Failure(.invalidRequest, "The body of the HTTP request cannot be read.")
            sendLast(response(failure, request), request, context)
        case .idle, .performing, .sending, .closing:
            let failure =
                error == .headerOverflow
                ? S3Failure(.requestHeaderSectionTooLarge)
                : S3Failure(.badRequest, "An error occurred when parsing the HTTP request.")
            sendLast(response(failure), nil, context)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is IdleStateHandler.IdleStateEvent: giveUpWaiting(context)
        case ChannelEvent.inputClosed:
            isInputClosed = true
            switch phase {
            case .idle where queue.isEmpty: close(context)
            case .closing where isLastAnswerSent: close(context)
            // It has sent all that it will, and still waits for its answer.
            default: break
            }
        case is ChannelShouldQuiesceEvent:
            isQuiescing = true
            switch phase {
            case .idle: close(context)
            case .closing where isLastAnswerSent: close(context)
            default: break
            }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// The client has neither sent nor taken a byte for as long as it may.
    private func giveUpWaiting(_ context: ChannelHandlerContext) {
        switch phase {
        case .receiving(_, let request, _):
            sendLast(response(S3Failure(.requestTimeout), request), request, context)
        case .draining(let response, let request): sendLast(response, request, context)
        // The disk may be slower than a client may be.
        case .performing: break
        // A head that is on its way has a time of its own.
        case .idle where deadline.isSet: break
        case .idle, .sending, .closing: close(context)
        }
    }

    private static func expectsContinue(_ head: HTTPRequestHead) -> Bool {
        head.headers.first(name: "expect")?.lowercased() == "100-continue"
    }

    /// Whether what follows the request is no HTTP to the decoder. No other protocol is spoken here: it is the last request.
    private static func endsHTTP(_ head: HTTPRequestHead) -> Bool {
        head.method == .CONNECT || head.headers.contains(name: "upgrade")
    }
}

extension NIOLoopBound<(ConnectionHandler, ChannelHandlerContext)> {
    fileprivate func goOn() {
        eventLoop.execute {
            let (handler, context) = value
            handler.goOn(context)
        }
    }
}

extension Operation {
    /// Whether it may block for longer than an event loop should wait.
    func waitsForDisk(isDurable: Bool) -> Bool {
        switch self {
        case .getObject, .headObject, .headBucket, .getBucketLocation, .getBucketVersioning,
            .listBuckets, .getObjectTagging:
            false
        case .putObject, .uploadPart, .deleteObject, .createMultipartUpload: isDurable
        default: true
        }
    }
}
