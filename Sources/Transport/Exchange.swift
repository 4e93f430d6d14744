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

    enum Provision {
        case bytes(Int)
        case empty
        case stop
    }

    let id: UInt64
    let request: HTTPRequest
    /// The loop owns every exchange, and outlives it.
    unowned let loop: EngineLoop
    var easy: EasyHandle?
    private(set) var head: HTTPResponseHead?
    private var parser = ResponseHeadParser()

    /// What libcurl was told, or was answered by a callback.
    var paused: Pause = []
    /// Held back by the bandwidth limit until then.
    var pacedUntil: Nanoseconds = 0
    let startedAt: Nanoseconds
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
    /// A final head came before the whole body was provided.
    private(set) var isAnsweredEarly = false

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
    /// Just before libcurl gets the handle.
    func didStart() {}
    /// In the loop, after a callback or a task asked for it; may complete the exchange.
    func attend() {}
    func didReceiveHead(_ head: HTTPResponseHead) {}
    func didAnswerEarly() {}
    func receive(_ block: UnsafeRawBufferPointer) -> Receipt { .taken }
    func provide(_ room: UnsafeMutableRawBufferPointer) -> Provision { .stop }
    func rewind(to offset: Int64) -> Bool { false }
    /// Whether receiving should wait for room.
    var isFull: Bool { false }
    /// Whether sending should wait for bytes.
    var isStarved: Bool { false }
    /// The one exit; called once, after libcurl has let go of the handle.
    func finish(_ error: TransportError?) {}

    // What the callbacks call.

    final func takeHeaderLine(_ line: UnsafeRawBufferPointer) -> Bool {
        lastProgress = loop.now
        if head != nil, ResponseHeadParser.isStatusLine(line) {
            // libcurl repeats a request without Expect when the answer was 417.
            head = nil
            receivedBytes = 0
            restart()
        }
        switch parser.add(line) {
        case .more: return true
        case .tooLong: return fail(.malformed, "the answer's head is too long")
        case .notHTTP: return fail(.malformed, "the answer has no HTTP status line")
        case .head(let head):
            self.head = head
            if let length = bodyLength, providedBytes < length, head.status != 417 {
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

    final func fill(_ room: UnsafeMutableRawBufferPointer) -> Provision {
        if isAnsweredEarly { return stopProviding() }
        if pacedUntil > loop.now {
            paused.insert(.send)
            return .empty
        }
        let provision = provide(room)
        switch provision {
        case .bytes(let count):
            lastProgress = loop.now
            providedBytes += Int64(count)
            if chargesSentBytes { charge(count) }
        case .empty: paused.insert(.send)
        case .stop: break
        }
        return provision
    }

    /// libcurl goes on sending after an early answer below 400; the body would go nowhere.
    private func stopProviding() -> Provision {
        if let length = head?.contentLength, receivedBytes < length, request.method != .head {
            paused.insert(.send)
            return .empty
        }
        isSufficient = true
        return .stop
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
            mayHaveBeenSent: providedBytes > 0 || (easy?.sentHeadBytes ?? 0) > 0)
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
        let isComplete = head?.contentLength.map { receivedBytes >= $0 } ?? false
        if (isPaced && !isComplete) || isFull { wanted.insert(.receive) }
        if paused.contains(.send), !isAnsweredEarly || awaitsRestOfAnswer,
            isStarved || isAnsweredEarly || (isPaced && chargesSentBytes)
        {
            wanted.insert(.send)
        }
        return wanted
    }

    /// After an early answer below 400 nothing more is sent, but its body is waited for.
    private var awaitsRestOfAnswer: Bool {
        guard let head, head.status < 400, let length = head.contentLength else { return false }
        return receivedBytes < length
    }

    final func failForTime() {
        if let totalNanoseconds, loop.now >= startedAt.saturatingAdd(totalNanoseconds) {
            fail(.timedOut, "not done within \(request.timeouts.total ?? .zero)")
        } else {
            fail(.timedOut, "no progress for \(request.timeouts.idle)")
        }
    }

    final func didChangePause() { lastProgress = loop.now }

    /// When it will have been idle or have run for too long, if nothing happens.
    final var deadline: Nanoseconds {
        let idle =
            paused.isEmpty && pacedUntil <= loop.now
            ? lastProgress.saturatingAdd(idleNanoseconds) : Nanoseconds.max
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
