#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The transfers and the connections of one engine thread. Made by, and confined to, that: not `Sendable`.
///
/// A round: take the inbox, run the tasks that are ready, run what is due, sleep in `epoll_wait`, drive the exchanges whose
/// connections are ready.
final class EngineLoop {
    let options: EngineOptions
    /// Read once a round.
    var now = MonotonicTime.now()
    /// What is read at once, before it is known where it belongs.
    let scratch: UnsafeMutableRawBufferPointer
    private let mailbox: EngineMailbox
    private let executor: EngineExecutor
    private var moderation = Moderation()
    /// When the last sleep ended, and the processor's time that this thread had used when it began.
    private var wokeAt = MonotonicTime.now()
    private var usedAt: Nanoseconds = 0
    let readiness = Readiness()
    private let dialer: Dialer
    private var sweepAt = Nanoseconds.max
    private var exchanges: [UInt64: Exchange] = [:]
    private var attended: [Exchange] = []
    private var waking: [Exchange] = []
    private var origins: [Origin] = []

    /// Origins that are remembered, and whose connections are kept.
    private static let originsLimit = 64
    /// Rounds without a look at the sockets while exchanges, timers and tasks make each other work.
    private static let innerRoundsLimit = 8
    /// Set in the identifier of a relay's second exchange.
    static let destinationBit: UInt64 = 1 << 63

    init(_ options: EngineOptions, mailbox: EngineMailbox, executor: EngineExecutor) {
        self.executor = executor
        self.options = options
        self.mailbox = mailbox
        dialer = Dialer(options, readiness)
        scratch = .allocate(byteCount: options.blockBytes, alignment: 16)
        readiness.set(mailbox.wakeDescriptor, reads: true, writes: false, for: .mailbox)
    }

    deinit { scratch.deallocate() }

