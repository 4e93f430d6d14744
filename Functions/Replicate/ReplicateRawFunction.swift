import Lambda
import Replication

/// The function as the wire sees it: takes its own event, and whatever stores, queues and buses send about objects.
///
/// What it answers is what its caller understands: its own event one outcome, a notification an outcome for each rule and
/// record, SQS the messages to deliver again, S3 Batch Operations a result for each task.
public struct ReplicateRawFunction: RawLambdaHandler {
    private let rules: RuleBook
    private let replicate: ReplicateFunction

    public init(_ rules: RuleBook) {
        self.rules = rules
        replicate = ReplicateFunction(rules)
    }

    /// - Throws: `FunctionError` of kind `.invalidEvent` for what is no event, and, when all that could be read has been done,
    ///   for a notification of which a part could not: it belongs where failed events are kept. Otherwise what
    ///   ``ReplicateFunction`` throws.
    public func handle(_ event: [UInt8], context: LambdaContext) async throws -> [UInt8] {
        do {
            return try await answer(event, context: context)
        } catch let error as ReplicationError {
            throw ReplicateFailure.telling(error, function: context.functionName)
        }
    }

    private func answer(_ event: [UInt8], context: LambdaContext) async throws -> [UInt8] {
        switch S3EventReader.read(event) {
        case .records(let notification) where !notification.messageIDs.isEmpty:
            return try LambdaJSON.encode(await deal(with: notification, context: context))
        case .records(let notification):
            let records = S3Event(records: notification.records.map(\.record))
            let outcomes = try await ReplicateS3Function(rules).handle(records, context: context)
            if let part = notification.unknown.first {
                throw unreadable(part.reason, count: notification.unknown.count, context)
            }
            return try LambdaJSON.encode(outcomes)
        case .greeting:
            return try LambdaJSON.encode([Outcome]())
        case .batch(let batch):
            return try LambdaJSON.encode(await answer(batch, context: context))
        case .unknown(let reason):
            let own: ReplicateEvent
            do {
                own = try LambdaJSON.decode(
                    ReplicateEvent.self, from: event, function: context.functionName)
            } catch let error as FunctionError {
                var error = error
                error.message += "; nor is it a notification: \(reason)"
                throw error
            }
            return try LambdaJSON.encode(await replicate.handle(own, context: context))
        }
    }

    /// Each message succeeds or fails by itself. One that cannot be read fails: its queue keeps it, and in the end puts it aside.
    private func deal(
        with notification: S3Notification, context: LambdaContext
    ) async throws -> SQSBatchResponse {
        var failed = Set(notification.unknown.compactMap(\.messageID))
        // Keys are converged as they are now: one that several messages name is done once.
        var results: [RuleKey: (any Error)?] = [:]
        for notified in notification.records {
            for event in rules.events(for: notified.record) {
                let key = RuleKey(event)
                if results[key] == nil {
                    results[key] = .some(try await converge(event, context: context))
                }
                guard let error = results[key] ?? nil else { continue }
                // In no message: only the failure of all of them brings it back.
                guard let id = notified.messageID else { throw error }
                failed.insert(id)
            }
        }
        if let part = notification.unknown.first(where: { $0.messageID == nil }) {
            throw unreadable(part.reason, count: 1, context)
        }
        var named: Set<String> = []
        return SQSBatchResponse(
            failed: notification.messageIDs.filter {
                failed.contains($0) && named.insert($0).inserted
            })
    }

    private struct RuleKey: Hashable {
        var rule: String
        var key: [UInt8]

        init(_ event: ReplicateEvent) {
            rule = event.rule
            key = event.key.bytes
        }
    }

    private func answer(
        _ batch: S3BatchEvent, context: LambdaContext
    ) async throws -> S3BatchResponse {
        var results: [S3BatchResponse.Result] = []
        for task in batch.tasks {
            let (code, text) = try await result(of: task, context: context)
            results.append(.init(taskId: task.taskId, resultCode: code, resultString: text))
        }
        return S3BatchResponse(to: batch, results: results)
    }

    /// The worst of what became of the key under each rule.
    private func result(
        of task: S3BatchEvent.Task, context: LambdaContext
    ) async throws -> (S3BatchResponse.ResultCode, String) {
        guard let bucket = task.bucketName, let key = task.keyBytes, !key.isEmpty else {
            return (.permanentFailure, "the task names no bucket, or no key")
        }
        let events = rules.events(bucket: bucket, key: key)
        guard !events.isEmpty else {
            return (.permanentFailure, "no rule has this key in its source")
        }
        var passing: String?
        for event in events {
            guard let error = try await converge(event, context: context) else { continue }
            if ReplicateFailure.isLasting(error) {
                return (.permanentFailure, "\(event.rule): \(error)")
            }
            passing = "\(event.rule): \(error)"
        }
        return passing.map { (.temporaryFailure, $0) } ?? (.succeeded, "")
    }

    /// What went wrong. - Throws: when the invocation is over, because then everything would go wrong.
    private func converge(_ event: ReplicateEvent, context: LambdaContext) async throws -> (
        any Error
    )? {
        do {
            _ = try await replicate.handle(event, context: context)
            return nil
        } catch {
            if Task.isCancelled { throw error }
            context.logger.warning(
                "a key was not replicated",
                metadata: ["rule": "\(event.rule)", "error": "\(error)"])
            return error
        }
    }

    private func unreadable(_ reason: String, count: Int, _ context: LambdaContext) -> FunctionError
    {
        FunctionError(
            kind: .invalidEvent, function: context.functionName,
            errorType: "Runtime.UnmarshalError",
            message:
                "\(count) of the event's parts could not be read, and the rest is done: \(reason)")
    }
}
