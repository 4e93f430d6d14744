/// What may be spent, and what a run's work costs of it. Pure, and exact to the picodollar: the same prices, free allowances and
/// tiers as the bill's.
public struct Budget: Sendable, Equatable {
    public enum Scope: Sendable, Hashable {
        /// One run.
        case run
        /// Everything in the calendar month (UTC) that begins with this day, all runs and the runtime together.
        case month(Int64)
        /// One rule's work in the month.
        case rule(String)
    }

    /// An amount that must not be exceeded.
    public struct Limit: Sendable, Equatable {
        public var scope: Scope
        public var amount: Money
        /// What others have spent of it.
        public var spent: Money
        /// What the month's free allowances and tiers had seen before the work that is priced.
        public var earlier: MonthToDate

        public init(
            _ scope: Scope, amount: Money, spent: Money = .zero,
            earlier: MonthToDate = MonthToDate()
        ) {
            self.scope = scope
            self.amount = amount
            self.spent = spent
            self.earlier = earlier
        }

        public var isSpent: Bool { spent >= amount && amount > .zero || spent > amount }
    }

    /// Work as a bill counts it, before any price but the stores'.
    public struct Work: Sendable, Equatable {
        public var invocations: Int64
        /// Billed.
        public var megabyteMilliseconds: Int128
        /// Out of stores that charge for them.
        public var transferBytes: Int64
        /// What requests at stores cost: they have no free ones and no tiers.
        public var storeRequests: Money

        public init(
            invocations: Int64 = 0, megabyteMilliseconds: Int128 = 0, transferBytes: Int64 = 0,
            storeRequests: Money = .zero
        ) {
            self.invocations = invocations
            self.megabyteMilliseconds = megabyteMilliseconds
            self.transferBytes = transferBytes
            self.storeRequests = storeRequests
        }

        /// What a statement adds up.
        public init(_ statement: Statement) {
            self.init()
            for line in statement.functions {
                invocations += Int64(line.tally.invocations)
                megabyteMilliseconds +=
                    Int128(line.tally.memoryMB) * Int128(line.tally.billedMilliseconds)
            }
            for line in statement.requests where line.isCharged {
                transferBytes += line.usage.bytesIn
                storeRequests += line.cost
            }
        }
    }

    public var card: RateCard
    public var limits: [Limit]

    public init(card: RateCard, limits: [Limit]) {
        self.card = card
        self.limits = limits
    }

    /// What counts against a limit when this work is done.
    public func spent(of limit: Limit, with work: Work) -> Money {
        limit.spent + work.storeRequests
            + (limit.earlier.with(work).cost(on: card) - limit.earlier.cost(on: card))
    }

    /// The first limit that this work would exceed.
    public func limit(exceededBy work: Work) -> Limit? {
        limits.first { spent(of: $0, with: work) > $0.amount }
    }
}

extension MonthToDate {
    func with(_ work: Budget.Work) -> MonthToDate {
        MonthToDate(
            requests: requests + work.invocations,
            megabyteMilliseconds: megabyteMilliseconds + work.megabyteMilliseconds,
            transferBytes: transferBytes + Int128(work.transferBytes))
    }
}
