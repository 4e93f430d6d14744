import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One libcurl multi handle and its transfers. Made by, and confined to, one engine thread: not `Sendable`.
///
/// A round: take the inbox, run the tasks that are ready, run what is due, look at the exchanges whose callbacks asked for it, collect what is done,
/// sleep in `poll`, tell libcurl which sockets are ready. Sockets are handed over one by one
/// (`curl_multi_socket_action`): `curl_multi_perform` would look at every transfer in every round.
final class EngineLoop {
    let options: EngineOptions
    /// Read once a round.
    var now = MonotonicTime.now()
    private let mailbox: EngineMailbox
    private let executor: EngineExecutor
    private var moderation = Moderation()
    /// When the last sleep ended, and the processor's time that this thread had used when it began.
    private var wokeAt = MonotonicTime.now()
    private var usedAt: Nanoseconds = 0
    private let multi: UnsafeMutableRawPointer
    private var polls = PollSet()
    private(set) var keptSockets = KeptSockets()
    /// When libcurl wants to be called for its timers.
    private var timerAt = Nanoseconds.max
    private var sweepAt = Nanoseconds.max
    private var exchanges: [UInt64: Exchange] = [:]
    private var attended: [Exchange] = []
    private var paced: [Exchange] = []
    private var idleSmall: [EasyHandle] = []
    private var idleBulk: [EasyHandle] = []

    /// Handles kept for reuse. A bulk one holds two buffers of 128 KiB.
    private static let idleSmallLimit = 128
    private static let idleBulkLimit = 8
    /// Rounds without a look at the sockets while callbacks, timers and tasks make each other work.
    private static let innerRoundsLimit = 8
    /// Set in the identifier of a relay's second exchange.
    static let destinationBit: UInt64 = 1 << 63

