import GRDB
import Lambda
import Logging
import Transport

/// Keeps what the runtime invokes within a month's budget, with what runs beside it spend. Thread-safe.
///
/// An invocation begins when the month's cost, with it and with all that run taken for as long as their timeouts, stays within the
/// budget: so their time never exceeds it. Requests that functions make at stores count when the function has ended.
public final class RuntimeBudget: Sendable {
    /// Of an invocation that has begun, or what one would take.
    struct Reservation: Sendable, Equatable {
        var work: Budget.Work
    }

    private struct State {
        var month: Int64
        /// Of the runtime, before it was started.
        var earlier = Budget.Work()
        /// Of runs beside it, as read last.
        var others = Budget.Work()
        var done = Budget.Work()
        var reserved = Budget.Work()
        /// It has been said that there is no room.
        var isSaid = false
    }

    /// How often others' spending is read again.
    static let pause = Duration.seconds(10)

    public let amount: Money
    private let card: RateCard
    private let prices: @Sendable (String) -> StorePrices
    private let database: StateDatabase
    private let logger: Logger
    private let clock: @Sendable () -> Int64
    private let state: Locked<State>

    /// - Parameters:
    ///   - prices: of a connection of which the ledger does not say it.
    ///   - clock: Unix microseconds.
    /// - Throws: what the database throws.
    public init(
        month amount: Money, card: RateCard, prices: @escaping @Sendable (String) -> StorePrices,
        database: StateDatabase, logger: Logger,
        clock: @escaping @Sendable () -> Int64 = LedgerWriter.now
    ) async throws {
        self.amount = amount
        self.card = card
        self.prices = prices
        self.database = database
        self.logger = logger
        self.clock = clock
        let month = Self.month(clock())
        var initial = State(month: month)
        (initial.earlier, initial.others) = try await Self.read(month, card, prices, database)
        state = Locked(initial)
    }

    private static func month(_ microseconds: Int64) -> Int64 {
        CalendarDay.firstOfMonth(CalendarDay.day(ofMicroseconds: microseconds))
    }

    private static func read(
        _ month: Int64, _ card: RateCard, _ prices: @escaping @Sendable (String) -> StorePrices,
        _ database: StateDatabase
    ) async throws -> (runtime: Budget.Work, runs: Budget.Work) {
        let days = month...CalendarDay.firstOfNextMonth(month) - 1
        return try await database.read { database in
            let pieces = try LedgerReader(card: card, prices: prices)
                .pieces(days: days, in: database)
            return (
                Budget.Work(pieces.filter { $0.run == nil }, card),
                Budget.Work(pieces.filter { $0.run != nil }, card)
            )
        }
    }

    /// Room for an invocation until its timeout.
    ///
    /// - Throws: ``LambdaServiceError``: `.tooManyRequests` with the reason `budget`.
    func begin(memoryMB: Int, timeoutSeconds: Int) throws(LambdaServiceError) -> Reservation {
        // The time to its end by force is beyond the timeout: one step at most, with what the init phase may take.
        let step = card.roundingMilliseconds
        let longest =
            Int64(timeoutSeconds) * 1000 + 2 * step + (card.billsInit ? Self.initMilliseconds : 0)
        let own = Budget.Work(
            invocations: 1, megabyteMilliseconds: Int128(memoryMB) * Int128(longest))
        let month = Self.month(clock())
        let (isAdmitted, isToBeSaid) = state.withLock { state in
            if state.month != month { Self.turn(&state, month) }
            let isAdmitted = fits(state, own)
            let isIdle = state.reserved.invocations == 0
            let isToBeSaid = !isAdmitted && isIdle && !state.isSaid
            if isAdmitted {
                state.reserved = state.reserved + own
                state.isSaid = false
            } else if isIdle {
                state.isSaid = true
            }
            return (isAdmitted, isToBeSaid)
        }
        if isToBeSaid {
            logger.warning(
                "the month's budget leaves no room: synchronous invocations are refused, events wait",
                metadata: [
                    "budget": "\(amount.exact)", "month": "\(CalendarDay.text(month).dropLast(3))",
                ])
        }
        guard isAdmitted else {
            throw LambdaServiceError(
                .tooManyRequests,
                "Rate Exceeded. The budget of \(amount.exact) \(Budget.Scope.month(month)) leaves no"
                    + " room for an invocation of up to \(timeoutSeconds) s.", reason: .budget)
        }
        return Reservation(work: own)
    }

