public struct TransportConfiguration: Sendable {
    /// Engine threads; each has its own libcurl multi handle and connection cache. 1...8.
    public var engines: Int = 2
    /// Idle and active connections kept for one host by one engine.
    public var connectionsPerHost: Int = 128
    /// A PEM bundle that replaces the system's; nil: system's, or AWS_CA_BUNDLE / SSL_CERT_FILE / CURL_CA_BUNDLE.
    public var caBundlePath: String?
    /// Shared by all transfers of this transport, body bytes received plus nothing else; nil: unlimited.
    public var bandwidth: BandwidthLimit?
    public var userAgent: String = "brigade"
    public init() {}
}

/// Body bytes a second over all transfers that share this value.
public final class BandwidthLimit: Sendable {
    public init(bytesPerSecond: Int) { fatalError("skeleton") }
}

/// HTTP/1.1 over libcurl multi. Safe from any task; callbacks run on its engine threads.
public final class HTTPTransport: Sendable {
    public init(_ configuration: TransportConfiguration = .init()) { fatalError("skeleton") }
    /// Sends a request with a buffered body and buffers the answer, whatever its status.
    public func send(_ request: HTTPRequest, answerLimitBytes: Int = 16 << 20)
        async throws(TransportError) -> HTTPResponse
    { fatalError("skeleton") }
    /// Streams the answer's body with back-pressure. Leaving `consume` early ends the transfer.
    public func download<R: Sendable>(
        _ request: HTTPRequest, consume: (HTTPResponseHead, HTTPBodyReader) async throws -> R
    ) async throws -> R { fatalError("skeleton") }
    /// Streams a request's body of exactly `contentLength` bytes. An early final answer makes `write` throw `HTTPBodyWriter.ClosedEarly`; the answer is then returned.
    public func upload(
        _ request: HTTPRequest, contentLength: Int64, produce: (HTTPBodyWriter) async throws -> Void
    ) async throws -> HTTPResponse { fatalError("skeleton") }
    public func relay(_ relay: HTTPRelay) async throws(HTTPRelayFailure) -> HTTPRelayResult {
        fatalError("skeleton")
    }
    /// Ends every transfer with `.cancelled` and joins the threads. Also done by deinit.
    public func shutdown() async { fatalError("skeleton") }
}

/// The body of a streamed answer: `next()` until nil. Throws `TransportError` if the body ends early.
public final class HTTPBodyReader: Sendable {
    public func next() async throws(TransportError) -> [UInt8]? { fatalError("skeleton") }
}
public final class HTTPBodyWriter: Sendable {
    public struct ClosedEarly: Error {}
    public func write(_ bytes: [UInt8]) async throws { fatalError("skeleton") }
}