    init(_ options: EngineOptions, mailbox: EngineMailbox, executor: EngineExecutor) {
        self.executor = executor
        self.options = options
        self.mailbox = mailbox
        CurlLibrary.start()
        guard let multi = curl_multi_init() else { preconditionFailure("curl_multi_init failed") }
        self.multi = multi
        polls.set(mailbox.wakeDescriptor, Int16(POLLIN))
        let context = Unmanaged.passUnretained(self).toOpaque()
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, options.idleConnections)
        ccurl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
        ccurl_multi_set_socket_callback(
            multi,
            { curl, descriptor, what, context, _ in
                guard let context else { return 0 }
                Unmanaged<EngineLoop>.fromOpaque(context).takeUnretainedValue()
                    .watch(descriptor, what, for: curl)
                return 0
            }, context)
        ccurl_multi_set_timer_callback(
            multi,
            { _, milliseconds, context in
                guard let context else { return 0 }
                Unmanaged<EngineLoop>.fromOpaque(context).takeUnretainedValue()
                    .setTimer(milliseconds)
                return 0
            }, context)
    }

    deinit {
        idleSmall = []
        idleBulk = []
        curl_multi_cleanup(multi)
    }

    /// Returns when the mailbox says stop and every transfer has been ended.
    func run() {
        var commands: [EngineCommand] = []
        var jobs: [UnownedJob] = []
        var ready: [pollfd] = []
        while true {
            now = MonotonicTime.now()
            var isStopping = false
            // Jobs ask for transfers, and what is refused at once makes jobs again.
            for _ in 0..<Self.innerRoundsLimit {
                isStopping = mailbox.take(into: &commands, &jobs)
                if commands.isEmpty, jobs.isEmpty { break }
                for command in commands { handle(command) }
                commands.removeAll(keepingCapacity: true)
                for job in jobs { executor.run(job) }
                jobs.removeAll(keepingCapacity: true)
            }
            if isStopping { break }
            runDueWork()
            if now >= sweepAt { sweep() }
            wait(into: &ready)
            for entry in ready { dispatch(entry) }
            ready.removeAll(keepingCapacity: true)
        }
        let left = mailbox.close()
        for command in left.commands { handle(command) }
        for job in left.jobs { globalConcurrentExecutor.enqueue(job) }
        while let exchange = exchanges.first?.value {
            exchange.fail(.cancelled, "the transport was shut down")
            complete(exchange, CURLE_OK)
        }
    }

    // Callbacks ask through these.

    /// Looks at an exchange again, outside of libcurl.
    func attend(_ exchange: Exchange) {
        guard !exchange.isAttended, !exchange.isFinished else { return }
        exchange.isAttended = true
        attended.append(exchange)
    }

    /// Looks at an exchange again when `pacedUntil` has come, and now, to pause it.
    func pace(_ exchange: Exchange) {
        if !paced.contains(where: { $0 === exchange }) { paced.append(exchange) }
        attend(exchange)
    }

    /// Looks at the clock of an exchange again by its deadline, which has come nearer.
    func watchDeadline(of exchange: Exchange) { sweepAt = min(sweepAt, exchange.deadline) }

    /// Starts a relay's second exchange. Only from `attend`ed work, never within a callback.
    func add(_ exchange: Exchange, isGated: Bool) {
        exchanges[exchange.id] = exchange
        watchDeadline(of: exchange)
        if isGated, let bandwidth = options.bandwidth {
            exchange.pace(until: bandwidth.freeAt)
            if exchange.pacedUntil > now { return }
        }
        exchange.didStart()
        start(exchange)
    }

    /// The one exit of every exchange.
    func complete(_ exchange: Exchange, _ code: CURLcode) {
        guard !exchange.isFinished else { return }
        if exchange.mustRestart, exchange.failure == nil {
            exchange.mustRestart = false
            release(exchange)
            return start(exchange)
        }
        exchange.isFinished = true
        exchanges[exchange.id] = nil
        moderation.noteExchange(now - exchange.startedAt)
        var error = exchange.failure
        // An early answer says why the body is not wanted, also when the connection broke over it.
        if error == nil, code != CURLE_OK, !exchange.isSufficient, !exchange.isAnsweredEarly {
            error = self.error(exchange, code)
        }
        if error == nil, exchange.head == nil {
            error = exchange.error(.malformed, "the answer has no head")
        }
        if code == CURLE_OK, let easy = exchange.easy, easy.lastSocket >= 0 {
            keptSockets.note(easy.lastSocket, port: easy.localPort)
        }
        release(exchange)
        exchange.finish(error)
    }

    private func release(_ exchange: Exchange) {
        guard let easy = exchange.easy else { return }
        // Of an unfinished transfer this closes the connection.
        curl_multi_remove_handle(multi, easy.curl)
        exchange.easy = nil
        recycle(easy)
    }

    private func handle(_ command: EngineCommand) {
        switch command {
        case .start(let id, let work): accept(id, work)
        case .resume(let id):
            if let exchange = exchanges[id] { attend(exchange) }
        case .cancel(let id):
            // The source of a relay ends its destination with it, unless it had been stopped by that.
            for id in [id, id | Self.destinationBit] {
                guard let exchange = exchanges[id] else { continue }
                exchange.fail(.cancelled, "cancelled")
                complete(exchange, CURLE_OK)
            }
        }
    }

    private func accept(_ id: UInt64, _ work: Work) {
        let exchange: Exchange =
            switch work {
            case .send(let request, let answerLimitBytes, let waiter):
                BufferedExchange(
                    id: id, request: request, loop: self, answerLimitBytes: answerLimitBytes,
                    waiter: waiter)
            case .download(let request, let reader):
                DownloadExchange(id: id, request: request, loop: self, reader: reader)
            case .upload(let request, let writer):
                UploadExchange(id: id, request: request, loop: self, writer: writer)
            case .relay(let relay, let waiter):
                RelaySource(
                    id: id, loop: self, pipe: RelayPipe(relay, id: id, loop: self, waiter: waiter))
            }
        add(exchange, isGated: true)
    }

    private func start(_ exchange: Exchange) {
        let easy = takeHandle(exchange.profile)
        easy.prepare(exchange.request, streamedBytes: exchange.streamedBytes, options: options)
        easy.owner = exchange
        exchange.easy = easy
        let code = curl_multi_add_handle(multi, easy.curl)
        if code != CURLM_OK {
            exchange.fail(.invalidRequest, String(cString: curl_multi_strerror(code)))
            complete(exchange, CURLE_FAILED_INIT)
        }
        // Its producer may have had to say something before there was a transfer to look at.
        if exchange.streamedBytes != nil { attend(exchange) }
    }

    private func takeHandle(_ profile: EasyHandle.Profile) -> EasyHandle {
        let idle = profile == .small ? idleSmall.popLast() : idleBulk.popLast()
        return idle ?? EasyHandle(profile, options)
    }

    private func recycle(_ easy: EasyHandle) {
        easy.clear()
        switch easy.profile {
        case .small: if idleSmall.count < Self.idleSmallLimit { idleSmall.append(easy) }
        case .bulk: if idleBulk.count < Self.idleBulkLimit { idleBulk.append(easy) }
        }
    }

    private func runDueWork() {
        for _ in 0..<Self.innerRoundsLimit {
            if timerAt <= now {
                timerAt = .max
                var running: Int32 = 0
                curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running)
            }
            if !paced.isEmpty { endPacing() }
            lookAtAttended()
            collectFinished()
            if timerAt > now, attended.isEmpty { return }
        }
    }

    private func lookAtAttended() {
        guard !attended.isEmpty else { return }
        let looked = attended
        attended.removeAll(keepingCapacity: true)
        for exchange in looked {
            exchange.isAttended = false
            if exchange.isFinished { continue }
            if exchange.failure != nil || exchange.easy == nil {
                if exchange.failure != nil { complete(exchange, CURLE_OK) }
                continue
            }
            exchange.attend()
            if exchange.hasWholeEarlyAnswer { complete(exchange, CURLE_OK) }
            if !exchange.isFinished { applyPause(exchange) }
        }
    }

    /// Tells libcurl when what an exchange wants has changed. It may call a callback before it
    /// returns, which may pause again: the wish is written down before.
    private func applyPause(_ exchange: Exchange) {
        let wanted = exchange.wantedPause
        guard wanted != exchange.paused, let easy = exchange.easy else { return }
        exchange.paused = wanted
        exchange.noteProgress()
        watchDeadline(of: exchange)
        let code = curl_easy_pause(easy.curl, wanted.rawValue)
        // The transfer is over already when it has no connection; its message is on the way.
        if code != CURLE_OK, code != CURLE_BAD_FUNCTION_ARGUMENT { complete(exchange, code) }
        // The answer may have ended while it was held up.
        if exchange.isAnsweredEarly { attend(exchange) }
    }

    private func endPacing() {
        let due = paced.filter { $0.pacedUntil <= now || $0.isFinished }
        guard !due.isEmpty else { return }
        paced.removeAll { $0.pacedUntil <= now || $0.isFinished }
        for exchange in due where !exchange.isFinished {
            if exchange.easy == nil {
                add(exchange, isGated: true)
            } else {
                exchange.noteProgress()
                watchDeadline(of: exchange)
                attend(exchange)
            }
        }
    }

    private func collectFinished() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE else { continue }
            let code = message.pointee.data.result
            if let exchange = easy(of: message.pointee.easy_handle)?.owner {
                complete(exchange, code)
            }
        }
    }

    /// nil for the handles that libcurl makes for itself.
    private func easy(of curl: UnsafeMutableRawPointer?) -> EasyHandle? {
        guard let curl else { return nil }
        var context: UnsafeMutableRawPointer?
        ccurl_get_pointer(curl, CURLINFO_PRIVATE, &context)
        return context.map { Unmanaged<EasyHandle>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Ends what has been idle or has run for too long; finds when to look again.
    private func sweep() {
        sweepAt = .max
        for exchange in Array(exchanges.values) where !exchange.isFinished {
            if exchange.deadline <= now,
                !exchange.isStillSending(exchange.easy?.sentBodyBytes ?? 0)
            {
                exchange.failForTime()
                complete(exchange, CURLE_OK)
            } else {
                watchDeadline(of: exchange)
            }
        }
    }

    private func wait(into ready: inout [pollfd]) {
        var wakeAt = min(timerAt, sweepAt)
        for exchange in paced { wakeAt = min(wakeAt, exchange.pacedUntil) }
        var isBusy = !attended.isEmpty || wakeAt <= now
        if !isBusy, mailbox.isEmpty {
            let pause = min(moderation.pause(transfers: exchanges.count), wakeAt - now)
            if pause > 0 {
                var time = timespec(tv_sec: 0, tv_nsec: Int(pause))
                nanosleep(&time, nil)
            }
        }
        isBusy = isBusy || !mailbox.fallAsleep()
        polls.wait(
            milliseconds: isBusy ? 0 : Self.milliseconds(until: wakeAt, from: now), into: &ready)
        now = MonotonicTime.now()
        let used = MonotonicTime.used()
        moderation.noteRound(worked: used - usedAt, of: now - wokeAt)
        (wokeAt, usedAt) = (now, used)
    }

    /// Rounded up, so that what is waited for is due afterwards; at most a minute.
    private static func milliseconds(until wakeAt: Nanoseconds, from now: Nanoseconds) -> Int32 {
        if wakeAt == .max { return -1 }
        return Int32((min(60_000_000_000, wakeAt - now) + 999_999) / 1_000_000)
    }

    private func dispatch(_ entry: pollfd) {
        if entry.fd == mailbox.wakeDescriptor {
            mailbox.drainWakes()
            return
        }
        var events: Int32 = 0
        let came = Int32(entry.revents)
        if came & Int32(POLLIN) != 0 { events |= CURL_CSELECT_IN }
        if came & Int32(POLLOUT) != 0 { events |= CURL_CSELECT_OUT }
        // Errors are found by reading, after everything that came before them.
        if came & Int32(POLLERR | POLLHUP | POLLNVAL) != 0 {
            events |= CURL_CSELECT_IN | CURL_CSELECT_ERR
        }
        var running: Int32 = 0
        curl_multi_socket_action(multi, entry.fd, events, &running)
    }

    private func watch(_ descriptor: Int32, _ what: Int32, for curl: UnsafeMutableRawPointer?) {
        let isReading = what == CURL_POLL_IN || what == CURL_POLL_INOUT
        if let easy = easy(of: curl), easy.isNowWatched(descriptor, forReading: isReading),
            let exchange = easy.owner, exchange.isAnsweredEarly
        {
            attend(exchange)
        }
        switch what {
        case CURL_POLL_IN: polls.set(descriptor, Int16(POLLIN))
        case CURL_POLL_OUT: polls.set(descriptor, Int16(POLLOUT))
        case CURL_POLL_INOUT: polls.set(descriptor, Int16(POLLIN | POLLOUT))
        default: polls.remove(descriptor)
        }
    }

    private func setTimer(_ milliseconds: Int) {
        timerAt = milliseconds < 0 ? .max : now + Nanoseconds(milliseconds) * 1_000_000
    }

    private func error(_ exchange: Exchange, _ code: CURLcode) -> TransportError {
        guard let easy = exchange.easy else {
            return exchange.error(.invalidRequest, "not started")
        }
        let kind = TransportError.kind(of: code, wasReady: exchange.isConnected)
        var message = easy.message(for: code)
        if kind == .untrusted, let path = options.caBundlePath {
            message += " (trusted certificates: \(path))"
        }
        return exchange.error(kind, message)
    }
}