    /// Source: <https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html>
    private static let initMilliseconds: Int64 = 10_000

    private func fits(_ state: State, _ more: Budget.Work) -> Bool {
        let all = state.earlier + state.others + state.done + state.reserved + more
        let budget = Budget(card: card, limits: [.init(.month(state.month), amount: amount)])
        return budget.limit(exceededBy: all) == nil
    }

    /// A new month begins with nothing spent but what is in flight.
    private static func turn(_ state: inout State, _ month: Int64) {
        state.month = month
        state.earlier = Budget.Work()
        state.others = Budget.Work()
        state.done = Budget.Work()
    }

    /// Nothing ran.
    func giveBack(_ reservation: Reservation) {
        state.withLock { $0.reserved = $0.reserved - reservation.work }
    }

    func end(_ reservation: Reservation, _ entry: LedgerEntry) {
        let billed = RateCard.billedMilliseconds(
            nanoseconds: entry.durationNanoseconds + (card.billsInit ? entry.initNanoseconds : 0),
            step: card.roundingMilliseconds)
        var work = Budget.Work(
            invocations: 1, megabyteMilliseconds: Int128(entry.memoryMB) * Int128(billed))
        for line in entry.usage { work.add(line, prices(line.connection), card) }
        state.withLock { state in
            state.reserved = state.reserved - reservation.work
            state.done = state.done + work
        }
    }

    /// Reads what runs have spent, again and again, until it is cancelled.
    func run() async {
        while !Task.isCancelled {
            // Cancelled at the end.
            try? await Task.sleep(for: Self.pause)
            if Task.isCancelled { return }
            let month = Self.month(clock())
            do {
                let (_, others) = try await Self.read(month, card, prices, database)
                state.withLock { state in
                    if state.month != month { Self.turn(&state, month) }
                    state.others = others
                }
            } catch {
                logger.warning("the ledger cannot be read", metadata: ["error": "\(error)"])
            }
        }
    }
}

extension Budget.Work {
    public static func + (a: Self, b: Self) -> Self {
        Self(
            invocations: a.invocations + b.invocations,
            megabyteMilliseconds: a.megabyteMilliseconds + b.megabyteMilliseconds,
            transferBytes: a.transferBytes + b.transferBytes,
            storeRequests: a.storeRequests + b.storeRequests)
    }

    static func - (a: Self, b: Self) -> Self {
        Self(
            invocations: a.invocations - b.invocations,
            megabyteMilliseconds: a.megabyteMilliseconds - b.megabyteMilliseconds,
            transferBytes: a.transferBytes - b.transferBytes,
            storeRequests: a.storeRequests - b.storeRequests)
    }

    mutating func add(_ line: InvocationUsage.Line, _ prices: StorePrices, _ card: RateCard) {
        guard prices != .free else { return }
        transferBytes += line.bytesIn
        storeRequests += Money(
            picodollars: Int64(line.requests) * card.requests.price(of: line.requestClass))
    }

    init(_ pieces: [LedgerPiece], _ card: RateCard) {
        self.init()
        for piece in pieces {
            invocations += Int64(piece.tally.invocations)
            megabyteMilliseconds +=
                Int128(piece.tally.memoryMB) * Int128(piece.tally.billedMilliseconds)
            for usage in piece.usage { add(usage.line, usage.prices, card) }
        }
    }
}
