import CCurl

/// One request and its answer on an engine thread: what all kinds of transfer have in common.
///
/// Subclasses say where the answer's bytes go and where the request's come from. Callbacks only change state and ask the
/// loop to look (`loop.attend`); libcurl is called from the loop alone, so that no callback is ever entered twice.
class Exchange {
    struct Pause: OptionSet {
        var rawValue: Int32
        static let receive = Pause(rawValue: CURLPAUSE_RECV)
        static let send = Pause(rawValue: CURLPAUSE_SEND)
    }

    enum Receipt {
        case taken
        /// There is no room for the whole block: it comes again later.
        case full
        /// No more is wanted: the transfer ends, well unless `failure` is set.
        case enough
    }

    let id: UInt64
    let request: HTTPRequest
    /// The loop owns every exchange, and outlives it.
    unowned let loop: EngineLoop
    var easy: EasyHandle?
    private(set) var head: HTTPResponseHead?
    /// Of the answer's body, where it is known; 0 where there can be none.
    private(set) var answerLength: Int64?
    private var parser = ResponseHeadParser()

    /// What libcurl was told, or was answered by a callback.
    var paused: Pause = []
    /// Held back by the bandwidth limit until then.
    var pacedUntil: Nanoseconds = 0
    let startedAt: Nanoseconds
    /// A connection, with TLS and proxy, has stood: from then on bytes may have been sent, and it can be idle.
    private(set) var isConnected = false
    private(set) var lastProgress: Nanoseconds
    let idleNanoseconds: Nanoseconds
    let totalNanoseconds: Nanoseconds?

    /// Why we ended it; goes before what libcurl says.
    var failure: TransportError?
    /// We ended it, and what has come is the answer.
    var isSufficient = false
    var isFinished = false
    var isAttended = false
    var receivedBytes: Int64 = 0
    var providedBytes: Int64 = 0
    /// A final head came before the whole body was provided: no more of it is, and the answer's end is the end.
    private(set) var isAnsweredEarly = false
    /// libcurl has repeated the request without asking first.
    private var isRepeated = false
    /// The connection was no good, and nothing has happened on it: on to another one.
    var mustRestart = false
    private var restarts = 0
    private static let restartsLimit = 3
    /// Where the last block that was provided starts, and how far it had gone at the last look at a deadline.
    private var blockStart: Int64 = 0
    private var sentBytes: Int64 = 0

    init(id: UInt64, request: HTTPRequest, loop: EngineLoop) {
        self.id = id
        self.request = request
        self.loop = loop
        startedAt = loop.now
        lastProgress = loop.now
        idleNanoseconds = max(1, request.timeouts.idle.nanoseconds)
        totalNanoseconds = request.timeouts.total.map { max(1, $0.nanoseconds) }
    }

    // What subclasses decide.

    var profile: EasyHandle.Profile { .small }
    /// The exact length of a body that `provide` gives; nil when the request holds its body.
    var streamedBytes: Int64? { nil }
    /// Whether sent body bytes count against the bandwidth limit.
    var chargesSentBytes: Bool { false }
    /// Just before libcurl gets the handle for the first time.
    func didStart() {}
    /// In the loop, after a callback or a task asked for it; may complete the exchange.
    func attend() {}
    func didReceiveHead(_ head: HTTPResponseHead) {}
    func didAnswerEarly() {}
    func receive(_ block: UnsafeRawBufferPointer) -> Receipt { .taken }
    /// Copies the next bytes of the body and returns how many; nil when they have yet to come.
    func provide(_ room: UnsafeMutableRawBufferPointer) -> Int? { 0 }
    /// Whether the next bytes will be those from there on. A stream cannot go back, but may not have begun.
    func rewind(to offset: Int64) -> Bool { offset == 0 && providedBytes == 0 }
    /// Whether receiving should wait for room.
    var isFull: Bool { false }
    /// Whether sending should wait for bytes.
    var isStarved: Bool { false }
    /// The one exit; called once, after libcurl has let go of the handle.
    func finish(_ error: TransportError?) {}

    // What the callbacks call.

    /// Whether the request may leave on the connection that now stands. libcurl asks again when it repeats a request
    /// because a reused connection was closed without an answer: the server may have acted on what it got.
    final func mayBegin(onPort port: Int) -> Bool {
        let isRepetition = isConnected && (easy?.sentHeadBytes ?? 0) > 0
        let changesNothing = request.method == .get || request.method == .head
        if isRepetition, !changesNothing, head == nil {
            return fail(.interrupted, "the connection was closed before an answer came")
        }
        if head == nil, loop.keptSockets.hasStray(onPort: port) {
            easy?.closeConnection()
            restarts += 1
            if restarts > Self.restartsLimit {
                return fail(.interrupted, "bytes came before the request was sent")
            }
            mustRestart = true
            return false
        }
        isConnected = true
        noteProgress()
        loop.watchDeadline(of: self)
        return true
    }

