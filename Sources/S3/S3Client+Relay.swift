import Signing
import Transport

extension S3Client {
    /// The one way of a relay: both requests signed afresh, both sides classified, counted and put right; the pair is
    /// what is retried.
    ///
    /// - Parameters:
    ///   - template: the write, without what depends on the source's answer.
    ///   - fill: adds that. Runs on the engine's thread; what it throws ends the relay.
    func relay(
        from source: S3Client, _ read: S3Request, to template: S3Request,
        observe: (@Sendable (RelayEvent) -> Void)?,
        fill: @escaping @Sendable (HTTPResponseHead, inout S3Request) throws -> Void
    ) async throws(S3Error) -> HTTPRelayResult {
        var reading = RetryLoop(client: source, request: read)
        var writing = RetryLoop(client: self, request: template)
        while true {
            let from = try await reading.begin(payload: .empty)
            let to = try await writing.begin(payload: .unsigned)
            observe?(.restart)
            guard await enterGates(with: source) else { throw writing.cancelled() }
            let progress = RelayProgress()
            let relay = HTTPRelay(
                source: source.signed(read, from),
                observe: { block in
                    progress.add(block.count)
                    observe?(.block(block))
                },
                destination: { head in
                    var request = template
                    try fill(head, &request)
                    progress.reachedDestination()
                    return signed(request, to)
                })
            let outcome: Result<HTTPRelayResult, HTTPRelayFailure>
            do throws(HTTPRelayFailure) {
                outcome = .success(try await transport.relay(relay))
            } catch {
                outcome = .failure(error)
            }
            switch outcome {
            case .success(let result):
                let refusal = refusal(of: result.destination, to: template)
                leaveGates(
                    with: source, refusal == nil ? .answered : .failed,
                    refusal?.outcome ?? .answered)
                count(
                    read, source, template, progress,
                    answerBytes: result.destination.body.count)
                guard let refusal else { return result }
                try await writing.recover(from: refusal, to)
            case .failure(.sourceAnswered(let response)):
                let refusal = Refusal(response.head, body: response.body, hasKey: true)
                leaveGates(with: source, refusal.outcome, .failed)
                source.record(read.usage, bytesIn: response.body.count, bytesOut: 0)
                try await reading.recover(from: refusal, from)
            case .failure(.sourceFailed(let error)):
                leaveGates(with: source, .failed, .failed)
                count(read, source, template, progress, mayHaveBeenSent: error.mayHaveBeenSent)
                try await reading.recover(from: Refusal(error), from)
            case .failure(.destinationFailed(let error)):
                leaveGates(with: source, .failed, .failed)
                count(read, source, template, progress)
                try await writing.recover(from: Refusal(error), to)
            case .failure(.stopped(let error)):
                leaveGates(with: source, .failed, .failed)
                count(read, source, template, progress)
                throw Self.stopped(error, reading, writing)
            }
        }
    }

    /// Inside the gates of both sides. In one order for all, so that two relays in opposite directions cannot wait for
    /// each other; one endpoint's gate is entered once.
    private func enterGates(with source: S3Client) async -> Bool {
        let gates = orderedGates(with: source)
        guard await gates.first.enter() else { return false }
        guard let second = gates.second else { return true }
        if await second.enter() { return true }
        gates.first.leave(.failed)
        return false
    }

    private func leaveGates(
        with source: S3Client, _ read: ConcurrencyGate.Outcome, _ write: ConcurrencyGate.Outcome
    ) {
        if source.state.gate === state.gate {
            let isThrottled = read == .throttled || write == .throttled
            state.gate.leave(isThrottled ? .throttled : read == .answered ? write : read)
        } else {
            source.state.gate.leave(read)
            state.gate.leave(write)
        }
    }

    private func orderedGates(
        with source: S3Client
    ) -> (first: ConcurrencyGate, second: ConcurrencyGate?) {
        let mine = state.gate
        let theirs = source.state.gate
        if mine === theirs { return (mine, nil) }
        return ObjectIdentifier(mine) < ObjectIdentifier(theirs) ? (mine, theirs) : (theirs, mine)
    }

    private func count(
        _ read: S3Request, _ source: S3Client, _ write: S3Request, _ progress: RelayProgress,
        answerBytes: Int = 0, mayHaveBeenSent: Bool = true
    ) {
        let (bytes, isAtDestination) = progress.now
        if mayHaveBeenSent { source.record(read.usage, bytesIn: bytes, bytesOut: 0) }
        if isAtDestination { record(write.usage, bytesIn: answerBytes, bytesOut: bytes) }
    }

    private static func stopped(
        _ error: any Error, _ reading: RetryLoop, _ writing: RetryLoop
    ) -> S3Error {
        if var error = error as? S3Error {
            error.attempts = writing.attempts
            error.elapsed = writing.elapsed
            return error
        }
        if error is CancellationError { return writing.cancelled() }
        return writing.failure(
            Refusal(kind: .invalidRequest, message: String(describing: error)))
    }
}

/// How far one attempt of a relay got: written on the engine's thread, read after.
final class RelayProgress: Sendable {
    private let state = Locked((bytes: 0, isAtDestination: false))

    func add(_ count: Int) { state.withLock { $0.bytes += count } }
    func reachedDestination() { state.withLock { $0.isAtDestination = true } }
    var now: (bytes: Int, isAtDestination: Bool) { state.withLock { $0 } }
}
