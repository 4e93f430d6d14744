/// One request and its answer on an engine thread: what all kinds of transfer have in common.
///
/// Subclasses say where the answer's bytes go and where the request's come from. Nothing is called back: the loop drives
/// an exchange when its connection is ready, and looks at it when somebody has asked for that (`loop.attend`).
class Exchange {
    /// What waits for ourselves, and not for the peer.
    struct Hold: OptionSet {
        var rawValue: UInt8
        /// For room.
        static let receive = Hold(rawValue: 1)
        /// For bytes.
        static let send = Hold(rawValue: 2)
    }

    let id: UInt64
    let request: HTTPRequest
    /// The loop owns every exchange, and outlives it.
    unowned let loop: EngineLoop
    /// Set by the loop while one is being opened.
    var dial: Dial?
    var connection: Connection?
    var head: HTTPResponseHead?
    var reader: AnswerReader

    /// The head, and a body that goes with it, that have yet to be sent from there on.
    var unsent: [UInt8] = []
    var unsentStart = 0
    /// Of the request on its connection, and of the body that is provided.
    var sentBytes: Int64 = 0
    var sentBodyBytes: Int64 = 0
    /// As far as the peer is known to have them.
    var acknowledgedBytes: Int64 = 0
    /// Of the answer, and of its body.
    var hasReceived = false
    var receivedBytes: Int64 = 0
    /// The length that the answer should have told.
    var untoldBytes: Int64?
    /// The connection takes no more; there may be an answer that says why.
    var sendFailure: String?

    var hold: Hold = []
    /// Held back by the bandwidth limit until then.
    var pacedUntil: Nanoseconds = 0
    /// The server was asked whether it wants the body: it gets it when it says so, or then.
    var bodyAt: Nanoseconds = 0
    let startedAt: Nanoseconds
    /// A connection, with TLS and proxy, has stood: from then on bytes may have been sent, and it can be idle.
    var isConnected = false
    var lastProgress: Nanoseconds
    /// What has come since then, too little to be progress.
    private var trickledBytes = 0
    let idleNanoseconds: Nanoseconds
    let totalNanoseconds: Nanoseconds?

    /// Why we ended it.
    var failure: TransportError?
    /// We ended it, and what has come is the answer.
    var isSufficient = false
    var isFinished = false
    var isAttended = false
    /// A final head came before the whole body was sent: no more of it is, and the answer's end is the end.
    var isAnsweredEarly = false
    /// The answer was 417: the request is repeated without the question.
    var mustAskNoMore = false
    var asksFirst = false
    var needsNewConnection = false
    var restarts = 0

    /// Fewer bytes than this in an idle time are none: who trickles is waited for no longer than who is silent.
    static let progressBytes = 1 << 10
    /// Requests up to here are on their way as soon as they are sent, whatever the line.
    static let slowBytes: Int64 = 8 << 10
    /// Buffered bodies up to here go out in one packet with the head.
    static let inlineBodyLimitBytes = 63 << 10
    /// Of more a server is asked first, and that long is its answer waited for. Both as libcurl does it.
    /// Source: EXPECT_100_THRESHOLD, <https://curl.se/libcurl/c/CURLOPT_POSTFIELDS.html>,
    /// <https://curl.se/libcurl/c/CURLOPT_EXPECT_100_TIMEOUT_MS.html>
    static let expectThresholdBytes: Int64 = 1 << 20
    static let expectWait: Nanoseconds = 1_000_000_000

    init(id: UInt64, request: HTTPRequest, loop: EngineLoop) {
        self.id = id
        self.request = request
        self.loop = loop
        reader = AnswerReader(answerTo: request.method)
        startedAt = loop.now
        lastProgress = loop.now
        idleNanoseconds = max(1, request.timeouts.idle.nanoseconds)
        totalNanoseconds = request.timeouts.total.map { max(1, $0.nanoseconds) }
    }

    // What subclasses decide.

