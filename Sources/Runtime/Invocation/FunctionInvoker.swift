import Lambda
import Logging
import Transport

/// Takes every invocation, from whatever triggers it: runs it at once, or accepts it into the queue.
final class FunctionInvoker: InvocationService {
    private let directory: any FunctionDirectory
    private let runner: InvocationRunner
    private let queue: EventQueue
    /// Takes the line of every synchronous invocation.
    private let record: @Sendable (LedgerEntry) -> Void
    private let identifiers = Locked(IdentifierSource())

    init(
        directory: any FunctionDirectory, runner: InvocationRunner, queue: EventQueue,
        record: @escaping @Sendable (LedgerEntry) -> Void
    ) {
        self.directory = directory
        self.runner = runner
        self.queue = queue
        self.record = record
    }

    func invoke(
        _ request: InvocationRequest
    ) async throws(LambdaServiceError) -> InvocationResponse {
        let (high, low, choice, bits) = identifiers.withLock { source in
            (
                source.next(), source.next(), Double(source.next() >> 11) / Double(1 << 53),
                (source.next(), source.next())
            )
        }
        let requestID = RequestID.make(high, low)
        let resolved = try await directory.resolve(
            request.functionName, qualifier: request.qualifier, choice: request.choice ?? choice)
        if request.type == .dryRun {
            return InvocationResponse(
                requestID: requestID, statusCode: 204, executedVersion: resolved.version.version)
        }
        let trace = TraceHeader.make(
            from: request.traceHeader, segment: high ^ low, bits: bits)
        guard
            let passed = Lineage.extended(trace, by: resolved.version.functionARN)
                ?? (resolved.stopsRecursion ? nil : trace)
        else {
            throw LambdaServiceError(
                .recursiveInvocation,
                "Lambda detected \(resolved.version.functionName) being invoked in a recursive loop with other functions. \(Lineage.maximum) times is the limit"
            )
        }
        // What is invoked with nothing is given an empty object, whenever that is.
        var request = request
        if request.payload.isEmpty { request.payload = Array("{}".utf8) }
        switch request.type {
        case .event:
            return try await accept(request, requestID, passed)
        default:
            return try await run(request, resolved, requestID, passed)
        }
    }

    private func accept(
        _ request: InvocationRequest, _ requestID: String, _ trace: String
    ) async throws(LambdaServiceError) -> InvocationResponse {
        let now = UnixTime.milliseconds()
        do {
            try await queue.accept(
                QueuedEvent(
                    requestID: requestID, functionName: request.functionName,
                    qualifier: request.qualifier, payload: request.payload,
                    clientContext: request.clientContext, traceHeader: trace,
                    parent: request.parent, acceptedAt: now, dueAt: now))
        } catch {
            throw LambdaServiceError(
                .service, "the event cannot be written to the queue; send it again", cause: error)
        }
        return InvocationResponse(requestID: requestID, statusCode: 202)
    }

    private func run(
        _ request: InvocationRequest, _ resolved: ResolvedFunction, _ requestID: String,
        _ trace: String
    ) async throws(LambdaServiceError) -> InvocationResponse {
        if request.wantsLogTail { runner.tails.begin(requestID) }
        let attempt = InvocationAttempt(
            resolved: resolved, requestID: requestID, payload: request.payload, traceHeader: trace,
            clientContext: request.clientContext, parent: request.parent, stream: request.stream)
        let answer: InvocationAnswer
        do {
            if request.wantsLogTail {
                // REPORT is part of the tail, so its caller waits for the end; what it is answered is what it would be
                // answered without the tail.
                let ended = Signal()
                let record = record
                answer = try await runner.answer(attempt) { entry in
                    record(entry)
                    ended.raise()
                }
                await ended.wait(atMost: nil)
            } else {
                answer = try await runner.answer(attempt, record: record)
            }
        } catch {
            _ = runner.tails.end(requestID)
            throw error
        }
        return InvocationResponse(
            requestID: requestID, statusCode: 200, payload: answer.payload,
            functionError: answer.status == .success ? nil : "Unhandled",
            executedVersion: resolved.version.version,
            logTail: request.wantsLogTail ? runner.tails.end(requestID) : nil)
    }
}
