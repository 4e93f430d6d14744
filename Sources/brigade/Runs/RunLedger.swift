import Runtime
import Transport

/// One run's place in the ledger of the state folder.
struct RunLedger: Sendable {
    let database: StateDatabase
    let writer: LedgerWriter
    let path: String

    /// Opens the state file, before any work.
    ///
    /// - Throws: ``CommandFailure`` with the status `usage`.
    static func open(_ state: StateFolder) throws(CommandFailure) -> StateDatabase {
        try state.make()
        do {
            return try StateDatabase(path: state.database)
        } catch {
            throw failure(error, state.database)
        }
    }

    /// - Throws: ``CommandFailure`` with the status `usage`.
    static func begin(
        _ run: String, command: String, label: String, database: StateDatabase,
        prices: [String: StorePrices]
    ) async throws(CommandFailure) -> RunLedger {
        let writer = LedgerWriter(
            run: run, database: database, prices: prices.mapValues(\.rawValue))
        do {
            try await writer.begin(command: command, label: label)
        } catch {
            throw failure(error, database.path)
        }
        return RunLedger(database: database, writer: writer, path: database.path)
    }

    /// Returns what is to be said when some of it could not be written.
    func finish() async -> String? {
        let (lost, failure) = await writer.finish()
        guard let failure else { return nil }
        return "\(Quantity.count(lost, "invocation")) could not be written to the ledger"
            + " \(path): \(failure). The objects themselves are not concerned."
    }

    /// The run's bill as the ledger knows it, so that it says what `brigade bill` will say; nil when it cannot be read.
    func statement(_ card: RateCard) async -> Statement? {
        // What the meter has added up is as good a bill, but for the month's earlier use.
        let found = try? await BillSelection(run: writer.run, days: nil).bills(
            [card], on: database, prices: { _ in .free })
        return found?.bills.first?.statement(writer.run)
    }

    static func failure(_ error: any Error, _ path: String) -> CommandFailure {
        let wayOut =
            "Name another state folder with --state or BRIGADE_STATE, or move the file away: it"
            + " holds the record of past runs, not objects."
        guard let error = error as? StateError else {
            return CommandFailure(
                .usage, "cannot use the state file \(path): \(error)", advice: wayOut)
        }
        if error.kind == .newer {
            return CommandFailure(
                .usage, error.message,
                advice: "Use that release, or name another state folder with --state.")
        }
        return CommandFailure(.usage, error.message, advice: wayOut)
    }
}