    /// The exact length of a body that `sendBlock` gives; nil when the request holds its body.
    var streamedBytes: Int64? { nil }
    /// Whether sent body bytes count against the bandwidth limit.
    var chargesSentBytes: Bool { false }
    /// In the loop, after somebody asked for it; may complete the exchange.
    func attend() {}
    func didReceiveHead(_ head: HTTPResponseHead) {}
    func didAnswerEarly() {}
    /// How many bytes of an answer would be taken now; 0 waits. Asked before each read, also of the head.
    var room: Int { .max }
    /// Takes the whole block, of at most `room` bytes, or ends the exchange (`fail`, `isSufficient`).
    func receive(_ block: UnsafeRawBufferPointer) {}
    /// Reads at most so many bytes of the body to where they belong; nil leaves that to `receive`.
    func receiveBlock(from connection: Connection, atMost limit: Int) -> Connection.Step? { nil }
    /// Sends the next bytes of the body; nil when they have yet to come. After `.blocked` it sends from the same
    /// address again.
    func sendBlock(to connection: Connection) -> Connection.Step? {
        let start = Int(sentBodyBytes)
        return request.body.withUnsafeBytes {
            connection.send(
                UnsafeRawBufferPointer(rebasing: $0[start...].prefix(loop.options.blockBytes)))
        }
    }
    /// Whether there is nothing that `sendBlock` could send.
    var isStarved: Bool { false }
    /// The one exit; called once, when the connection is out of its hands.
    func finish(_ error: TransportError?) {}

    // What all may use.

    /// Of the body that `sendBlock` sends; nil when there is none.
    final var separateBodyBytes: Int64? {
        if let streamedBytes { return streamedBytes }
        return request.body.count > Self.inlineBodyLimitBytes ? Int64(request.body.count) : nil
    }

    final func charge(_ count: Int) {
        guard count > 0, let bandwidth = loop.options.bandwidth else { return }
        pace(until: bandwidth.charge(count, at: loop.now))
    }

    final func pace(until time: Nanoseconds) {
        guard time > loop.now else { return }
        pacedUntil = time
        loop.wake(self)
    }

    /// When it goes on by itself, which it waits for.
    final var wakeAt: Nanoseconds { bodyAt > loop.now ? bodyAt : pacedUntil }

    @discardableResult
    final func fail(_ kind: TransportError.Kind, _ message: String) -> Bool {
        if failure == nil { failure = error(kind, message) }
        return false
    }

    final func error(_ kind: TransportError.Kind, _ message: String) -> TransportError {
        TransportError(
            kind, host: request.host, message: message, mayHaveBeenSent: sentBytes > 0)
    }

    final func failForTime() {
        if let totalNanoseconds, loop.now >= startedAt.saturatingAdd(totalNanoseconds) {
            fail(.timedOut, "not done within \(request.timeouts.total ?? .zero)")
        } else {
            fail(.timedOut, "no progress for \(request.timeouts.idle)")
        }
    }

    final func noteProgress() {
        lastProgress = loop.now
        trickledBytes = 0
    }

    /// So many bytes of the answer have come.
    final func noteReceived(_ count: Int) {
        trickledBytes += count
        if trickledBytes >= Self.progressBytes { noteProgress() }
    }

    /// At an idle deadline: whether the peer has taken of what was sent since the last look. On a slow line the
    /// system's own buffer can take longer than the idle time. Notes the progress.
    final func isStillSending() -> Bool {
        guard let connection, sentBytes > Self.slowBytes,
            deadline == lastProgress.saturatingAdd(idleNanoseconds)
        else { return false }
        let unacknowledged = connection.unacknowledgedBytes
        let taken = sentBytes - unacknowledged - acknowledgedBytes
        guard taken >= Self.progressBytes || (taken > 0 && unacknowledged == 0) else {
            return false
        }
        acknowledgedBytes += taken
        noteProgress()
        return true
    }

    /// The system's buffer is full, or holds the end of the request: from here on it is the peer's doing.
    final func noteAcknowledged() {
        guard let connection else { return }
        acknowledgedBytes = max(acknowledgedBytes, sentBytes - connection.unacknowledgedBytes)
    }

    /// When it will have been idle or have run for too long, if nothing happens. Before a connection stands the
    /// connect timeout of libcurl counts instead of the idle one; what we hold up ourselves is not idle.
    final var deadline: Nanoseconds {
        let isHeld = !hold.isEmpty || pacedUntil > loop.now
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
