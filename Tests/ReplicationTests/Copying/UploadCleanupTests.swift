import S3
import TestSupport
import Testing
import Transport

@testable import Replication

/// Trap 21: whatever ends a multipart copy, no upload stays behind.
@Suite struct UploadCleanupTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var name: String
        var fault: FaultProxy.Fault
        var isAtSource = false
        var isSpoilt: @Sendable (FaultProxy.Request) -> Bool
        var testDescription: String { name }
    }

    private static let denied = FaultProxy.Fault.answer(
        status: 403, body: "<Error><Code>AccessDenied</Code></Error>")

    static let rows: [Row] = [
        Row(name: "the source refuses a range", fault: denied, isAtSource: true) {
            $0.head["range"] != nil
        },
        Row(name: "the source breaks", fault: .truncateAnswer(after: 10), isAtSource: true) {
            $0.head["range"] != nil
        },
        Row(name: "a part is refused", fault: denied) { $0.isPut },
        Row(name: "a part breaks", fault: .drop) { $0.isPut },
        Row(name: "no room", fault: .answer(status: 507, body: "")) { $0.isPut },
        Row(name: "the completion is refused", fault: denied) { $0.isCompletion },
        Row(name: "the completion fails", fault: .answer(status: 500, body: "")) {
            $0.isCompletion
        },
        Row(
            name: "the completion fails in its body",
            fault: .answer(status: 200, body: "<Error><Code>InternalError</Code></Error>")
        ) { $0.isCompletion },
        Row(name: "the look before fails", fault: denied) {
            $0.method == "HEAD" && $0.ordinal > 2
        },
    ]

    @Test(arguments: rows, [[300_000, 300_000, 300_000], [1000, 1000]])
    func everyFailureAborts(_ row: Row, _ sizes: [Int]) async throws {
        let bench = try await Bench()
        var generator = SeededRandom(seed: 2)
        try await bench.source.put(parts: sizes.map { generator.bytes(count: $0) })
        let proxy = row.isAtSource ? bench.source.proxy : bench.destination.proxy
        proxy.spoil(row.fault, times: 1000, where: row.isSpoilt)
        let error = try await bench.failure()
        #expect(error.kind == .store)
        #expect(bench.destination.count("POST /key?uploads") >= 1)
        #expect(try await bench.destination.uploads.isEmpty)
        #expect(try await bench.destination.body() == nil)
    }

    @Test func cancellationAborts() async throws {
        let bench = try await Bench()
        try await bench.source.put(parts: parts(300_000, 300_000, 300_000))
        let (partArrived, arrival) = AsyncStream<Void>.makeStream()
        bench.destination.proxy.spoil(.meanwhile { arrival.finish() }, .stall, times: 1000) {
            $0.isPut
        }
        let replicator = Replicator(rule: bench.rule)
        let task = Task { () -> ReplicationError.Kind? in
            do {
                _ = try await replicator.converge("key")
                return nil
            } catch let error as ReplicationError {
                return error.kind
            }
        }
        for await _ in partArrived {}
        task.cancel()
        #expect(try await task.value == .cancelled)
        #expect(try await bench.destination.uploads.isEmpty)
    }

    /// Cancelled while the upload is being begun: its id is waited for, to abort it.
    @Test func cancellationWhileCreatingAborts() async throws {
        let bench = try await Bench()
        try await bench.source.put(parts: parts(300_000, 300_000))
        let replicator = Replicator(rule: bench.rule)
        let task = Locked<Task<Void, Never>?>(nil)
        bench.destination.proxy.spoil(.meanwhile { task.withLock { $0 }?.cancel() }) {
            $0.isCreation
        }
        let (mayBegin, gate) = AsyncStream<Void>.makeStream()
        let work = Task {
            for await _ in mayBegin {}
            _ = try? await replicator.converge("key")
        }
        task.withLock { $0 = work }
        gate.finish()
        await work.value
        #expect(bench.destination.count("POST /key?uploads") == 1)
        #expect(try await bench.destination.uploads.isEmpty)
        #expect(try await bench.destination.body() == nil)
    }

    /// A server-side copy that is refused in its parts.
    @Test func aRefusedPartCopyAborts() async throws {
        let bench = try await Bench(isOneEndpoint: true)
        try await bench.source.put(parts: parts(300_000, 300_000))
        bench.source.proxy.spoil(.answer(status: 507, body: ""), times: 1000) {
            $0.head["x-amz-copy-source"] != nil
        }
        #expect(try await bench.failure().kind == .store)
        #expect(try await bench.destination.uploads.isEmpty)
    }
}
