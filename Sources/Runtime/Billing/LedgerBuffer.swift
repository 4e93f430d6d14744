import Logging
import Transport

/// Lines of invocations that somebody waited for, on their way to the ledger: written together, at the latest after
/// `delay`. A kill of the process loses the lines of that time; those of queued events are never among them.
package final class LedgerBuffer: Sendable {
    private struct State {
        var entries: [LedgerEntry] = []
        var isScheduled = false
    }

    static let batch = 256
    static let delay = Duration.milliseconds(50)

    private let database: StateDatabase
    private let logger: Logger
    private let state = Locked(State())

    package init(database: StateDatabase, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    package func record(_ entry: LedgerEntry) {
        let (isFull, schedules) = state.withLock { state in
            state.entries.append(entry)
            let schedules = !state.isScheduled
            state.isScheduled = true
            return (state.entries.count >= Self.batch, schedules)
        }
        if isFull { write() }
        guard schedules else { return }
        // As long as the delay: it serves all lines until then and belongs to none.
        Task.detached {
            // Nothing cancels it.
            try? await Task.sleep(for: Self.delay)
            self.state.withLock { $0.isScheduled = false }
            self.write()
        }
    }

    /// Hands over what there is; the state file keeps the order.
    func write() {
        let entries = state.withLock { state in
            defer { state.entries = [] }
            return state.entries
        }
        guard !entries.isEmpty else { return }
        let logger = logger
        database.write {
            try Ledger.append(entries, in: $0)
        } finish: { error in
            guard let error else { return }
            logger.error(
                "lines of invocations cannot be written to the ledger",
                metadata: ["lines": "\(entries.count)", "error": "\(error)"])
        }
    }

    /// Returns when everything is on disk.
    package func flush() async {
        write()
        // An empty write comes after all that were asked for before it.
        _ = try? await database.write { _ in }
    }
}
