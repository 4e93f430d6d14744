import Functions
import Lambda
import Replication
import Runtime
import S3
import Transport

/// One `copy` or `sync`: checks, reconciles, reports.
struct TransferRun: Sendable {
    var source: String
    var destination: String
    var deletes = ReplicationRule.Deletes.keep
    var maxDelete = ReconcileEvent.defaultMaxDelete
    var isDryRun = false
    var isFull = false
    var filter = ObjectFilter()
    var partSizeBytes: Int64?
    var concurrency = ReconcileEvent.defaultConcurrency
    var isJSON = false
    var isQuiet = false
    /// Whether both sides are named first.
    var hasTitle = true
    var isVerbose = false
    /// What the run may cost; nil: as brigade.yaml says.
    var budget: Money?

    /// As the ledger shall name it.
    var command = "copy"

    static let ruleName = "on-demand"

    /// - Throws: ``CommandFailure``, or an ``ExitStatus`` when everything is said.
    func run(_ compose: Compose) async throws {
        let report = try await report(compose)
        try await Self.present(report.transfer, report.log, report.sides, compose, self)
    }

    /// Without printing the result: progress alone is shown.
    func report(_ compose: Compose) async throws
        -> (transfer: TransferReport, log: LineLog?, sides: [Preflight.Side])
    {
        let sides = try [compose.side(source), compose.side(destination)]
        try Self.refuseOverlap(sides, source, destination)
        let database = try RunLedger.open(compose.state)
        let run = TraceID.makeRoot()
        var amounts = compose.budgets
        amounts.run = budget ?? amounts.run
        let budget = try await RunBudget.begin(
            amounts, run: run, isDryRun: isDryRun,
            memoryMB: (Compose.reconcileMemoryMB, Compose.replicateMemoryMB), compose, sides,
            partSizeBytes: partSizeBytes, database)
        let liveMeter = UsageMeter()
        let preflight = try await Self.check(sides, compose, isQuiet: isQuiet)
        let journal = try Self.journal(compose.state)
        let swept = isDryRun ? 0 : await journal.sweep(sides[1].place)

        let rule = rule(sides)
        let rules = RuleBook([rule], journal: journal, liveMeter: liveMeter)
        let log = LineLog(path: "\(compose.state.runs)/\(run).failures.jsonl")
        let names = sides.map { $0.place.client.connection.name }
        let terminal = compose.terminal
        var verbose: (@Sendable (String) -> Void)?
        if isVerbose { verbose = { line in terminal.line(line) } }
        let estimate = TransferEstimate(
            source: names[0], destination: names[1], concurrency: concurrency,
            latency: preflight.latency)
        let progress = RunProgress(
            source: names[0], destination: names[1], phase: isDryRun ? .planning : .copying,
            liveMeter: liveMeter, log: log, estimate: isDryRun ? estimate : nil,
            eachObject: verbose)
        let ledger = try await RunLedger.begin(
            run, command: command, label: Self.label(sides) + (isDryRun ? " (dry run)" : ""),
            database: database, prices: compose.prices(sides))
        let invoker = compose.invoker(
            rules, run: run, ledger: ledger.writer, budget: budget, reconcile: progress)
        budget?.meter.record(usage: preflight.usage)
        budget?.meter.expect(latency: preflight.latency)
        invoker.meter.record(usage: preflight.usage)
        ledger.writer.record(usage: preflight.usage)

        if hasTitle, !isQuiet { compose.terminal.line(Self.title(sides)) }
        let event = ReconcileEvent(
            rule: rule.name, maxDelete: maxDelete, dryRun: isDryRun, concurrency: concurrency)
        var result: ReconcileResult
        let ledgerNote: String?
        do {
            result = try await ProgressDisplay(
                terminal: compose.terminal, progress: progress, isQuiet: isQuiet
            ).during {
                try await RunBudget.during(budget, live: { Self.lines(liveMeter) }) {
                    try await withTaskExecutorPreference(compose.transport.executor) {
                        try await invoker.invoke(
                            ReconcileFunction.name, event, returning: ReconcileResult.self,
                            parent: nil)
                    }
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
        var report = TransferReport(
            result: result,
            statement: ledgerStatement
                ?? invoker.meter.statement(run: run, prices: compose.prices(sides)),
            elapsed: progress.elapsed, isDryRun: isDryRun, maxDelete: maxDelete)
        if swept > 0 {
            report.result.notes.append(
                "aborted \(Quantity.count(swept, "upload")) that an earlier run had left unfinished"
            )
        }
        for note in [log.note, ledgerNote] {
            if let note { report.result.notes.append(note) }
        }
        if let estimate = progress.estimated {
            report.estimate = estimate
            report.estimatedCost =
                Self.statement(
                    estimate, compose, sides, earlier: budget?.earlier ?? MonthToDate()
                ).total
        }
        report.budget = budget?.report(
            report.statement,
            planning: progress.estimated.map {
                Budget.Work(Self.statement($0, compose, sides))
            })
        return (report, log.count > 0 ? log : nil, sides)
    }

    private func rule(_ sides: [Preflight.Side]) -> ReplicationRule {
        var rule = ReplicationRule(
            name: Self.ruleName, source: sides[0].place, destination: sides[1].place)
        rule.filter = filter
        rule.deletes = deletes
        rule.copying.partSizeBytes = partSizeBytes
        rule.copying.full = isFull
        return rule
    }

    static func title(_ sides: [Preflight.Side]) -> String { "  " + label(sides) }

    static func label(_ sides: [Preflight.Side]) -> String {
        func name(_ side: Preflight.Side) -> String {
            "\(side.place.client.connection.name)/\(side.place.bucket)"
                + (side.place.prefix.isEmpty ? "" : "/\(side.place.prefix)")
        }
        return "\(name(sides[0])) → \(name(sides[1]))"
    }

    static func refuseOverlap(
        _ sides: [Preflight.Side], _ source: String, _ destination: String
    ) throws(CommandFailure) {
        guard let problem = Preflight.overlap(sides[0].place, sides[1].place) else { return }
        throw CommandFailure(
            .usage, "\(problem): \(source) and \(destination)",
            advice: "Name another bucket, or folders of which neither is in the other.")
    }

    /// - Throws: ``CommandFailure`` with the status `storeRefused`.
    static func check(
        _ sides: [Preflight.Side], _ compose: Compose, isQuiet: Bool
    ) async throws -> (latency: Duration, usage: [InvocationUsage.Line]) {
        let meter = UsageMeter()
        let metered = sides.map { side in
            var side = side
            side.client = side.client.metered(by: meter)
            return side
        }
        let names = Set(sides.map(\.place.client.connection.name)).sorted()
        do {
            let answer = try await compose.terminal.saying(
                isQuiet ? nil : "  waiting for \(names.joined(separator: " and ")) to answer",
                after: ProgressRenderer.longestSilence
            ) { try await Preflight.check(metered) }
            return (answer.latency, lines(meter))
        } catch let error as S3Error where !Task.isCancelled {
            throw await compose.explain(StoreFailure(error), sides)
        } catch {
            throw CommandFailure(.interrupted, "interrupted before any work")
        }
    }

    static func journal(_ state: StateFolder) throws(CommandFailure) -> UploadJournal {
        do {
            return try UploadJournal(directory: state.uploads)
        } catch {
            throw CommandFailure(
                .usage, "\(error)", advice: "Name another state folder with --state.")
        }
    }

    /// What the planned work would cost: its requests, and for each object an invocation that takes as long as its turns and
    /// its bytes.
    private static func statement(
        _ estimate: TransferEstimate, _ compose: Compose, _ sides: [Preflight.Side],
        earlier: MonthToDate = MonthToDate()
    ) -> Statement {
        var tally = InvocationTally(
            function: ReplicateFunction.name, memoryMB: Compose.replicateMemoryMB)
        tally.invocations = estimate.objects
        tally.billedMilliseconds = estimate.billedMilliseconds(compose.card)
        return Statement(
            run: "", card: compose.card, tallies: [tally], usage: estimate.usage,
            prices: compose.prices(sides), earlier: earlier)
    }

    static func lines(_ meter: UsageMeter) -> [InvocationUsage.Line] {
        meter.lines.map { InvocationUsage.Line($0) }
    }

    /// Prints the result, then what went wrong; ends with the exit status.
    static func present(
        _ report: TransferReport, _ log: LineLog?, _ sides: [Preflight.Side], _ compose: Compose,
        _ run: TransferRun
    ) async throws {
        if run.isJSON {
            StandardStreams.output(report.json(failureList: log?.path).text)
        } else if !run.isQuiet {
            StandardStreams.output(report.text)
        }
        let result = report.result
        if result.failed > 0, !report.isRefusedThroughout {
            StandardStreams.error(
                FailureReport.text(
                    result.failures, total: result.failed,
                    objects: result.failed + result.copied + result.updated + result.deleted
                        + result.unchanged, list: log?.path))
        }
        switch result.ending {
        case .completed where report.isRefusedThroughout:
            var refused = await compose.explain(result.failures[0].store!, sides)
            if let log { refused.advice.append("All of them: \(log.path)") }
            throw refused
        case .completed:
            if let stopped = report.guardFailure ?? report.budget?.plannedFailure { throw stopped }
        case .overBudget(let message):
            throw report.budget?.failure(result) ?? CommandFailure(.guardStopped, message)
        case .cancelled:
            throw CommandFailure(
                .interrupted, "interrupted after \(Quantity.duration(report.elapsed))",
                advice: "The same command goes on from there: what is copied is not copied again.")
        case .storeFailed(let failure):
            throw await compose.explain(failure, sides)
        case .failed(let message):
            throw CommandFailure(.usage, message)
        }
        if report.status != .done { throw report.status }
    }
}