    final func takeHeaderLine(_ line: UnsafeRawBufferPointer) -> Bool {
        lastProgress = loop.now
        if head != nil, ResponseHeadParser.isStatusLine(line) {
            // libcurl repeats a request without Expect when the answer was 417.
            head = nil
            answerLength = nil
            isRepeated = true
            receivedBytes = 0
            restart()
        }
        switch parser.add(line) {
        case .more: return true
        case .tooLong: return fail(.malformed, "the answer's head is too long")
        case .notHTTP: return fail(.malformed, "the answer has no HTTP status line")
        case .head(let head):
            self.head = head
            let hasNoBody = request.method == .head || head.status == 204 || head.status == 304
            answerLength = hasNoBody ? 0 : head.contentLength
            let isRepeatedNext = head.status == 417 && easy?.asksFirst == true && !isRepeated
            if let length = bodyLength, providedBytes < length, !isRepeatedNext {
                isAnsweredEarly = true
                didAnswerEarly()
                loop.attend(self)
            }
            didReceiveHead(head)
            return failure == nil
        }
    }

    /// A second answer is on its way: forget the first one's body.
    func restart() {}

    final func takeBlock(_ block: UnsafeRawBufferPointer) -> Receipt {
        let receipt = receive(block)
        switch receipt {
        case .taken:
            lastProgress = loop.now
            receivedBytes += Int64(block.count)
            charge(block.count)
            if isAnsweredEarly { loop.attend(self) }
        case .full: paused.insert(.receive)
        case .enough: if failure == nil { isSufficient = true }
        }
        return receipt
    }

    /// nil pauses sending. After an early answer it stays so: libcurl by itself only stops for some.
    final func fill(_ room: UnsafeMutableRawBufferPointer) -> Int? {
        guard !isAnsweredEarly, pacedUntil <= loop.now, let count = provide(room) else {
            paused.insert(.send)
            return nil
        }
        lastProgress = loop.now
        (blockStart, sentBytes) = (providedBytes, providedBytes)
        providedBytes += Int64(count)
        if chargesSentBytes { charge(count) }
        return count
    }

    final func charge(_ count: Int) {
        guard count > 0, let bandwidth = loop.options.bandwidth else { return }
        pace(until: bandwidth.charge(count, at: loop.now))
    }

    final func pace(until time: Nanoseconds) {
        guard time > loop.now else { return }
        pacedUntil = time
        loop.pace(self)
    }

    @discardableResult
    final func fail(_ kind: TransportError.Kind, _ message: String) -> Bool {
        if failure == nil { failure = error(kind, message) }
        return false
    }

    final func error(_ kind: TransportError.Kind, _ message: String) -> TransportError {
        TransportError(
            kind, host: request.host, message: message,
            mayHaveBeenSent: isConnected && (easy?.sentHeadBytes ?? 0) > 0)
    }

    /// Length of the body that goes through `fill`; nil when there is none.
    private var bodyLength: Int64? {
        if let streamedBytes { return streamedBytes }
        return request.body.count > EasyHandle.inlineBodyLimitBytes
            ? Int64(request.body.count) : nil
    }

    // What the loop calls.

    final var wantedPause: Pause {
        var wanted: Pause = []
        let isPaced = pacedUntil > loop.now
        // Not before the head has come: libcurl would put lines of it together that come while it is paused.
        let holdsBody = head != nil && !hasWholeLength
        if (isPaced && holdsBody) || isFull { wanted.insert(.receive) }
        if paused.contains(.send), isAnsweredEarly || isStarved || (isPaced && chargesSentBytes) {
            wanted.insert(.send)
        }
        return wanted
    }

    private var hasWholeLength: Bool { answerLength.map { receivedBytes >= $0 } == true }

    /// libcurl does not end a transfer while sending is paused. That it reads no more is how the end of an answer
    /// without a length shows.
    final var hasWholeEarlyAnswer: Bool {
        guard isAnsweredEarly, !isFinished, !paused.contains(.receive), let easy else {
            return false
        }
        return hasWholeLength || easy.readingSocket < 0
    }

    final func failForTime() {
        if let totalNanoseconds, loop.now >= startedAt.saturatingAdd(totalNanoseconds) {
            fail(.timedOut, "not done within \(request.timeouts.total ?? .zero)")
        } else {
            fail(.timedOut, "no progress for \(request.timeouts.idle)")
        }
    }

    final func noteProgress() { lastProgress = loop.now }

    /// At an idle deadline: whether the last block is still on its way out, and has come further since the last look.
    /// On a slow line one block can take longer than the idle timeout. Notes the progress.
    final func isStillSending(_ sent: Int64) -> Bool {
        guard deadline == lastProgress.saturatingAdd(idleNanoseconds), sent > sentBytes,
            // A block that went at once was progress when it was provided.
            sent < providedBytes || sentBytes > blockStart
        else { return false }
        sentBytes = sent
        noteProgress()
        return true
    }

    /// When it will have been idle or have run for too long, if nothing happens. Before a connection stands the
    /// connect timeout of libcurl counts instead of the idle one; what we hold up ourselves is not idle.
    final var deadline: Nanoseconds {
        let isHeld =
            paused.contains(.receive) || (paused.contains(.send) && !isAnsweredEarly)
            || pacedUntil > loop.now
        let idle =
            isConnected && !isHeld ? lastProgress.saturatingAdd(idleNanoseconds) : Nanoseconds.max
        let total = totalNanoseconds.map { startedAt.saturatingAdd($0) } ?? .max
        return min(idle, total)
    }
}

extension Nanoseconds {
    func saturatingAdd(_ other: Nanoseconds) -> Nanoseconds {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
