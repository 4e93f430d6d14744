import Functions
import Lambda
import Replication
import Runtime
import S3

/// One `verify`: checks, audits, reports. Writes nothing.
struct VerifyRun: Sendable {
    var source: String
    var destination: String
    var mode = AuditMode.etag
    var filter = ObjectFilter()
    var concurrency = ReconcileEvent.defaultConcurrency
    var isJSON = false
    var isQuiet = false
    /// Whether both sides are named first.
    var hasTitle = true
    /// Differences are results: they go to standard output as they are found, unless JSON goes there.
    var listsDifferences = true

    /// As the ledger shall name it.
    var command = "verify"

    /// - Throws: ``CommandFailure``, or an ``ExitStatus`` when everything is said.
    func run(_ compose: Compose) async throws {
        let (report, log, sides) = try await report(compose)
        if isJSON {
            StandardStreams.output(report.json(differenceList: log?.path).text)
        } else if !isQuiet {
            StandardStreams.output(report.text)
        }
        switch report.result.ending {
        case .completed: break
        case .cancelled:
            throw CommandFailure(
                .interrupted, "interrupted after \(Quantity.duration(report.elapsed))",
                advice: "Not everything was compared.")
        case .storeFailed(let failure): throw await compose.explain(failure, sides)
        case .failed(let message): throw CommandFailure(.usage, message)
        case .overBudget(let message):
            var failure =
                report.budget?.failure(ReconcileResult()) ?? CommandFailure(.guardStopped, message)
            failure.advice = ["Not everything was compared."]
            throw failure
        }
        if report.status != .done {
            StandardStreams.error(
                "brigade: \(Quantity.count(report.result.differing, "object")) differ"
                    + (log.map { "\n  All of them: \($0.path)" } ?? ""))
            throw report.status
        }
    }

    func report(_ compose: Compose) async throws
        -> (report: VerifyReport, log: LineLog?, sides: [Preflight.Side])
    {
        let sides = try [compose.side(source), compose.side(destination)]
        let database = try RunLedger.open(compose.state)
        let run = TraceID.makeRoot()
        let budget = try await RunBudget.begin(
            compose.budgets, run: run, memoryMB: (Compose.verifyMemoryMB, 0), compose, sides,
            database)
        let preflight = try await TransferRun.check(sides, compose, isQuiet: isQuiet)
        var rule = ReplicationRule(
            name: TransferRun.ruleName, source: sides[0].place, destination: sides[1].place)
        rule.filter = filter
        let liveMeter = UsageMeter()
        let rules = RuleBook([rule], liveMeter: liveMeter)
        let log = LineLog(path: "\(compose.state.runs)/\(run).differences.jsonl")
        let names = sides.map { $0.place.client.connection.name }
        let terminal = compose.terminal
        var printed: (@Sendable (String) -> Void)?
        if listsDifferences, !isJSON {
            printed = { line in
                terminal.clear()
                StandardStreams.output(line)
            }
        }
        let progress = RunProgress(
            source: names[0], destination: names[1], phase: .auditing, liveMeter: liveMeter,
            log: log,
            eachObject: printed)
        let ledger = try await RunLedger.begin(
            run, command: command, label: TransferRun.label(sides), database: database,
            prices: compose.prices(sides))
        let invoker = compose.invoker(
            rules, run: run, ledger: ledger.writer, budget: budget, verify: progress)
        budget?.meter.record(usage: preflight.usage)
        budget?.meter.expect(latency: preflight.latency)
        invoker.meter.record(usage: preflight.usage)
        ledger.writer.record(usage: preflight.usage)
        if hasTitle, !isQuiet { terminal.line(TransferRun.title(sides)) }
        let event = VerifyEvent(rule: rule.name, mode: mode, concurrency: concurrency)
        var result: VerifyResult
        let ledgerNote: String?
        do {
            result = try await ProgressDisplay(
                terminal: terminal, progress: progress, isQuiet: isQuiet
            ).during {
                try await RunBudget.during(budget, live: { TransferRun.lines(liveMeter) }) {
                    try await invoker.invoke(
                        VerifyFunction.name, event, returning: VerifyResult.self, parent: nil)
                }
            }
            result.ending = budget?.ending(result.ending) ?? result.ending
            ledgerNote = await ledger.finish()
        } catch {
            // The first thing that went wrong is what is to be said.
            _ = await ledger.finish()
            throw error
        }
        let ledgerStatement = ledgerNote == nil ? await ledger.statement(compose.card) : nil
        log.close()
        var report = VerifyReport(
            result: result, mode: mode,
            statement: ledgerStatement
                ?? invoker.meter.statement(run: run, prices: compose.prices(sides)),
            elapsed: progress.elapsed)
        report.budget = budget?.report(report.statement)
        for note in [log.note, ledgerNote] {
            if let note { report.result.notes.append(note) }
        }
        return (report, log.count > 0 ? log : nil, sides)
    }
}
