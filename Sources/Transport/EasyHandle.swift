import CCurl

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One reusable libcurl easy handle. Belongs to one engine, on its thread.
///
/// What is the same for all requests is set once; `prepare` sets every option that differs between requests,
/// so that nothing is left of the request before (`curl_easy_reset` would cost all of them each time).
final class EasyHandle {
    /// Sizes of libcurl's buffers, which it keeps for the life of a handle.
    enum Profile {
        case small
        case bulk

        var bufferBytes: Int {
            switch self {
            case .small: 16 << 10
            case .bulk: 128 << 10
            }
        }
    }

    let curl: UnsafeMutableRawPointer
    let profile: Profile
    /// Whose callbacks these are now. `clear` ends the cycle.
    var owner: Exchange?
    private let errorText: UnsafeMutablePointer<CChar>
    /// The socket that libcurl waits to read from for this transfer, and the last one that it did; -1 for none.
    private(set) var readingSocket: Int32 = -1
    private(set) var lastSocket: Int32 = -1
    /// The server is asked before a large body is sent.
    private(set) var asksFirst = false
    private var headerList = HeaderList()
    private var holdsBody = false

    /// Buffered bodies up to here go out in one packet with the head: libcurl copies them (its own limit is 64 KiB).
    static let inlineBodyLimitBytes = 63 << 10
    /// The size from which a server is asked first. Source: EXPECT_100_THRESHOLD, <https://curl.se/libcurl/c/CURLOPT_POSTFIELDS.html>
    static let expectThresholdBytes: Int64 = 1 << 20

