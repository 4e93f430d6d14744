import NIOCore
import NIOHTTP1
import NIOPosix
import Signing

/// Serves one connection: one request at a time, its body taken as it comes. Lives on the connection's event loop.
///
/// What is quick (reading, and writing when nothing has to reach the disk) is done on the loop: a task switch would
/// cost more. What waits for the disk goes to the pool. Bodies of downloads are sent by the kernel from the file.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// A refused request's body up to this is read and dropped so that the connection can go on.
    static let drainedBytesMaximum = 1 << 20
    /// How long a client may go on sending after a refusal before the connection is cut.
    static let lingerSeconds: Int64 = 5

    private enum Phase {
        case idle
        case receiving(Operation, S3Request, BodyReceiver)
        /// The request's body is dropped; then this is the answer.
        case draining(S3Response, HTTPRequestHead, S3Request?)
        case answering
        /// The last answer was given; what still comes is dropped.
        case closing
    }

    private let service: S3Service
    private let authenticator: Authenticator
    private let pool: NIOThreadPool
    private let answers: AnswerWriter
    private var phase = Phase.idle
    private var head: HTTPRequestHead?
    private var isQuiescing = false
    private var clientAddress = ""

    init(service: S3Service, authenticator: Authenticator, pool: NIOThreadPool) {
        self.service = service
        self.authenticator = authenticator
        self.pool = pool
        answers = AnswerWriter(clock: service.clock)
    }

    func channelActive(context: ChannelHandlerContext) {
        clientAddress = context.remoteAddress?.ipAddress ?? ""
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let buffer): take(buffer, context)
        case .end(let trailers): end(trailers, context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        guard case .idle = phase else { return }
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

    private func end(_ trailers: HTTPHeaders?, _ context: ChannelHandlerContext) {
        switch phase {
        case .receiving(let operation, let request, let receiver):
            let body: ReceivedBody
            do {
                body = try receiver.finish()
            } catch {
                let failure = S3Service.failure(error, bucket: request.bucket)
                let response = S3Response(
                    failure, resource: request.rawPath, requestID: request.requestID)
                answer(response, request, context)
                return
            }
            perform(operation, request, body, context)
        case .draining(let response, let head, let request):
            self.head = head
            answer(response, request, context)
        case .closing: context.close(promise: nil)
        case .idle, .answering: break
        }
    }

    private func perform(
        _ operation: Operation, _ request: S3Request, _ body: ReceivedBody,
        _ context: ChannelHandlerContext
    ) {
        phase = .answering
        guard operation.waitsForDisk(isDurable: service.configuration.durable) else {
            answer(service.answer(operation, request, body), request, context)
            return
        }
        let service = service
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        pool.runIfActive(eventLoop: context.eventLoop) {
            service.answer(operation, request, body)
        }.whenComplete { result in
            let (handler, context) = bound.value
            switch result {
            case .success(let response): handler.answer(response, request, context)
            case .failure: context.close(promise: nil)
            }
        }
    }

    /// Gives up on a request whose body has not all come.
    private func refuse(
        _ failure: S3Failure, _ request: S3Request?, _ context: ChannelHandlerContext
    ) {
        guard let head else { return }
        let response = S3Response(
            failure, resource: request?.rawPath ?? head.uri,
            requestID: request?.requestID ?? answers.nextRequestID())
        let length = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        let isChunked = head.headers.contains(name: "transfer-encoding")
        if !isChunked, length <= Self.drainedBytesMaximum,
            !Self.expectsContinue(head) || length == 0
        {
            phase = .draining(response, head, request)
            return
        }
        sendLast(response, request, context)
    }

    private func answer(
        _ response: S3Response, _ request: S3Request?, _ context: ChannelHandlerContext
    ) {
        guard let head, context.channel.isActive else { return }
        phase = .answering
        let keepsAlive = head.isKeepAlive && !isQuiescing
        answers.write(
            response, to: head, requestID: request?.requestID, keepsAlive: keepsAlive, context
        ) { [self] isWhole in
            guard isWhole, keepsAlive else {
                context.close(promise: nil)
                return
            }
            self.head = nil
            phase = .idle
            if isQuiescing { context.close(promise: nil) }
        }
    }

    /// Answers at once, and closes in a way that lets the client read it: closing with unread input would reset the
    /// connection and could take the answer with it.
    private func sendLast(
        _ response: S3Response, _ request: S3Request?, _ context: ChannelHandlerContext
    ) {
        guard let head, context.channel.isActive else { return }
        phase = .closing
        answers.write(
            response, to: head, requestID: request?.requestID, keepsAlive: false, context
        ) { isWhole in
            guard isWhole else {
                context.close(promise: nil)
                return
            }
            context.close(mode: .output, promise: nil)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.eventLoop.scheduleTask(in: .seconds(Self.lingerSeconds)) {
            bound.value.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Lets go of what was being received: its temporary file goes with it.
        phase = .closing
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is HTTPParserError, case .idle = phase else {
            context.close(promise: nil)
            return
        }
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
        self.head = head
        sendLast(
            S3Response(
                S3Failure(.badRequest, "An error occurred when parsing the HTTP request."),
                resource: "/", requestID: answers.nextRequestID()), nil, context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is IdleStateHandler.IdleStateEvent:
            switch phase {
            case .receiving(_, let request, _):
                sendLast(
                    S3Response(
                        S3Failure(.requestTimeout), resource: request.rawPath,
                        requestID: request.requestID), request, context)
            // The disk may be slower than a client may be.
            case .answering where !answers.isSending: break
            default: context.close(promise: nil)
            }
        case is ChannelShouldQuiesceEvent:
            isQuiescing = true
            if case .idle = phase { context.close(promise: nil) }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private static func expectsContinue(_ head: HTTPRequestHead) -> Bool {
        head.headers.first(name: "expect")?.lowercased() == "100-continue"
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
