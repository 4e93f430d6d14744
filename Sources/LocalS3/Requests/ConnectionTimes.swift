import NIOCore

/// How long a connection waits for its client. Tests make them shorter.
struct ConnectionTimes: Sendable {
    /// A connection that neither sends nor takes a byte for so long is closed.
    var idle = TimeAmount.seconds(60)
    /// From the first bytes of a request's head to its end.
    var head = TimeAmount.seconds(30)
    /// How long a client may go on sending after a refusal before the connection is cut.
    var linger = TimeAmount.seconds(5)
}
