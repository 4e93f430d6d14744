/// Why a request got no complete answer. `kind` is the only thing code branches on.
public struct TransportError: Error, Sendable, CustomStringConvertible {
    public enum Kind: Sendable {
        /// DNS found no such host.
        case unresolvedHost
        /// The connection was refused, unreachable, timed out or ended in the TLS handshake, before the request was sent.
        case notConnected
        /// TLS: the certificate is not trusted, or not the host's.
        case untrusted
        /// No progress within the idle timeout, or the total time ran out.
        case timedOut
        /// The peer closed or reset the connection, or the body ended before its Content-Length.
        case interrupted
        /// The answer was not HTTP, or its head or a buffered body was larger than its limit.
        case malformed
        /// The caller was cancelled, or the transport is shut down.
        case cancelled
        /// The URL or an option was not accepted: our mistake or the user's, never worth a retry.
        case invalidRequest
    }

    public let kind: Kind
    /// host:port, never a path or a query (presigned URLs carry secrets there).
    public let host: String
    public let message: String
    /// False only when not one byte of the request can have reached the peer.
    public let mayHaveBeenSent: Bool

    public init(_ kind: Kind, host: String, message: String, mayHaveBeenSent: Bool) {
        self.kind = kind
        self.host = host
        self.message = message
        self.mayHaveBeenSent = mayHaveBeenSent
    }

    public var description: String { "\(host): \(message)" }
}