    /// Returns when the mailbox says stop and every transfer has been ended.
    func run() {
        var commands: [EngineCommand] = []
        var jobs: [UnownedJob] = []
        var ready: [Readiness.Event] = []
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
            for event in ready {
                dispatch(event)
                // The other side of a relay goes on while the bytes are in the processor's cache.
                lookAtAttended()
            }
            ready.removeAll(keepingCapacity: true)
        }
        let left = mailbox.close()
        for command in left.commands { handle(command) }
        for job in left.jobs { globalConcurrentExecutor.enqueue(job) }
        while let exchange = exchanges.first?.value {
            exchange.fail(.cancelled, "the transport was shut down")
            complete(exchange)
        }
        for origin in origins { origin.forget() }
    }

    // What exchanges ask.

    /// Looks at an exchange again, when what it does now is done.
    func attend(_ exchange: Exchange) {
        guard !exchange.isAttended, !exchange.isFinished else { return }
        exchange.isAttended = true
        attended.append(exchange)
    }

    /// Looks at an exchange again when its `wakeAt` has come.
    func wake(_ exchange: Exchange) {
        if !waking.contains(where: { $0 === exchange }) { waking.append(exchange) }
    }

    /// Looks at the clock of an exchange again by its deadline, which has come nearer.
    func watchDeadline(of exchange: Exchange) { sweepAt = min(sweepAt, exchange.deadline) }

    /// Starts an exchange; a gated one when the bandwidth limit lets it.
    func add(_ exchange: Exchange, isGated: Bool) {
        exchanges[exchange.id] = exchange
        watchDeadline(of: exchange)
        if isGated, let bandwidth = options.bandwidth {
            exchange.pace(until: bandwidth.freeAt)
            if exchange.pacedUntil > now { return }
        }
        start(exchange)
    }

    /// The request leaves once more: nothing has come of it, on a connection that was no good.
    func restart(_ exchange: Exchange) {
        release(exchange)
        exchange.forgetAnswer()
        start(exchange)
    }

    /// The one exit of every exchange.
    func complete(_ exchange: Exchange) {
        guard !exchange.isFinished else { return }
        exchange.isFinished = true
        exchanges[exchange.id] = nil
        moderation.noteExchange(now - exchange.startedAt)
        var error = exchange.failure
        if error == nil, exchange.head == nil {
            error = exchange.error(.malformed, "the answer has no head")
        }
        release(exchange)
        exchange.finish(error)
    }

    /// Keeps the connection if the next request can have it, else closes it.
    private func release(_ exchange: Exchange) {
        exchange.dial = nil
        guard let connection = exchange.connection else { return }
        exchange.connection = nil
        connection.owner = nil
        if exchange.reader.isAtEnd, exchange.failure == nil, !connection.isSpoilt {
            connection.origin.keep(connection, at: now, limit: options.idleConnections)
        }
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
                complete(exchange)
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
                DownloadExchange(id: id, request: request, loop: self, body: reader)
            case .upload(let request, let writer):
                UploadExchange(id: id, request: request, loop: self, writer: writer)
            case .relay(let relay, let waiter):
                RelaySource(
                    id: id, loop: self, pipe: RelayPipe(relay, id: id, loop: self, waiter: waiter))
            }
        add(exchange, isGated: true)
    }

    private func start(_ exchange: Exchange) {
        let origin = origin(of: exchange.request)
        // Its producer may have had to say something before there was a transfer to look at.
        if exchange.streamedBytes != nil { attend(exchange) }
        if !exchange.needsNewConnection, let connection = origin.takeIdle(at: now) {
            return begin(exchange, on: connection)
        }
        exchange.dial = dialer.dial(origin, for: exchange, at: now)
    }

    private func begin(_ exchange: Exchange, on connection: Connection) {
        connection.owner = exchange
        exchange.begin(on: connection)
    }

    private func origin(of request: HTTPRequest) -> Origin {
        var url = request.url
        if let known = url.withUTF8({ url in origins.first { $0.matches(url) } }) { return known }
        if origins.count >= Self.originsLimit { origins.removeFirst().forget() }
        let origin = Origin(of: request, options)
        origins.append(origin)
        return origin
    }

    private func runDueWork() {
        for _ in 0..<Self.innerRoundsLimit {
            if dialer.runTimers(at: now) { collectDials() }
            if !waking.isEmpty { wakeThoseDue() }
            lookAtAttended()
            if dialer.timerAt > now, attended.isEmpty { return }
        }
    }

    private func lookAtAttended() {
        guard !attended.isEmpty else { return }
        let looked = attended
        attended.removeAll(keepingCapacity: true)
        for exchange in looked {
            exchange.isAttended = false
            if exchange.isFinished { continue }
            if exchange.failure == nil { exchange.attend() }
            if exchange.failure != nil { complete(exchange) }
            exchange.drive()
        }
    }

    private func wakeThoseDue() {
        let due = waking.filter { $0.wakeAt <= now || $0.isFinished }
        guard !due.isEmpty else { return }
        waking.removeAll { $0.wakeAt <= now || $0.isFinished }
        for exchange in due where !exchange.isFinished {
            if exchange.connection == nil, exchange.dial == nil {
                add(exchange, isGated: true)
            } else {
                exchange.noteProgress()
                watchDeadline(of: exchange)
                attend(exchange)
            }
        }
    }

    /// Takes the connections that stand, and tells of those that do not come about.
    private func collectDials() {
        while let (exchange, result) = dialer.next() {
            exchange.dial = nil
            switch result {
            case .success(let connection): begin(exchange, on: connection)
            case .failure(let error):
                exchange.failure = error
                complete(exchange)
            }
        }
    }

    /// Ends what has been idle or has run for too long; finds when to look again.
    private func sweep() {
        sweepAt = .max
        for exchange in Array(exchanges.values) where !exchange.isFinished {
            if exchange.deadline <= now, !exchange.isStillSending() {
                exchange.failForTime()
                complete(exchange)
            } else {
                watchDeadline(of: exchange)
            }
        }
    }

    private func wait(into ready: inout [Readiness.Event]) {
        var wakeAt = min(dialer.timerAt, sweepAt)
        for exchange in waking { wakeAt = min(wakeAt, exchange.wakeAt) }
        var isBusy = !attended.isEmpty || wakeAt <= now
        if !isBusy, mailbox.isEmpty {
            let pause = min(moderation.pause(transfers: exchanges.count), wakeAt - now)
            if pause > 0 {
                var time = timespec(tv_sec: 0, tv_nsec: Int(pause))
                nanosleep(&time, nil)
            }
        }
        isBusy = isBusy || !mailbox.fallAsleep()
        readiness.wait(
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

    private func dispatch(_ event: Readiness.Event) {
        switch event.owner {
        case .mailbox: mailbox.drainWakes()
        case .dial:
            dialer.note(event, at: now)
            collectDials()
        case .connection:
            guard let connection = readiness.connection(of: event) else { return }
            connection.note(event)
            if let exchange = connection.owner {
                exchange.drive()
            } else if event.isReadable, !connection.isClean() {
                connection.origin.close(connection)
            }
        }
    }
}
