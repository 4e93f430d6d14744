import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Opens one connection: looking names up, trying addresses, proxies, TLS and its trust are libcurl's
/// (`CURLOPT_CONNECT_ONLY`). Belongs to one engine, on its thread.
/// For a connection in TLS it stays, and carries the bytes.
///
/// Source: <https://curl.se/libcurl/c/CURLOPT_CONNECT_ONLY.html>
final class Dial {
    let curl: UnsafeMutableRawPointer
    let origin: Origin
    /// Who waits for it; nil when it has been handed over.
    var exchange: Exchange?
    private let dialer: Dialer
    private let errorText: UnsafeMutablePointer<CChar>

    init(
        _ origin: Origin, for exchange: Exchange, on dialer: Dialer, _ options: EngineOptions
    ) {
        guard let curl = curl_easy_init() else { preconditionFailure("curl_easy_init failed") }
        self.curl = curl
        self.origin = origin
        self.exchange = exchange
        self.dialer = dialer
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        set(CURLOPT_CONNECT_ONLY, 1)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        // Else the end of a dial whose name is still being looked up would hold up the engine for as long as that
        // takes; the thread of the lookup is left to itself.
        // Source: <https://curl.se/libcurl/c/CURLOPT_QUICK_EXIT.html>
        set(CURLOPT_QUICK_EXIT, 1)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_USERAGENT, options.userAgent)
        // The choice is made by the origin; empty values keep libcurl from reading the environment.
        set(CURLOPT_PROXY, origin.proxy?.url ?? "")
        set(CURLOPT_NOPROXY, "")
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        if let path = options.caBundlePath ?? Self.systemBundle {
            set(CURLOPT_CAINFO, path)
            set(CURLOPT_PROXY_CAINFO, path)
            // The system's folder would be trusted as well, and libcurl shares a parsed bundle between connections
            // only without one.
            ccurl_set_string(curl, CURLOPT_CAPATH, nil)
            ccurl_set_string(curl, CURLOPT_PROXY_CAPATH, nil)
        }
        ccurl_set_pointer(curl, CURLOPT_ERRORBUFFER, errorText)
        ccurl_set_pointer(curl, CURLOPT_PRIVATE, Unmanaged.passUnretained(self).toOpaque())
        ccurl_set_socket_option_callback(curl) { _, descriptor, _ in
            // Child processes must not hold our connections open.
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return 0
        }
        // Zero would mean libcurl's default of five minutes.
        let connect = exchange.request.timeouts.connect.nanoseconds / 1_000_000
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(max(1, min(connect, 1 << 31 - 1))))
        set(CURLOPT_URL, origin.url)
    }

    deinit {
        // Of a handle that has dialled this closes the connection, unless the socket was taken.
        dialer.remove(self)
        curl_easy_cleanup(curl)
        errorText.deallocate()
    }

    /// Debian's, and that of most distributions. Where it is missing libcurl's built-in default stays.
    private static var systemBundle: String? {
        let path = "/etc/ssl/certs/ca-certificates.crt"
        return access(path, R_OK) == 0 ? path : nil
    }

    /// What has been dialled; nil when there is no descriptor left for it.
    func connection(_ readiness: Readiness) -> Connection? {
        var socket: curl_socket_t = -1
        guard ccurl_get_socket(curl, CURLINFO_ACTIVESOCKET, &socket) == CURLE_OK, socket >= 0 else {
            return nil
        }
        if origin.isEncrypted {
            let connection = Connection(origin, socket, through: self, readiness)
            // The first use ties the connection to this handle: until then libcurl may take it for one that idles.
            return connection.isClean() ? connection : nil
        }
        // A socket of our own, and the handle goes.
        let own = fcntl(socket, F_DUPFD_CLOEXEC, 0)
        return own < 0 ? nil : Connection(origin, own, through: nil, readiness)
    }

    /// curl's own words for a failure. They name hosts and numbers, never paths or queries.
    func message(for code: CURLcode) -> String {
        if errorText.pointee != 0 { return String(cString: errorText) }
        return String(cString: curl_easy_strerror(code))
    }

    private func set(_ option: CURLoption, _ value: Int) {
        let code = ccurl_set_long(curl, option, value)
        precondition(code == CURLE_OK, "libcurl refused option \(option.rawValue)")
    }

    private func set(_ option: CURLoption, _ value: String) {
        let code = value.withCString { ccurl_set_string(curl, option, $0) }
        precondition(code == CURLE_OK, "libcurl refused option \(option.rawValue)")
    }
}
