import ArgumentParser
import Runtime

/// `brigade bill`
struct BillCommand: ExampledCommand {
    static let example = """
        brigade bill
        brigade bill --month 2026-11 --by connection
        brigade bill --run 1-6743f2a1 --rates aws-us-east-1
        """

    static let configuration = CommandConfiguration(
        commandName: "bill",
        abstract: "What runs have cost, or would have on another rate card.",
        usage: "brigade bill [options]",
        discussion: "Without a run, a month or a day: the last run. Days and months are UTC's.")

    enum Grouping: String, ExpressibleByArgument, CaseIterable {
        case function, rule, connection
    }

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case table, json, csv, focus
    }

    @Option(
        help: .init("One run; its first digits are enough (default: the last).", valueName: "id"))
    var run: String?
    @Option(help: .init("From this day, or 7d for the last seven.", valueName: "day"))
    var since: String?
    @Option(help: .init("Through this day (default: today).", valueName: "day"))
    var until: String?
    @Option(help: .init("One month, as 2026-11.", valueName: "month"))
    var month: String?
    @Option(help: .init("function, rule or connection (default: all).", valueName: "what"))
    var by: Grouping?
    @Option(help: .init("table, json, csv or focus.", valueName: "form"))
    var format = Format.table
    @Option(
        help: .init(
            "Compare with another card: a name or a file.json.", valueName: "card"))
    var rates: String?
    @Option(help: .init("Configuration (default: ./brigade.yaml if there).", valueName: "file"))
    var config: String?
    @Option(help: .init("Records of runs (default: ~/.local/state/brigade).", valueName: "dir"))
    var state: String?

    func validate() throws {
        guard [run != nil, month != nil, since != nil || until != nil].filter({ $0 }).count <= 1
        else {
            throw ValidationError("--run, --month and --since/--until exclude each other.")
        }
    }

    mutating func run() async throws {
        let environment = Compose.processEnvironment
        let file = try ConfigurationFile.load(config)
        let book = ConnectionBook(environment: environment, file: file)
        let folder = StateFolder(option: state, environment: environment)
        let base = try RateCardFile.card(file?.rates)
        let other = try rates.map { name throws(CommandFailure) in try RateCardFile.card(name) }
        let database = try RunLedger.open(folder)
        let today = CalendarDay.day(ofMicroseconds: LedgerWriter.now())
        let period = try Period.parse(since: since, until: until, month: month, today: today)
        let found: (run: LedgerRun?, bills: [Bill])
        let budget: BudgetReport.Line?
        do {
            budget = try await Self.budget(
                file?.budget.month, day: min(today, period?.days.upperBound ?? today), base,
                prices: { book.configuredPrices($0) ?? .free }, database)
            found = try await BillSelection(run: run, days: period?.days).bills(
                [base] + (other.map { [$0] } ?? []), on: database,
                prices: { book.configuredPrices($0) ?? .free })
        } catch let failure as BillSelection.Failure {
            throw Self.words(failure, run ?? "", folder)
        } catch {
            throw RunLedger.failure(error, database.path)
        }
        let report = BillDocument(
            title: found.run.map { "Run \($0.run)" } ?? period?.title ?? "", bill: found.bills[0],
            compared: found.bills.count > 1 ? found.bills[1] : nil, grouping: by,
            budget: budget)
        switch format {
        case .table: StandardStreams.output(report.table)
        case .json: StandardStreams.output(report.json.text)
        case .csv: StandardStreams.output(report.csv)
        case .focus:
            StandardStreams.output(FocusExport.csv(report.compared ?? report.bill))
        }
    }

    /// What is left in the month of a day.
    private static func budget(
        _ amount: Money?, day: Int64, _ card: RateCard,
        prices: @escaping @Sendable (String) -> StorePrices, _ database: StateDatabase
    ) async throws -> BudgetReport.Line? {
        guard let amount else { return nil }
        let budget = try await Budget.read(
            BudgetAmounts(month: amount), run: nil, rule: nil,
            startMicroseconds: day * 86_400_000_000, card: card, prices: prices, from: database)
        return budget.limits.first.map {
            BudgetReport.Line(scope: $0.scope, amount: $0.amount, spent: $0.spent)
        }
    }

    private static func words(
        _ failure: BillSelection.Failure, _ run: String, _ state: StateFolder
    ) -> CommandFailure {
        func lines(_ runs: [LedgerRun]) -> [String] {
            runs.map { found in
                let day = CalendarDay.text(CalendarDay.day(ofMicroseconds: found.startMicroseconds))
                return "\(found.run)  \(day)  \(found.command)  \(found.label)"
            }
        }
        switch failure {
        case .noRuns:
            return CommandFailure(
                .usage, "there are no runs in \(state.database)",
                advice: "Runs of copy, sync and verify are recorded there; see --state.")
        case .unknownRun(let last):
            return CommandFailure(
                .usage, "there is no run \(run) in \(state.database)",
                advice: ["The last ones:"] + lines(last))
        case .ambiguous(let runs):
            return CommandFailure(
                .usage, "several runs begin with \(run)", advice: lines(runs))
        }
    }
}

/// Whole days, UTC.
struct Period: Sendable, Equatable {
    var days: ClosedRange<Int64>
    var title: String

    /// - Throws: ``CommandFailure`` with the status `usage`. Nil: nothing was asked for.
    static func parse(
        since: String?, until: String?, month: String?, today: Int64
    ) throws(CommandFailure) -> Period? {
        if let month {
            guard let first = CalendarDay.parse(month + "-01") else {
                throw CommandFailure(.usage, "\"\(month)\" is no month; write it as 2026-11")
            }
            return Period(
                days: first...CalendarDay.firstOfNextMonth(first) - 1, title: "Month \(month)")
        }
        guard since != nil || until != nil else { return nil }
        let first = try since.map { text throws(CommandFailure) in try day(text, today) } ?? 0
        let last = try until.map { text throws(CommandFailure) in try day(text, today) } ?? today
        guard first <= last else {
            throw CommandFailure(
                .usage,
                "--since \(since ?? "") comes after --until \(until ?? CalendarDay.text(today))")
        }
        let title =
            (first == 0 ? "Until " : "\(CalendarDay.text(first)) to ") + CalendarDay.text(last)
        return Period(days: first...last, title: title)
    }

    private static func day(_ text: String, _ today: Int64) throws(CommandFailure) -> Int64 {
        if let day = CalendarDay.parse(text) { return day }
        if let span = TimeSpan(argument: text) {
            let days = (span.duration.components.seconds + 86_399) / 86_400
            return max(0, today - max(0, days - 1))
        }
        throw CommandFailure(
            .usage, "\"\(text)\" is neither a day (2026-11-25) nor a span of time (7d)")
    }
}