    init(_ profile: Profile, _ options: EngineOptions) {
        guard let curl = curl_easy_init() else { preconditionFailure("curl_easy_init failed") }
        self.curl = curl
        self.profile = profile
        errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        let context = Unmanaged.passUnretained(self).toOpaque()
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_PATH_AS_IS, 1)
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_TCP_NODELAY, 1)
        set(CURLOPT_FOLLOWLOCATION, 0)
        set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        set(CURLOPT_EXPECT_100_TIMEOUT_MS, 1000)
        // Else the end of a transfer whose name is still being looked up would hold up the engine for as long as that
        // takes; the thread of the lookup is left to itself.
        // Source: <https://curl.se/libcurl/c/CURLOPT_QUICK_EXIT.html>
        set(CURLOPT_QUICK_EXIT, 1)
        // With a bandwidth limit a transfer overdraws by at most one buffer: the smallest.
        set(CURLOPT_BUFFERSIZE, options.bandwidth == nil ? profile.bufferBytes : 16 << 10)
        set(CURLOPT_UPLOAD_BUFFERSIZE, options.bandwidth == nil ? profile.bufferBytes : 16 << 10)
        set(CURLOPT_PROTOCOLS_STR, "http,https")
        set(CURLOPT_USERAGENT, options.userAgent)
        set(CURLOPT_NOPROXY, options.noProxy)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        if let path = options.caBundlePath {
            set(CURLOPT_CAINFO, path)
            // The system's folder would be trusted as well, and libcurl shares a parsed bundle between connections
            // only without one.
            ccurl_set_string(curl, CURLOPT_CAPATH, nil)
        } else if access(Self.systemBundlePath, R_OK) == 0 {
            set(CURLOPT_CAINFO, Self.systemBundlePath)
            ccurl_set_string(curl, CURLOPT_CAPATH, nil)
        }
        ccurl_set_pointer(curl, CURLOPT_ERRORBUFFER, errorText)
        ccurl_set_pointer(curl, CURLOPT_PRIVATE, context)
        ccurl_set_pointer(curl, CURLOPT_WRITEDATA, context)
        ccurl_set_pointer(curl, CURLOPT_HEADERDATA, context)
        ccurl_set_pointer(curl, CURLOPT_READDATA, context)
        ccurl_set_pointer(curl, CURLOPT_SEEKDATA, context)
        ccurl_set_pointer(curl, CURLOPT_PREREQDATA, context)
        ccurl_set_block_callback(curl, CURLOPT_WRITEFUNCTION, EasyHandle.write)
        ccurl_set_block_callback(curl, CURLOPT_HEADERFUNCTION, EasyHandle.header)
        ccurl_set_block_callback(curl, CURLOPT_READFUNCTION, EasyHandle.read)
        ccurl_set_seek_callback(curl, EasyHandle.seek)
        ccurl_set_before_request_callback(curl, EasyHandle.beforeRequest)
        ccurl_set_socket_option_callback(curl) { _, descriptor, _ in
            // Child processes must not hold our connections open.
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            return 0
        }
    }

    deinit {
        curl_easy_cleanup(curl)
        errorText.deallocate()
    }

    /// Debian's, and that of most distributions. Where it is missing libcurl's built-in default stays.
    static let systemBundlePath = "/etc/ssl/certs/ca-certificates.crt"

    /// Sets everything that differs between requests. `streamedBytes`: the exact length of a body that the
    /// exchange provides; nil when the body is the request's own.
    func prepare(_ request: HTTPRequest, streamedBytes: Int64?, options: EngineOptions) {
        errorText.pointee = 0
        readingSocket = -1
        lastSocket = -1
        set(CURLOPT_FORBID_REUSE, 0)
        let length = streamedBytes ?? Int64(request.body.count)
        let isStreamed = streamedBytes != nil || length > Self.inlineBodyLimitBytes
        let hasBody =
            isStreamed || length > 0 || request.method == .put || request.method == .post
        // This also takes back UPLOAD, POST and NOBODY.
        set(CURLOPT_HTTPGET, 1)
        if request.method == .head {
            ccurl_set_string(curl, CURLOPT_CUSTOMREQUEST, nil)
            set(CURLOPT_NOBODY, 1)
        } else {
            set(CURLOPT_CUSTOMREQUEST, request.method.rawValue)
        }
        if isStreamed {
            set(CURLOPT_UPLOAD, 1)
            ccurl_set_offset(curl, CURLOPT_INFILESIZE_LARGE, curl_off_t(length))
        } else if hasBody {
            ccurl_set_offset(curl, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(length))
            _ = request.body.withUnsafeBytes { body in
                // Of an empty body there may be no address, and nil would mean the read callback.
                if let address = body.baseAddress {
                    ccurl_set_pointer(curl, CURLOPT_COPYPOSTFIELDS, address)
                } else {
                    ccurl_set_string(curl, CURLOPT_COPYPOSTFIELDS, "")
                }
            }
            holdsBody = true
        }
        asksFirst = isStreamed && length > Self.expectThresholdBytes
        headerList.fill(
            request.headers, hasBody: hasBody, isStreamed: isStreamed, asksFirst: asksFirst)
        headerList.withList { ccurl_set_pointer(curl, CURLOPT_HTTPHEADER, $0) }
        set(CURLOPT_PROXY, request.scheme == .https ? options.httpsProxy : options.httpProxy)
        // Zero would mean libcurl's default of five minutes.
        let connect = max(1, min(request.timeouts.connect.nanoseconds / 1_000_000, 1 << 31 - 1))
        set(CURLOPT_CONNECTTIMEOUT_MS, Int(connect))
        set(CURLOPT_FRESH_CONNECT, request.usesNewConnection ? 1 : 0)
        set(CURLOPT_URL, request.url)
    }

    /// Lets go of what belongs to the last request.
    func clear() {
        owner = nil
        if holdsBody {
            ccurl_set_pointer(curl, CURLOPT_POSTFIELDS, nil)
            holdsBody = false
        }
    }

    /// What libcurl waits for on a socket of this transfer has changed; true when it reads no more from the one it read from.
    func isNowWatched(_ socket: Int32, forReading isReading: Bool) -> Bool {
        if isReading {
            readingSocket = socket
            lastSocket = socket
        } else if socket == readingSocket {
            readingSocket = -1
            return true
        }
        return false
    }

    /// The connection ends with this transfer. Also within a callback.
    func closeConnection() { set(CURLOPT_FORBID_REUSE, 1) }

    /// Of the connection of the transfer that has ended.
    var localPort: Int { long(CURLINFO_LOCAL_PORT) }

    /// Bytes of the request's head that were given to a connection, over all attempts of libcurl.
    var sentHeadBytes: Int { long(CURLINFO_REQUEST_SIZE) }

    /// Bytes of the body that were given to the connection.
    var sentBodyBytes: Int64 {
        var count: curl_off_t = 0
        ccurl_get_offset(curl, CURLINFO_SIZE_UPLOAD_T, &count)
        return Int64(count)
    }

    /// curl's own words for a failure. They name hosts and numbers, never paths or queries.
    func message(for code: CURLcode) -> String {
        if errorText.pointee != 0 { return String(cString: errorText) }
        return String(cString: curl_easy_strerror(code))
    }

    private func long(_ info: CURLINFO) -> Int {
        var value = 0
        ccurl_get_long(curl, info, &value)
        return value
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
