/// What joins the two exchanges of a relay: the ring, who ended how, and the one answer to the caller.
/// Confined to one engine thread.
///
/// Each side waits by itself, for room or for bytes, and is woken by the other through the loop. A side that waits is
/// not idle, so that a stall is always the other's.
final class RelayPipe {
    static let ringBytes = (32 << 10)...(64 << 20)
    /// Of an answer that is not 2xx; the rest is not read.
    static let refusalLimitBytes = 64 << 10
    static let answerLimitBytes = 1 << 20

    let relay: HTTPRelay
    var ring: ByteRing
    private let id: UInt64
    private unowned let loop: EngineLoop
    private var waiter: CheckedContinuation<Result<HTTPRelayResult, HTTPRelayFailure>, Never>?
    private(set) var source: RelaySource?
    private(set) var destination: RelayDestination?
    /// Every byte of the source is in the ring or beyond.
    var isSourceComplete = false

    init(
        _ relay: HTTPRelay, id: UInt64, loop: EngineLoop,
        waiter: CheckedContinuation<Result<HTTPRelayResult, HTTPRelayFailure>, Never>
    ) {
        self.relay = relay
        self.id = id
        self.loop = loop
        self.waiter = waiter
        let bytes = min(max(relay.ringBytes, Self.ringBytes.lowerBound), Self.ringBytes.upperBound)
        ring = ByteRing(capacity: bytes)
    }

    func attach(_ source: RelaySource) { self.source = source }

    /// The source's head is in and 2xx. Only from `attend`ed work.
    func startDestination(_ head: HTTPResponseHead, length: Int64) {
        let request: HTTPRequest
        do {
            request = try relay.destination(head)
        } catch {
            return settle(.failure(.stopped(error)))
        }
        do {
            try request.validate()
        } catch {
            return settle(.failure(.destinationFailed(error)))
        }
        let destination = RelayDestination(
            id: id | EngineLoop.destinationBit, request: request, loop: loop, pipe: self,
            length: length)
        self.destination = destination
        loop.add(destination, isGated: false)
    }

    func sourceDidFinish(_ error: TransportError?) {
        guard let source else { return }
        if let error { return settle(.failure(.sourceFailed(error))) }
        guard let head = source.head else { return }
        guard head.isSuccess else {
            let answer = HTTPResponse(head: head, body: source.refusal)
            return settle(.failure(.sourceAnswered(answer)))
        }
        guard let length = source.length else { return }
        guard source.receivedBytes == length else {
            let error = source.error(
                .interrupted, "the body ended after \(source.receivedBytes) of \(length) bytes")
            return settle(.failure(.sourceFailed(error)))
        }
        isSourceComplete = true
        if let destination {
            loop.attend(destination)
        } else {
            // The whole answer came in one piece, before the loop could look at its head.
            startDestination(head, length: length)
        }
    }

    func destinationDidFinish(_ error: TransportError?) {
        guard let source, let destination else { return }
        if let error { return settle(.failure(.destinationFailed(error))) }
        guard let sourceHead = source.head, let head = destination.head else { return }
        let answer = HTTPResponse(head: head, body: destination.body)
        settle(
            .success(
                HTTPRelayResult(
                    source: sourceHead, destination: answer, bytes: source.receivedBytes)))
    }

    /// The destination has answered and wants no more.
    func stopSource() {
        guard let source, !source.isFinished else { return }
        source.isStopped = true
        loop.attend(source)
    }

    /// Answers the caller once, after both sides have let go of their connections: a destination that is closed here
    /// never sees a complete body.
    private func settle(_ result: Result<HTTPRelayResult, HTTPRelayFailure>) {
        guard let waiter else { return }
        self.waiter = nil
        for exchange in [source, destination] as [Exchange?] {
            guard let exchange, !exchange.isFinished else { continue }
            exchange.fail(.cancelled, "the other side of the relay ended")
            loop.complete(exchange)
        }
        waiter.resume(returning: result)
        source = nil
        destination = nil
    }
}
