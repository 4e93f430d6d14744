/// The methods that object stores use.
public enum HTTPMethod: String, Sendable {
    case get = "GET"
    case head = "HEAD"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
}

/// One request. `url` is absolute and already percent-encoded: its path and query are sent byte for byte.
///
/// `Host` comes from the URL and `Content-Length` from the body; neither belongs in `headers`
/// (`Content-Length` and `Expect` are ignored there). A header with an empty value is sent as such. URL and headers together
/// hold at most 256 KiB; a HEAD request has no body.
public struct HTTPRequest: Sendable {
    public var method: HTTPMethod
    public var url: String
    public var headers: HTTPHeaders
    public var body: [UInt8]
    public var timeouts: HTTPTimeouts
    /// The body has been received under the same bandwidth limit, which it does not count against once more.
    public var isBodyPaid = false

    /// How many bytes the body of a 2xx answer has, for a server that does not tell (a proxy may chunk what the store
    /// gave a length): the answer is then as if it had told so, and any other number fails. nil: whatever comes.
    public var expectedBytes: Int64?

    public init(
        _ method: HTTPMethod, _ url: String, headers: HTTPHeaders = [:], body: [UInt8] = [],
        timeouts: HTTPTimeouts = .init()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
    }
}

/// How long a request may take. `connect` covers name lookup, TCP and TLS; `idle` is the longest time in
/// which the peer neither takes nor gives 1 KiB, nor ends the head of its answer, while the transfer is not paused by us; `total`: nil is no limit.
public struct HTTPTimeouts: Sendable, Equatable {
    public var connect: Duration = .seconds(4)
    public var idle: Duration = .seconds(30)
    public var total: Duration?

    public init(
        connect: Duration = .seconds(4), idle: Duration = .seconds(30), total: Duration? = nil
    ) {
        self.connect = connect
        self.idle = idle
        self.total = total
    }
}

/// The status and the header fields of a final answer; interim (1xx) answers are never seen.
///
/// Values that are not UTF-8 are decoded as ISO 8859-1.
public struct HTTPResponseHead: Sendable {
    public var status: Int
    public var headers: HTTPHeaders

    public init(status: Int, headers: HTTPHeaders) {
        self.status = status
        self.headers = headers
    }

    /// The declared length of the body in bytes; nil when absent, chunked, not a number, or said twice and differently.
    public var contentLength: Int64? {
        var length: Int64?
        var isTold = true
        headers.forEachField { field in
            if field.isNamed("content-length") {
                let number = field.number
                if number == nil || (length != nil && length != number) { isTold = false }
                length = number
            } else if field.isNamed("transfer-encoding") {
                isTold = false
            }
        }
        return isTold ? length : nil
    }

    public var isSuccess: Bool { (200...299).contains(status) }
}

/// A final answer with its whole body.
public struct HTTPResponse: Sendable {
    public var head: HTTPResponseHead
    public var body: [UInt8]

    public init(head: HTTPResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}
