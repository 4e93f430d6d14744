import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Signing

/// Writes answers to one connection. Lives on the connection's event loop.
final class AnswerWriter {
    private let clock: @Sendable () -> Int64
    private var dateSeconds: Int64 = -1
    private var date = ""
    private var idState = UInt64.random(in: 0 ... .max)

    init(clock: @escaping @Sendable () -> Int64) { self.clock = clock }

    /// 16 hex digits, different for each request.
    func nextRequestID() -> String {
        idState &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (idState ^ (idState >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        mixed ^= mixed >> 31
        return String(unsafeUninitializedCapacity: 16) { text in
            for index in 0..<16 {
                let digit = UInt8((mixed >> UInt64(60 - 4 * index)) & 15)
                text[index] = digit < 10 ? digit + 48 : digit + 55
            }
            return 16
        }
    }

    /// - Parameter done: called on the loop when all is with the kernel, or with false when it cannot be sent.
    func write(
        _ response: S3Response, to request: HTTPRequestHead, requestID: String?,
        keepsAlive: Bool, _ context: ChannelHandlerContext, done: @escaping (Bool) -> Void
    ) {
        var head = HTTPResponseHead(version: .http1_1, status: response.status)
        head.headers.reserveCapacity(response.headers.count + 6)
        head.headers.add(name: "x-amz-request-id", value: requestID ?? nextRequestID())
        head.headers.add(name: "Date", value: currentDate())
        head.headers.add(name: "Server", value: "BrigadeLocalS3")
        for (name, value) in response.headers { head.headers.add(name: name, value: value) }
        if !keepsAlive { head.headers.add(name: "Connection", value: "close") }
        let hasBody =
            response.status != .noContent && response.status != .notModified
        if hasBody { head.headers.add(name: "Content-Length", value: String(response.length)) }
        context.write(Self.part(.head(head)), promise: nil)
        guard hasBody, request.method != .HEAD else {
            finish(context, done)
            return
        }
        switch response.body {
        case .none: finish(context, done)
        case .bytes(let bytes):
            let buffer = context.channel.allocator.buffer(bytes: bytes)
            context.write(Self.part(.body(.byteBuffer(buffer))), promise: nil)
            finish(context, done)
        case .object(let object, let range):
            if let small = object.small {
                let buffer = context.channel.allocator.buffer(
                    bytes: small[Int(range.lowerBound)..<Int(range.upperBound)])
                context.write(Self.part(.body(.byteBuffer(buffer))), promise: nil)
                finish(context, done)
                return
            }
            send(object.pieces(of: range)[...], of: object, isChecked: true, context, done)
        }
    }

    /// One step after the other; each file is open only while it is sent, and the object's lease until the end.
    ///
    /// - Parameter isChecked: of the first step; see ``ReadableObject/checkStart(of:)``.
    private func send(
        _ pieces: ArraySlice<ReadableObject.Piece>, of object: ReadableObject, isChecked: Bool,
        _ context: ChannelHandlerContext, _ done: @escaping (Bool) -> Void
    ) {
        guard let piece = pieces.first else {
            finish(context, done)
            return
        }
        do {
            let data = try piece.open()
            send(piece.range, of: data, isChecked: isChecked, context) { [self] isWhole in
                guard isWhole else { return done(false) }
                send(pieces.dropFirst(), of: object, isChecked: false, context, done)
            }
        } catch {
            // The head has been sent: cutting the connection is the only way to say that the body is not whole.
            done(false)
        }
    }

    private func send(
        _ range: Range<Int64>, of data: DataFile, isChecked: Bool, _ context: ChannelHandlerContext,
        _ done: @escaping (Bool) -> Void
    ) {
        guard !range.isEmpty else { return done(true) }
        let end = ReadableObject.endOfStep(range)
        let handle: NIOFileHandle
        do {
            if !isChecked { try data.forEachBlock(of: range.lowerBound..<end) { _ in } }
            let duplicate = fcntl(data.file.descriptor, F_DUPFD_CLOEXEC, 0)
            guard duplicate >= 0 else {
                throw StorageError(operation: "dup", path: data.file.path)
            }
            handle = NIOFileHandle(_deprecatedTakingOwnershipOfDescriptor: duplicate)
        } catch {
            return done(false)
        }
        let region = FileRegion(
            fileHandle: handle, readerIndex: Int(range.lowerBound), endIndex: Int(end))
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [self] result in
            // Best effort: it was open for reading only.
            try? handle.close()
            switch result {
            case .success:
                send(end..<range.upperBound, of: data, isChecked: false, context, done)
            case .failure: done(false)
            }
        }
        context.writeAndFlush(Self.part(.body(.fileRegion(region))), promise: promise)
    }

    private func finish(_ context: ChannelHandlerContext, _ done: @escaping (Bool) -> Void) {
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { result in
            if case .success = result { done(true) } else { done(false) }
        }
        context.writeAndFlush(Self.part(.end(nil)), promise: promise)
    }

    private static func part(_ part: HTTPServerResponsePart) -> NIOAny { NIOAny(part) }

    private func currentDate() -> String {
        let seconds = clock() / 1_000
        if seconds != dateSeconds {
            dateSeconds = seconds
            date = Timestamps.httpDate(seconds)
        }
        return date
    }
}
