import GRDB
import Lambda
import Synchronization
import Transport

/// Writes a run's invocations to the ledger beside its work, in batches. Thread-safe.
///
/// ``record(_:)`` never waits. Memory is bounded by who awaits ``room()`` before each invocation. After a crash of the
/// process the lines of about the last second are missing, and with them nothing but a part of the bill.
public final class LedgerWriter: Sendable {
    private struct State {
        var entries: [LedgerEntry] = []
        var usage: [InvocationUsage.Line] = []
        /// When the oldest of `entries` ended.
        var oldestMicroseconds: Int64 = 0
        var batchesOnTheirWay = 0
        var lost = 0
        var failure: (any Error)?
        var waiters: [CheckedContinuation<Void, Never>] = []
        var flushers: [CheckedContinuation<Void, Never>] = []
    }

    public let run: String
    private let database: StateDatabase
    private let prices: [String: String]
    private let state = Locked(State())
    private let isFull = Atomic(false)

    /// Entries of one transaction; each takes some 500 bytes until then.
    static let batchEntries = 4096
    /// Batches that may wait for the disk before invocations wait too.
    static let batchesWaiting = 3
    /// How old an entry gets before its batch is written, full or not.
    static let batchMicroseconds: Int64 = 1_000_000
    /// Another process may hold the file for long: each attempt waits `StateDatabase.busyTimeout`.
    static let attempts = 3

    /// - Parameter prices: as in ``Ledger/append(_:prices:in:)``.
    public init(run: String, database: StateDatabase, prices: [String: String] = [:]) {
        self.run = run
        self.database = database
        self.prices = prices
    }

    /// - Throws: when the ledger cannot be written: then nothing has been begun.
    public func begin(command: String, label: String) async throws {
        let run = run
        try await database.write { database in
            try Ledger.beginRun(
                run, command: command, label: label, startMicroseconds: Self.now(), in: database)
        }
    }

    /// Returns at once when there is room for one more entry; else when a batch is on disk. Not cancelled with its
    /// task: it ends with the disk's answer, after `attempts` times the busy timeout at the latest.
    public func room() async {
        guard isFull.load(ordering: .relaxed) else { return }
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                if state.batchesOnTheirWay < Self.batchesWaiting { return true }
                state.waiters.append(continuation)
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    public func record(_ entry: LedgerEntry) {
        let end = entry.startMicroseconds + entry.durationNanoseconds / 1000
        let batch: [LedgerEntry]? = state.withLock { state in
            if state.entries.isEmpty {
                state.oldestMicroseconds = end
                state.entries.reserveCapacity(Self.batchEntries)
            }
            state.entries.append(entry)
            guard
                state.entries.count >= Self.batchEntries
                    || end - state.oldestMicroseconds > Self.batchMicroseconds
            else { return nil }
            return take(&state)
        }
        if let batch { hand(over: batch, attempt: 1) }
    }

    /// Requests beside the invocations; written with ``finish()``.
    public func record(usage: [InvocationUsage.Line]) {
        state.withLock { state in
            for line in usage { state.usage.account(line) }
        }
    }

    /// Writes what is left and the run's end.
    ///
    /// - Returns: how many entries could not be written, and why.
    public func finish() async -> (lost: Int, failure: (any Error)?) {
        let (batch, usage) = state.withLock { state in
            let usage = state.usage
            state.usage = []
            return (state.entries.isEmpty ? nil : take(&state), usage)
        }
        if let batch { hand(over: batch, attempt: 1) }
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if state.batchesOnTheirWay == 0 { return true }
                state.flushers.append(continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
        let (run, prices) = (run, prices)
        do {
            try await database.write { database in
                let now = Self.now()
                try Ledger.append(
                    usage: usage, run: run, atMicroseconds: now, prices: prices, in: database)
                try Ledger.endRun(run, endMicroseconds: now, in: database)
            }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
        }
        return state.withLock { ($0.lost, $0.failure) }
    }

    /// Unix microseconds.
    public static func now() -> Int64 { UnixTime.microseconds() }

    private func take(_ state: inout State) -> [LedgerEntry] {
        let batch = state.entries
        state.entries = []
        state.batchesOnTheirWay += 1
        if state.batchesOnTheirWay >= Self.batchesWaiting {
            isFull.store(true, ordering: .relaxed)
        }
        return batch
    }

    private func hand(over batch: [LedgerEntry], attempt: Int) {
        let prices = prices
        database.write { database in
            try Ledger.append(batch, prices: prices, in: database)
        } finish: { [self] error in
            if error != nil, attempt < Self.attempts {
                return hand(over: batch, attempt: attempt + 1)
            }
            done(batch.count, error)
        }
    }

    private func done(_ count: Int, _ error: (any Error)?) {
        let resumed = state.withLock { state in
            state.batchesOnTheirWay -= 1
            if let error {
                state.lost += count
                state.failure = state.failure ?? error
            }
            var resumed = state.waiters
            state.waiters = []
            if state.batchesOnTheirWay < Self.batchesWaiting {
                isFull.store(false, ordering: .relaxed)
            }
            if state.batchesOnTheirWay == 0 {
                resumed += state.flushers
                state.flushers = []
            }
            return resumed
        }
        for continuation in resumed { continuation.resume() }
    }
}
