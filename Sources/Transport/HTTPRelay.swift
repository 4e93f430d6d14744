/// One GET whose body flows into one PUT on the same engine thread through one bounded ring.
///
/// Memory: the ring, into which the source is read and from which the destination is sent.
public struct HTTPRelay: Sendable {
    public var source: HTTPRequest
    /// Called once on the engine thread when the source has answered 2xx: makes (and signs) the destination's
    /// request, whose body will be the source's body with the source's Content-Length. Must not block.
    /// Throwing stops both.
    public var destination: @Sendable (HTTPResponseHead) throws -> HTTPRequest
    /// Called on the engine thread with each block, in order: digests. Must not block or escape the buffer.
    public var observe: (@Sendable (UnsafeRawBufferPointer) -> Void)?
    /// Bytes between source and destination: 32 KiB...64 MiB, others are cut to that.
    public var ringBytes: Int

    public init(
        source: HTTPRequest, ringBytes: Int = 256 << 10,
        observe: (@Sendable (UnsafeRawBufferPointer) -> Void)? = nil,
        destination: @escaping @Sendable (HTTPResponseHead) throws -> HTTPRequest
    ) {
        self.source = source
        self.ringBytes = ringBytes
        self.observe = observe
        self.destination = destination
    }
}

/// What both sides of a relay answered.
public struct HTTPRelayResult: Sendable {
    public var source: HTTPResponseHead
    /// The destination's final answer. It may have come before the whole body was sent (a refusal):
    /// then the source was stopped.
    public var destination: HTTPResponse
    /// Body bytes that came from the source.
    public var bytes: Int64

    public init(source: HTTPResponseHead, destination: HTTPResponse, bytes: Int64) {
        self.source = source
        self.destination = destination
        self.bytes = bytes
    }
}

/// Which side of a relay failed, and how. A cancelled relay fails on the side that was running.
public enum HTTPRelayFailure: Error, Sendable {
    /// The source answered other than 2xx; its body holds at most 64 KiB.
    case sourceAnswered(HTTPResponse)
    case sourceFailed(TransportError)
    case destinationFailed(TransportError)
    /// The `destination` closure threw this.
    case stopped(any Error)
}
