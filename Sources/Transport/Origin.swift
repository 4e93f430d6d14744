/// A scheme, a host and a port, how they are reached, and the idle connections to them.
/// Confined to an engine thread.
final class Origin {
    /// How the URLs of its requests begin, up to the path.
    let prefix: [UInt8]
    let isTLS: Bool
    /// The value of `Host`: without the port that the scheme has by itself, as it is signed.
    let host: [UInt8]
    let proxy: Proxy?
    private var idle: [Connection] = []
    /// No further request comes here.
    private var isForgotten = false

    /// What has been idle for longer may have been forgotten on the way without a word. libcurl's own limit.
    /// Source: <https://curl.se/libcurl/c/CURLOPT_MAXAGE_CONN.html>
    static let idleMaximum: Nanoseconds = 118_000_000_000

    /// - Parameter request: has been validated.
    init(of request: HTTPRequest, _ options: EngineOptions) {
        let url = Array(request.url.utf8)
        let authority = HTTPRequest.authority(of: url)
        prefix = Array(url[..<authority.endIndex])
        isTLS = request.scheme == .https
        let port = Array((isTLS ? ":443" : ":80").utf8)
        host = Array(
            authority.suffix(port.count) == port[...] ? authority.dropLast(port.count) : authority)
        let name = String(decoding: authority, as: UTF8.self)
        proxy = options.proxies.proxy(for: name, isTLS: isTLS)
    }

    /// Of a request without path, for the dial.
    var url: String { String(decoding: prefix, as: UTF8.self) + "/" }

    /// A proxy that is given the whole URL of each request, instead of being asked for a tunnel.
    var forwardingProxy: Proxy? { isTLS || proxy?.forwards != true ? nil : proxy }

    /// Whether its bytes are those of TLS: its own, or its proxy's.
    var isEncrypted: Bool { isTLS || proxy?.isTLS == true }

    /// Whether a URL belongs here: it begins with the prefix, and goes on with a path, a query or not at all.
    func matches(_ url: UnsafeBufferPointer<UInt8>) -> Bool {
        guard url.count >= prefix.count else { return false }
        for index in prefix.indices where url[index] != prefix[index] { return false }
        if url.count == prefix.count { return true }
        return url[prefix.count] == UInt8(ascii: "/") || url[prefix.count] == UInt8(ascii: "?")
    }

    /// The connection that was used last, if it can be used again. Others are closed.
    func takeIdle(at now: Nanoseconds) -> Connection? {
        while let connection = idle.popLast() {
            if now - connection.idleSince < Self.idleMaximum, connection.isClean() {
                return connection
            }
        }
        return nil
    }

    func keep(_ connection: Connection, at now: Nanoseconds, limit: Int) {
        if isForgotten { return }
        connection.isUsed = true
        connection.idleSince = now
        if idle.count >= limit { idle.removeFirst() }
        idle.append(connection)
    }

    /// Something has come on an idle connection, which nobody asked for: mostly its end.
    func close(_ connection: Connection) { idle.removeAll { $0 === connection } }

    /// Closes what is idle, and what will be.
    func forget() {
        idle = []
        isForgotten = true
    }
}
