import GRDB
import Lambda

/// Priced pieces of the ledger. Exact: bills of runs add up to the bill of their month, to the picodollar.
public struct Bill: Sendable {
    public struct Line: Sendable, Equatable {
        public var piece: LedgerPiece
        /// Nil: requests beside the invocations.
        public var function: Statement.FunctionLine?
        /// As in ``LedgerPiece/usage``.
        public var requests: [Statement.RequestLine]

        public var total: Money {
            requests.reduce((function?.requestCost ?? .zero) + (function?.computeCost ?? .zero)) {
                $0 + $1.cost + $1.transferCost
            }
        }
    }

    public var card: RateCard
    /// In order of time.
    public var lines: [Line]

    public var total: Money { lines.reduce(.zero) { $0 + $1.total } }

    /// Prices all pieces in their order, and keeps those that are asked for.
    ///
    /// - Parameter pieces: as ``LedgerReader/pieces(days:in:)`` gives them, from the first day of a month.
    public init(
        _ pieces: [LedgerPiece], card: RateCard, where isAskedFor: (LedgerPiece) -> Bool
    ) {
        self.card = card
        var month = MonthToDate()
        var monthStart: Int64?
        lines = []
        for piece in pieces {
            let start = CalendarDay.firstOfMonth(piece.day)
            if start != monthStart {
                monthStart = start
                month = MonthToDate()
            }
            var function: Statement.FunctionLine?
            if piece.tally.invocations > 0 {
                function = Statement.price(piece.tally, card, &month)
            }
            let requests = piece.usage.map {
                Statement.price($0.line, $0.prices, card, &month)
            }
            if isAskedFor(piece) {
                lines.append(Line(piece: piece, function: function, requests: requests))
            }
        }
    }

    /// One run's bill; what the month had used before it counts.
    public static func of(
        _ run: LedgerRun, _ reader: LedgerReader, card: RateCard, in database: Database
    ) throws -> Bill {
        guard let days = try LedgerReader.days(of: run, in: database) else {
            return Bill([], card: card) { _ in false }
        }
        let first = CalendarDay.firstOfMonth(days.lowerBound)
        let pieces = try reader.pieces(days: first...days.upperBound, in: database)
        return Bill(pieces, card: card) { $0.run?.id == run.id }
    }

    /// The bill of whole days.
    public static func of(
        days: ClosedRange<Int64>, _ reader: LedgerReader, card: RateCard, in database: Database
    ) throws -> Bill {
        let first = CalendarDay.firstOfMonth(days.lowerBound)
        let pieces = try reader.pieces(days: first...days.upperBound, in: database)
        return Bill(pieces, card: card) { days.contains($0.day) }
    }

    /// Added up by function and by connection, in the order in which they first appear.
    public func statement(_ name: String) -> Statement {
        var functions: [Statement.FunctionLine] = []
        var requests: [Statement.RequestLine] = []
        for line in lines {
            if let function = line.function {
                let index = functions.firstIndex {
                    $0.tally.function == function.tally.function
                        && $0.tally.memoryMB == function.tally.memoryMB
                }
                if let index {
                    functions[index].add(function)
                } else {
                    functions.append(function)
                }
            }
            for request in line.requests {
                let index = requests.firstIndex { $0.usage.isSameAccount(as: request.usage) }
                if let index {
                    requests[index].usage.add(request.usage)
                    requests[index].cost += request.cost
                    requests[index].transferCost += request.transferCost
                } else {
                    requests.append(request)
                }
            }
        }
        return Statement(run: name, card: card, functions: functions, requests: requests)
    }
}

extension Statement.FunctionLine {
    mutating func add(_ other: Self) {
        tally.add(other.tally)
        freeRequests += other.freeRequests
        requestCost += other.requestCost
        computeCost += other.computeCost
    }
}

extension InvocationTally {
    mutating func add(_ other: InvocationTally) {
        invocations += other.invocations
        errors += other.errors
        billedMilliseconds += other.billedMilliseconds
        durationNanoseconds += other.durationNanoseconds
        for index in buckets.indices { buckets[index] += other.buckets[index] }
    }
}
