import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Opens an engine's connections, many at once, on libcurl's multi handle. Confined to the engine's thread.
final class Dialer {
    private let options: EngineOptions
    private let readiness: Readiness
    private let multi: UnsafeMutableRawPointer
    /// The engine's clock at its last look: timers count from there.
    private var now = MonotonicTime.now()
    /// When libcurl wants to be called for its timers.
    private(set) var timerAt = Nanoseconds.max

    init(_ options: EngineOptions, _ readiness: Readiness) {
        self.options = options
        self.readiness = readiness
        CurlLibrary.start()
        guard let multi = curl_multi_init() else { preconditionFailure("curl_multi_init failed") }
        self.multi = multi
        let context = Unmanaged.passUnretained(self).toOpaque()
        // The connections are ours to keep: libcurl closes none to make room.
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 0)
        ccurl_multi_set_socket_callback(
            multi,
            { _, descriptor, what, context, _ in
                guard let context else { return 0 }
                Unmanaged<Dialer>.fromOpaque(context).takeUnretainedValue().watch(descriptor, what)
                return 0
            }, context)
        ccurl_multi_set_timer_callback(
            multi,
            { _, milliseconds, context in
                guard let context else { return 0 }
                Unmanaged<Dialer>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
                return 0
            }, context)
    }

    deinit { curl_multi_cleanup(multi) }

    /// Begins to open a connection for an exchange. What comes of it is told by `next`; letting go of the dial ends it.
    func dial(_ origin: Origin, for exchange: Exchange, at now: Nanoseconds) -> Dial {
        self.now = now
        let dial = Dial(origin, for: exchange, on: self, options)
        let code = curl_multi_add_handle(multi, dial.curl)
        // It only fails for want of memory, or by a mistake of ours.
        precondition(code == CURLM_OK, String(cString: curl_multi_strerror(code)))
        return dial
    }

    func remove(_ dial: Dial) { curl_multi_remove_handle(multi, dial.curl) }

    /// Whether any was due, so that something may have come of it.
    func runTimers(at now: Nanoseconds) -> Bool {
        guard timerAt <= now else { return false }
        self.now = now
        timerAt = .max
        act(CURL_SOCKET_TIMEOUT, 0)
        return true
    }

    /// Something has come on a socket that is dialled with.
    func note(_ event: Readiness.Event, at now: Nanoseconds) {
        self.now = now
        var events: Int32 = 0
        if event.isReadable { events |= CURL_CSELECT_IN }
        if event.isWritable { events |= CURL_CSELECT_OUT }
        if event.isBroken { events |= CURL_CSELECT_ERR }
        act(event.descriptor, events)
    }

    /// The next exchange whose connection stands, or does not come about.
    func next() -> (Exchange, Result<Connection, TransportError>)? {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            var context: UnsafeMutableRawPointer?
            guard message.pointee.msg == CURLMSG_DONE,
                ccurl_get_pointer(message.pointee.easy_handle, CURLINFO_PRIVATE, &context)
                    == CURLE_OK,
                let context
            else { continue }
            let code = message.pointee.data.result
            let dial = Unmanaged<Dial>.fromOpaque(context).takeUnretainedValue()
            guard let exchange = dial.exchange else { continue }
            dial.exchange = nil
            if code != CURLE_OK { return (exchange, .failure(error(exchange, dial, code))) }
            guard let connection = dial.connection(readiness) else {
                let message = "no descriptor is left, or the peer spoke before it was asked"
                return (exchange, .failure(exchange.error(.notConnected, message)))
            }
            return (exchange, .success(connection))
        }
        return nil
    }

    private func act(_ descriptor: Int32, _ events: Int32) {
        var running: Int32 = 0
        curl_multi_socket_action(multi, descriptor, events, &running)
    }

    /// What libcurl waits for on a socket.
    private func watch(_ descriptor: Int32, _ what: Int32) {
        switch what {
        case CURL_POLL_IN: readiness.set(descriptor, reads: true, writes: false, for: .dial)
        case CURL_POLL_OUT: readiness.set(descriptor, reads: false, writes: true, for: .dial)
        case CURL_POLL_INOUT: readiness.set(descriptor, reads: true, writes: true, for: .dial)
        default: readiness.remove(descriptor)
        }
    }

    private func setTimer(_ milliseconds: Int) {
        timerAt = milliseconds < 0 ? .max : now + Nanoseconds(milliseconds) * 1_000_000
    }

    private func error(_ exchange: Exchange, _ dial: Dial, _ code: CURLcode) -> TransportError {
        let kind = TransportError.kind(ofDial: code)
        var message = dial.message(for: code)
        if kind == .untrusted, let path = options.caBundlePath {
            message += " (trusted certificates: \(path))"
        }
        return exchange.error(kind, message)
    }
}
