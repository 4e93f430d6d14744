import GRDB
import Glibc
import Lambda
import TestSupport
import Testing

@testable import Runtime

@Suite struct LedgerTests {
    /// A state file of one test's own.
    private static func withDatabase(
        _ body: (StateDatabase) async throws -> Void
    ) async throws {
        let folder = "/tmp/brigade-ledger-\(getpid())-\(UInt64.random(in: 0...(.max)))"
        #expect(mkdir(folder, 0o700) == 0)
        defer {
            for end in ["", "-wal", "-shm"] { unlink("\(folder)/state.sqlite\(end)") }
            rmdir(folder)
        }
        let database = try StateDatabase(path: "\(folder)/state.sqlite")
        try await body(database)
        try database.close()
    }

    private static let november = CalendarDay.number(year: 2026, month: 11, day: 1)

    private static func entry(_ random: inout SeededRandom, runs: [String]) -> LedgerEntry {
        let run = Int(random.next() % UInt64(runs.count + 1))
        let start = (november + Int64(random.next() % 60)) * 86_400_000_000
        return LedgerEntry(
            requestID: RequestID.make(random.next(), random.next()),
            run: run < runs.count ? runs[run] : TraceID.makeRoot(),
            functionName: "f\(random.next() % 3)", startMicroseconds: start,
            durationNanoseconds: Int64(random.next() % 3_000_000_000_000),
            initNanoseconds: Int64(random.next() % 900_000_000),
            memoryMB: 128 * Int(random.next() % 3 + 1),
            status: random.next() % 9 == 0 ? .error : .success,
            usage: [
                InvocationUsage.Line(
                    connection: ["aws", "minio"][Int(random.next() % 2)], requestClass: "GET",
                    requests: Int(random.next() % 5_000),
                    bytesIn: Int64(random.next() % 90_000_000_000), bytesOut: 7)
            ])
    }

    private static let odd = try? RateCard(
        json: Array(
            """
            {"name": "odd", "lambda": {"roundingMilliseconds": 7, "billsInit": true,
             "perMillionRequests": "0.37", "freeRequestsPerMonth": 100,
             "perGBSecond": [{"upToGBSeconds": 50000, "price": "0.000017"}, {"price": "0.0000111"}]}}
            """.utf8))

    /// Every row's numbers, and that bills of the parts add up to the bill of the whole, on every card.
    @Test(arguments: 0..<3 as Range<UInt64>)
    func partsAddUpToTheWhole(_ seed: UInt64) async throws {
        try await Self.withDatabase { database in
            var random = SeededRandom(seed: seed)
            let runs = (0..<5).map { _ in TraceID.makeRoot() }
            for (index, run) in runs.enumerated() {
                try await database.write {
                    try Ledger.beginRun(
                        run, command: "copy", label: "a → b",
                        startMicroseconds: (Self.november + Int64(index * 9)) * 86_400_000_000 + 5,
                        in: $0)
                }
            }
            var entries: [LedgerEntry] = []
            for _ in 0..<9 {
                let batch = (0..<20).map { _ in Self.entry(&random, runs: runs) }
                entries += batch
                try await database.write {
                    try Ledger.append(batch, prices: ["aws": "s3-standard"], in: $0)
                }
            }
            let all = entries
            let cards = RateCard.all + [try #require(Self.odd)]
            for card in cards {
                let days = Self.november...(Self.november + 70)
                try await database.read { database in
                    let reader = LedgerReader(card: card)
                    let whole = try Bill.of(days: days, reader, card: card, in: database)
                    let billed = all.reduce(Int64(0)) {
                        $0
                            + card.billedMilliseconds(
                                duration: .nanoseconds($1.durationNanoseconds),
                                initDuration: .nanoseconds($1.initNanoseconds))
                    }
                    let statement = whole.statement("all")
                    #expect(statement.invocations == all.count)
                    #expect(
                        statement.functions.reduce(0) { $0 + $1.tally.billedMilliseconds }
                            == billed)
                    #expect(statement.total == whole.total)
                    #expect(whole.lines.reduce(.zero) { $0 + $1.total } == whole.total)

                    // Each run alone, what belongs to no run, and each day alone.
                    var ofRuns = whole.lines.filter { $0.piece.run == nil }
                        .reduce(Money.zero) { $0 + $1.total }
                    for run in try LedgerReader.lastRuns(9, in: database) {
                        ofRuns += try Bill.of(run, reader, card: card, in: database).total
                    }
                    #expect(ofRuns == whole.total)
                    let ofDays = try days.reduce(Money.zero) {
                        $0 + (try Bill.of(days: $1...$1, reader, card: card, in: database).total)
                    }
                    #expect(ofDays == whole.total)
                }
            }
        }
    }

