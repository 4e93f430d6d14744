import GRDB
import TestSupport
import Testing
import Transport

@testable import Runtime

@Suite struct EventQueueTests {
    private func send(_ stage: Stage, _ name: String, _ text: String = "{}") async throws -> String
    {
        let answer = try await stage.invoker.invoke(
            InvocationRequest(functionName: name, type: .event, payload: Array(text.utf8)))
        #expect(answer.statusCode == 202)
        return answer.requestID
    }

    private func count(_ stage: Stage, _ table: String) async throws -> Int {
        try await stage.database.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? -1
        }
    }

    /// Runs the queue until `ready` has been raised.
    private func drain(_ stage: Stage, until ready: Signal) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await stage.queue.drain() }
            await ready.wait(atMost: nil)
            stage.queue.stop()
        }
    }

    @Test func everyAcceptedEventRunsOnceAndLeavesALine() async throws {
        let stage = try Stage()
        let ready = Signal()
        let seen = Locked<Set<String>>([])
        stage.add("f") { event in
            let count = seen.withLock { seen in
                seen.insert(event.requestID)
                return seen.count
            }
            if count == 300 { ready.raise() }
            return Stage.success()
        }
        let sent = try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<300 { group.addTask { try await self.send(stage, "f") } }
            return try await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        await drain(stage, until: ready)
        #expect(seen.withLock { $0 } == sent)
        #expect(stage.entries.withLock { Set($0.map(\.requestID)) } == sent)
        #expect(try await count(stage, "events") == 0)
    }

    /// As a synchronous invocation without a payload is.
    @Test func anEmptyEventIsAnEmptyObject() async throws {
        let stage = try Stage()
        let ready = Signal()
        let seen = Locked("")
        stage.add("f") { event in
            seen.withLock { $0 = String(decoding: event.payload, as: UTF8.self) }
            ready.raise()
            return Stage.success()
        }
        _ = try await send(stage, "f", "")
        await drain(stage, until: ready)
        #expect(seen.withLock { $0 } == "{}")
    }

    @Test func aFailureIsTriedTwiceMoreUnderItsIDThenTold() async throws {
        let stage = try Stage(times: DeliveryTimes(retryDelays: [1, 2]))
        let ready = Signal()
        let ids = Locked<[String]>([])
        stage.add(
            "f",
            asynchronous: AsynchronousSettings(
                onFailure: Stage.arn("told"), deadLetterTarget: "http://127.0.0.1:1/dead")
        ) { event in
            ids.withLock { $0.append(event.requestID) }
            return Stage.failure
        }
        let record = Locked("")
        stage.add("told") { event in
            record.withLock { $0 = String(decoding: event.payload, as: UTF8.self) }
            ready.raise()
            return Stage.success()
        }
        let id = try await send(stage, "f", #"{"k": 1.0}"#)
        await drain(stage, until: ready)
        #expect(ids.withLock { $0 } == [id, id, id])
        let text = record.withLock { $0 }
        #expect(
            text.hasSuffix(
                #""requestContext":{"requestId":"\#(id)","functionArn":"\#(Stage.arn("f")):$LATEST","#
                    + #""condition":"RetriesExhausted","approximateInvokeCount":3},"requestPayload":{"k": 1.0},"#
                    + #""responseContext":{"statusCode":200,"executedVersion":"$LATEST","functionError":"Unhandled"},"#
                    + #""responsePayload":{"errorMessage":"no","errorType":"No"}}"#), "\(text)")
        let dead = try await stage.database.read {
            try Delivery.due($0, at: .max, limit: 10, except: [], full: [])
        }
        #expect(dead.map(\.target) == ["http://127.0.0.1:1/dead"])
        #expect(
            dead.first?.attributes == [
                "RequestID": id, "ErrorCode": "200", "ErrorMessage": "no",
            ])
        #expect(dead.first.map { String(decoding: $0.body, as: UTF8.self) } == #"{"k": 1.0}"#)
        #expect(stage.entries.withLock { $0.last?.parent } == id)
    }

    @Test func zeroReservedConcurrencyGoesStraightToTheFailureDestination() async throws {
        let stage = try Stage()
        let ready = Signal()
        stage.add(
            "off", reserved: 0,
            asynchronous: AsynchronousSettings(onFailure: Stage.arn("told"))
        ) { _ in Stage.success() }
        let record = Locked("")
        stage.add("told") { event in
            record.withLock { $0 = String(decoding: event.payload, as: UTF8.self) }
            ready.raise()
            return Stage.success()
        }
        _ = try await send(stage, "off")
        await drain(stage, until: ready)
        let text = record.withLock { $0 }
        #expect(text.contains(#""condition":"ZeroReservedConcurrency","approximateInvokeCount":0"#))
        #expect(!text.contains("responseContext"))
    }

    @Test func whatWasClaimedAtTheEndRunsAtTheNextStart() async throws {
        let stage = try Stage()
        let inside = Signal()
        let never = Signal()
        let runs = Locked(0)
        stage.add("f") { event in
            if runs.withLock({
                $0 += 1
                return $0
            }) == 1 {
                inside.raise()
                await never.wait(atMost: nil)
                return InvocationAnswer(status: .failure, payload: [], duration: .zero)
            }
            inside.raise()
            return Stage.success()
        }
        _ = try await send(stage, "f")
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await stage.queue.drain() }
            await inside.wait(atMost: nil)
            stage.queue.stop()
            stage.queue.cutOff()
            never.raise()
        }
        #expect(try await count(stage, "events") == 1)
        // Its REPORT has been written, so it is on the bill.
        #expect(stage.entries.withLock { $0.map(\.status) } == [.failure])
        // Another queue, as after a start.
        let next = try Stage(folder: stage.folder)
        let ready = Signal()
        next.add("f") { _ in
            ready.raise()
            return Stage.success()
        }
        await drain(next, until: ready)
        #expect(next.entries.withLock { $0.map(\.attempt) } == [1])
        #expect(try await count(stage, "events") == 0)
    }

    @Test(arguments: [
        (EventFate.Attempt.failed, 0, 0, 100, "again 60100"),
        (.failed, 1, 0, 100, "again 120100"),
        (.failed, 2, 0, 100, "RetriesExhausted"),
        (.failed, 0, 0, 21_590_000, "EventAgeExceeded"),
        (.refused, 2, 0, 100, "again 1100"),
        (.refused, 2, 3, 100, "again 8100"),
        (.refused, 2, 30, 100, "again 300100"),
        (.refused, 2, 30, 21_590_000, "EventAgeExceeded"),
        (.succeeded, 2, 3, 100, "done"),
    ])
    func whatFollowsAnAttempt(
        _ attempt: EventFate.Attempt, _ attempts: Int, _ throttles: Int, _ now: Int64,
        _ expected: String
    ) {
        var event = QueuedEvent(
            requestID: "r", functionName: "f", payload: [], traceHeader: "", acceptedAt: 0,
            dueAt: 0)
        event.attempts = attempts
        event.throttles = throttles
        let fate = EventFate.after(
            attempt, of: event, AsynchronousSettings(), DeliveryTimes(), now: now)
        let text =
            switch fate {
            case .done: "done"
            case .again(let event): "again \(event.dueAt)"
            case .failed(let condition): condition
            }
        #expect(text == expected)
    }
}
