import Synchronization

/// HTTP/1.1 over connections that libcurl opens. Safe from any task; closures run on its engine threads.
///
/// Owned by whoever makes it; one for a process is enough. Redirects are not followed, bodies are not decompressed.
public final class HTTPTransport: Sendable {
    private let engines: [Engine]

    /// Starts the engine threads.
    public convenience init(_ configuration: TransportConfiguration = .init()) {
        self.init(EngineOptions(configuration), engines: configuration.engines)
    }

    init(_ options: EngineOptions, engines count: Int) {
        engines = (0..<min(max(count, 1), 8)).map { _ in Engine(options) }
    }

    /// The thread of the first engine, for tasks that do little but wait for this transport:
    /// `withTaskExecutorPreference`. They go on where their answers arrive, which saves two switches of threads for
    /// each. They share the thread with the transfers, and so must not block and not calculate for long.
    public var executor: any TaskExecutor { engines[0].executor }

    /// Sends a request with a buffered body and buffers the answer, whatever its status.
    ///
    /// When a reused connection turns out to be closed, what never left is sent again; and GET and HEAD in any case,
    /// because they change nothing.
    public func send(
        _ request: HTTPRequest, answerLimitBytes: Int = 16 << 20
    ) async throws(TransportError) -> HTTPResponse {
        try request.validate()
        let engine = leastLoaded()
        let id = engine.makeID()
        defer { engine.release() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                Self.start(
                    .send(request, answerLimitBytes: answerLimitBytes, waiter), id, on: engine)
            }
        } onCancel: {
            _ = engine.mailbox.post(.cancel(id))
        }
        return try result.get()
    }

    /// Streams the answer's body with back-pressure. Leaving `consume` early ends the transfer.
    ///
    /// Memory: at most 256 KiB wait for the consumer.
    public func download<R: Sendable>(
        _ request: HTTPRequest, consume: (HTTPResponseHead, HTTPBodyReader) async throws -> R
    ) async throws -> R {
        try request.validate()
        let engine = leastLoaded()
        let reader = HTTPBodyReader(
            id: engine.makeID(), host: request.host, mailbox: engine.mailbox)
        defer {
            if !reader.isEnded { _ = engine.mailbox.post(.cancel(reader.id)) }
            engine.release()
        }
        Self.start(.download(request, reader), reader.id, on: engine)
        let head = try await reader.head()
        return try await consume(head, reader)
    }

    /// Streams a request's body of exactly `contentLength` bytes. An early final answer makes `write` throw
    /// `HTTPBodyWriter.ClosedEarly`; the answer is then returned.
    ///
    /// Memory: at most 256 KiB and one block wait for the network, beside 128 KiB on their way out.
    public func upload(
        _ request: HTTPRequest, contentLength: Int64,
        produce: (HTTPBodyWriter) async throws -> Void
    ) async throws -> HTTPResponse {
        try request.validate()
        guard contentLength >= 0 else { throw request.invalid("the body's length is negative") }
        let engine = leastLoaded()
        let writer = HTTPBodyWriter(
            id: engine.makeID(), contentLength: contentLength, host: request.host,
            mailbox: engine.mailbox)
        defer {
            if !writer.isOver { _ = engine.mailbox.post(.cancel(writer.id)) }
            engine.release()
        }
        Self.start(.upload(request, writer), writer.id, on: engine)
        do {
            try await produce(writer)
        } catch is HTTPBodyWriter.ClosedEarly {
            // The answer says why.
        }
        return try await writer.response()
    }

    /// Relays one answer's body into one request. See ``HTTPRelay``.
    public func relay(_ relay: HTTPRelay) async throws(HTTPRelayFailure) -> HTTPRelayResult {
        do {
            try relay.source.validate()
        } catch {
            throw .sourceFailed(error)
        }
        let engine = leastLoaded()
        let id = engine.makeID()
        defer { engine.release() }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { waiter in
                Self.start(.relay(relay, waiter), id, on: engine)
            }
        } onCancel: {
            _ = engine.mailbox.post(.cancel(id))
        }
        return try result.get()
    }

    /// Ends every transfer with `.cancelled` and joins the threads. Also done by deinit.
    public func shutdown() async {
        for engine in engines { await engine.stop() }
    }

    /// The first of those with the least to do: one request at a time stays on one engine and its connection.
    private func leastLoaded() -> Engine {
        var best = engines[0]
        var bestLoad = best.load
        for engine in engines.dropFirst() where bestLoad > 0 {
            let load = engine.load
            if load < bestLoad { (best, bestLoad) = (engine, load) }
        }
        return best
    }

    private static func start(_ work: Work, _ id: UInt64, on engine: Engine) {
        if Task.isCancelled {
            work.refuse("cancelled")
        } else if !engine.mailbox.post(.start(id, work)) {
            work.refuse("the transport was shut down")
        } else if Task.isCancelled {
            // A cancellation between the two has found nothing to cancel.
            _ = engine.mailbox.post(.cancel(id))
        }
    }
}

extension Work {
    /// Answers the caller of what does not start.
    fileprivate func refuse(_ why: String) {
        switch self {
        case .send(let request, _, let waiter):
            waiter.resume(returning: .failure(Self.refusal(of: request, why)))
        case .download(let request, let reader): reader.end(Self.refusal(of: request, why))
        case .upload(let request, let writer): writer.end(.failure(Self.refusal(of: request, why)))
        case .relay(let relay, let waiter):
            waiter.resume(returning: .failure(.sourceFailed(Self.refusal(of: relay.source, why))))
        }
    }

    private static func refusal(of request: HTTPRequest, _ why: String) -> TransportError {
        TransportError(.cancelled, host: request.host, message: why, mayHaveBeenSent: false)
    }
}