    @Test func aRunUsesWhatEarlierOnesHaveLeft() async throws {
        try await Self.withDatabase { database in
            let runs = [TraceID.makeRoot(), TraceID.makeRoot()]
            try await database.write { database in
                for (index, run) in runs.enumerated() {
                    let start = Self.november * 86_400_000_000 + Int64(index)
                    try Ledger.beginRun(
                        run, command: "copy", label: "", startMicroseconds: start, in: database)
                    let entry = LedgerEntry(
                        requestID: "x", run: run, functionName: "f", startMicroseconds: start,
                        durationNanoseconds: 1, memoryMB: 128, status: .success)
                    try Ledger.append([LedgerEntry](repeating: entry, count: 60), in: database)
                }
            }
            let card = try #require(Self.odd)
            for (run, free) in zip(runs, [60 as Int64, 40]) {
                let found = try await BillSelection(run: run, days: nil).bills(
                    [card], on: database, prices: { _ in .free })
                #expect(found.bills[0].statement("").freeRequests == free)
            }
        }
    }

    @Test func theWriterLosesNothing() async throws {
        try await Self.withDatabase { database in
            let writer = LedgerWriter(run: TraceID.makeRoot(), database: database)
            try await writer.begin(command: "sync", label: "a → b")
            await withTaskGroup(of: Void.self) { group in
                for task in 0..<4 {
                    group.addTask {
                        for number in 0..<5000 {
                            await writer.room()
                            writer.record(
                                LedgerEntry(
                                    requestID: "\(task)-\(number)", run: writer.run,
                                    functionName: "f", startMicroseconds: LedgerWriter.now(),
                                    durationNanoseconds: 1, memoryMB: 128, status: .success))
                        }
                    }
                }
            }
            let end = await writer.finish()
            #expect(end.lost == 0)
            #expect(end.failure == nil)
            let rows = try await database.read {
                try Int.fetchOne(
                    $0, sql: "SELECT count(*) FROM ledger_invocations WHERE run_id = 1")
            }
            #expect(rows == 20_000)
            let found = try await BillSelection(run: nil, days: nil).bills(
                [.notes], on: database, prices: { _ in .free })
            #expect(found.run?.run == writer.run)
            #expect(found.run?.endMicroseconds != nil)
            #expect(found.bills[0].statement("").invocations == 20_000)
        }
    }

    @Test func anUnknownRunNamesTheLast() async throws {
        try await Self.withDatabase { database in
            await #expect(throws: BillSelection.Failure.self) {
                try await BillSelection(run: nil, days: nil).bills(
                    [.notes], on: database, prices: { _ in .free })
            }
        }
    }

    @Test(arguments: ["2024-02-29", "1970-01-01", "2000-12-31", "2026-11-25"])
    func daysAreCountedAsPeopleDo(_ text: String) throws {
        let day = try #require(CalendarDay.parse(text))
        #expect(CalendarDay.text(day) == text)
        #expect(CalendarDay.parse("2026-02-29") == nil)
        #expect(CalendarDay.text(CalendarDay.firstOfMonth(day)).hasSuffix("-01"))
        #expect(CalendarDay.text(CalendarDay.firstOfNextMonth(day)).hasSuffix("-01"))
    }

    @Test(arguments: [
        "", "{}", #"{"name": "x", "lamda": {}}"#,
        #"{"name":"x","lambda":{"roundingMilliseconds":1,"billsInit":true,"perMillionRequests":0.2,"perGBSecond":[{"price":"1"}]}}"#,
        #"{"name":"x","lambda":{"roundingMilliseconds":1,"billsInit":true,"perMillionRequests":"0.0000001","perGBSecond":[{"price":"1"}]}}"#,
        #"{"name":"x","lambda":{"roundingMilliseconds":1,"billsInit":true,"perMillionRequests":"1","perGBSecond":[]}}"#,
    ])
    func refusesWhatIsNoCard(_ json: String) {
        #expect(throws: RateCardError.self) { try RateCard(json: Array(json.utf8)) }
    }
}
